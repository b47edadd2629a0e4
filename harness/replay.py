"""A recorded episode, moment by moment: played again from its seed and actions, every hash compared.

Frames are not stored; this is how they come back. Where a task is not deterministic there is nothing to
play again, and what was recorded stands in for it.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from games.api import Observation, Stability, UnknownAction
from harness import plugins
from harness.convert import move_of, observation_of, progress_of
from harness.errors import InputError
from harness.pictures import read_picture
from harness.records import (
    Episode,
    Header,
    ObservationRecord,
    SectionRecord,
    Start,
    StepRecord,
    ThinkingRecord,
    TurnRecord,
)
from harness.timing import parse
from harness.world import Frame, World

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
        """What moved the game from here: a step, or what went on while the player thought."""
        return self.turn.moves[self.number] if self.turn is not None and self.turn.moves else None


def moments(episode: Episode, *, observe: str, turns: range | None = None) -> Generator[Moment]:
    """The moments of an episode in order, as far as it was played; one at a time is in memory.

    A deterministic task is played again, with `observe` (``text``, ``image``, ``both``) as in `World`. Of
    another one the recorded observations are given, with the pictures that the run kept.

    Args:
        episode: the episode, read back.
        observe: what of an observation is made.
        turns: only what was seen in these turns is made; the moments before them come without it. It ends
            after them, with the moment after the last turn where they go on to the end.

    Raises:
        InputError: nothing was played; or the game no longer gives what was recorded, or no longer takes it.
    """
    count = len(episode.turns)
    wanted = range(count) if turns is None else turns
    if episode.header.deterministic:
        played = played_again(episode, observe=observe, turns=wanted)
    else:
        played = _as_recorded(episode)
    with closing(played):
        for moment in played:
            if moment.turn is not None and moment.turn.index >= wanted.stop:
                return
            yield moment


def played_again(episode: Episode, *, observe: str, turns: range | None = None) -> Generator[Moment]:
    """The moments of an episode, executed again; those of turns before `turns` come without observations.

    Raises:
        InputError: as for `moments`; the line names the turn.
    """
    start = _start(episode)
    asks_oracle = _asks_oracle(episode.header)
    first = 0 if turns is None else turns.start
    world = World(episode.header.task, observe=observe)

    def looked(frame: Frame, turn: int) -> Frame:
        return frame if turn < first else replace(frame, observation=world.look())

    try:
        frame = world.begin(episode.header.seed, parse(episode.header.time).options())
        _same(episode, start.hash, frame, "at the start")
        for turn in episode.turns:
            if not turn.moves:
                yield Moment(looked(frame, turn.index), turn)
            for number, step in enumerate(turn.moves):
                yield Moment(looked(frame, turn.index), turn, number)
                if asks_oracle and not isinstance(step, ThinkingRecord):  # asking may move its state
                    world.oracle()
                frame = _stepped(episode, world, turn, step)
        yield Moment(looked(frame, len(episode.turns)))
    finally:
        world.close()


def _start(episode: Episode) -> Start:
    if episode.start is None:
        raise InputError(f"{episode.path}: nothing was played in this episode")
    return episode.start


def _stepped(episode: Episode, world: World, turn: TurnRecord, step: StepRecord) -> Frame:
    try:
        frame = world.advance(move_of(step))
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


def _as_recorded(episode: Episode) -> Generator[Moment]:
    """What was recorded. Between the steps of one turn nothing was, so the last observation stays."""
    start, kept = _start(episode), _pictures(episode.path)
    frame = Frame(_recalled(start.observation, kept), start.hash, progress_of(start.progress))
    for turn in episode.turns:
        if not turn.moves:
            yield Moment(frame, turn)
        for number, step in enumerate(turn.moves):
            yield Moment(frame, turn, number)
            frame = replace(frame, hash=step.hash, progress=progress_of(step.progress))
        if turn.moves:
            frame = replace(frame, observation=_recalled(turn.observation or _UNKNOWN, kept))
    if episode.end is not None:
        frame = replace(frame, observation=_recalled(episode.end.observation, kept))
    yield Moment(frame)


def _recalled(record: ObservationRecord, kept: Path | None) -> Observation:
    image = read_picture(kept, record.image) if record.image and kept else None
    return replace(observation_of(record), image=image)


def _pictures(path: Path | None) -> Path | None:
    """The folder of the run's pictures: ``RUN/pictures``, beside ``RUN/episodes``."""
    above = path.absolute().parents if path is not None else ()
    return next((folder.parent / "pictures" for folder in above if folder.name == "episodes"), None)
