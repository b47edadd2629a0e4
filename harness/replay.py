"""A recorded episode, moment by moment: played again from its seed and actions, every hash compared.

Frames are not stored; this is how they come back. Where a task is not deterministic there is nothing to
play again, and what was recorded stands in for it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from games.api import Observation, Progress, Section, Stability, UnknownAction
from harness import plugins
from harness.errors import InputError
from harness.records import (
    Episode,
    Header,
    ObservationRecord,
    ProgressRecord,
    SectionRecord,
    Start,
    StepRecord,
    TurnRecord,
)
from harness.world import Frame, World

_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNKNOWN = ObservationRecord(
    sections=(SectionRecord(name="observation", text="(not recorded)", stability=str(Stability.VOLATILE)),)
)


@dataclass(frozen=True, slots=True)
class Moment:
    """Where an episode stood, and what was done next.

    `turn` is None at the end, where nothing was done any more. `number` says which of the turn's steps is
    next, counted from 0; a turn that moved nothing is one moment without a step.
    """

    frame: Frame
    turn: TurnRecord | None = None
    number: int = 0

    @property
    def step(self) -> StepRecord | None:
        """The step that was taken here, None where there was none."""
        return self.turn.steps[self.number] if self.turn is not None and self.turn.steps else None


def moments(episode: Episode, *, observe: str) -> Generator[Moment]:
    """Every moment of an episode in order, as far as it was played; one at a time is in memory.

    A deterministic task is played again, with `observe` (``text``, ``image``, ``both``) as in `World`. Of
    another one the recorded observations are given, and the pictures that the run kept.

    Raises:
        InputError: nothing was played; or the game no longer gives what was recorded, or no longer takes it.
    """
    again = episode.header.deterministic
    return played_again(episode, observe=observe) if again else _as_recorded(episode)


def played_again(episode: Episode, *, observe: str) -> Generator[Moment]:
    """The moments of an episode, executed again.

    Raises:
        InputError: as for `moments`; the line names the turn.
    """
    start = _start(episode)
    asks_oracle = _asks_oracle(episode.header)
    world = World(episode.header.task, observe=observe)
    try:
        _, frame = world.reset(episode.header.seed)
        _same(episode, start.hash, frame, "at the start")
        for turn in episode.turns:
            if not turn.steps:
                yield Moment(frame, turn)
            for number, step in enumerate(turn.steps):
                yield Moment(frame, turn, number)
                if asks_oracle:  # it may draw from the generators that the game draws from
                    world.oracle()
                frame = _stepped(episode, world, turn, step)
        yield Moment(frame)
    finally:
        world.close()


def _start(episode: Episode) -> Start:
    if episode.start is None:
        raise InputError(f"{episode.path}: nothing was played in this episode")
    return episode.start


def _stepped(episode: Episode, world: World, turn: TurnRecord, step: StepRecord) -> Frame:
    try:
        frame = world.step(step.action)
    except UnknownAction as error:
        where = f"{episode.path}, turn {turn.index}"
        raise InputError(f"{where}: the game no longer takes what was recorded: {error}") from None
    _same(episode, step.hash, frame, f"in turn {turn.index}")
    return frame


def _same(episode: Episode, recorded: str, frame: Frame, where: str) -> None:
    if frame.hash != recorded:
        fault = "the game no longer gives what was recorded (another version?)"
        raise InputError(f"{episode.path}: {fault}, {where}")


def _asks_oracle(header: Header) -> bool:
    """Whether the agent asked the game's oracle; of an agent that is no longer installed we cannot know."""
    name = header.agent.partition("(")[0]
    known = name in plugins.names("agents")
    return known and bool(getattr(plugins.load("agents", name), "needs_oracle", False))


# ------------------------------------------------------------------------------- not deterministic


def _as_recorded(episode: Episode) -> Generator[Moment]:
    """What was recorded. Between the steps of one turn nothing was, so the last observation stays."""
    start, kept = _start(episode), _pictures(episode.path)
    frame = Frame(_observation(start.observation, kept), start.hash, _progress(start.progress))
    for turn in episode.turns:
        if not turn.steps:
            yield Moment(frame, turn)
        for number, step in enumerate(turn.steps):
            yield Moment(frame, turn, number)
            frame = replace(frame, hash=step.hash, progress=_progress(step.progress))
        if turn.steps:
            frame = replace(frame, observation=_observation(turn.observation or _UNKNOWN, kept))
    if episode.end is not None:
        frame = replace(frame, observation=_observation(episode.end.observation, kept))
    yield Moment(frame)


def _progress(record: ProgressRecord) -> Progress:
    return Progress(record.value, record.parts)


def _observation(record: ObservationRecord, kept: Path | None) -> Observation:
    sections = tuple(Section(s.name, s.text, _stability(s.stability)) for s in record.sections)
    return Observation(sections, _picture(record.image, kept))


def _stability(text: str) -> Stability:
    return Stability(text) if text in set(Stability) else Stability.VOLATILE


def _pictures(path: Path | None) -> Path | None:
    """The folder of the run's pictures: ``RUN/pictures``, beside ``RUN/episodes``."""
    above = path.absolute().parents if path is not None else ()
    return next((folder.parent / "pictures" for folder in above if folder.name == "episodes"), None)


def _picture(sha256: str | None, kept: Path | None) -> NDArray[np.uint8] | None:
    """The picture with this hash, H × W × 3; None where it was not kept, or is another one."""
    from PIL import Image

    if sha256 is None or kept is None or not _SHA256.fullmatch(sha256):
        return None
    file = kept / sha256[:2] / f"{sha256}.png"
    try:
        if hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            return None
        with Image.open(file) as picture:
            return np.asarray(picture.convert("RGB"), dtype=np.uint8)
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
