"""Recorded play that shows a model how a task is played: made by playing again, kept in a file.

The file is JSONL, one demonstration a line. Its seeds come from a series of their own, so that what is
shown is never what is evaluated.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harness.api import Observation, Section, Stability
from harness.errors import CannotWrite, InputError
from harness.records import Episode, SectionRecord, ThinkingRecord
from harness.replay import played_again
from harness.world import Frame, World, png

SERIES = "demonstrations"
"""The series of seeds of demonstrations that oracles play."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_PNG = b"\x89PNG\r\n\x1a\n"


class Shown(_Strict):
    """One step: what was observed (pictures as PNG in base64), and the action that followed."""

    sections: tuple[SectionRecord, ...] = ()
    png: str | None = None
    action: str

    @model_validator(mode="after")
    def _can_be_shown(self) -> Shown:
        _ = self.observation
        if self.picture is not None and not self.picture.startswith(_PNG):
            raise ValueError("png is not a PNG file in base64")
        return self

    @property
    def observation(self) -> Observation:
        """The words of the observation."""
        return Observation(tuple(Section(s.name, s.text, Stability(s.stability)) for s in self.sections))

    @property
    def picture(self) -> bytes | None:
        """The bytes of the PNG file."""
        return None if self.png is None else base64.b64decode(self.png)


class Demonstration(_Strict):
    """One episode, whole or its beginning."""

    task: str
    series: str
    seed: int
    agent: str
    progress: float
    steps: tuple[Shown, ...] = Field(min_length=1)


def by_oracle(task: str, seed: int, *, observe: str, steps: int) -> Demonstration:
    """The oracle's play of a seed, to its end or for so many steps."""
    world = World(task, observe=observe)
    shown: list[Shown] = []
    try:
        _, frame = world.reset(seed)
        while len(shown) < steps and not frame.over:
            action = world.oracle()
            shown.append(_shown(frame, action))
            frame = world.step(action)
    finally:
        world.close()
    progress = frame.progress.value
    return Demonstration(
        task=task, series=SERIES, seed=seed, agent="oracle", progress=progress, steps=tuple(shown)
    )


def by_record(episode: Episode, *, observe: str, steps: int) -> Demonstration:
    """A recorded episode, executed again.

    Raises:
        InputError: the environment no longer gives what was recorded, or nothing was played.
    """
    if not any(turn.steps for turn in episode.turns):
        raise InputError(f"{episode.path}: nothing was played in this episode")
    shown: list[Shown] = []
    progress = 0.0
    with closing(played_again(episode, observe=observe)) as moments:
        for moment in moments:
            progress = moment.frame.progress.value
            if len(shown) == steps:
                break
            if moment.step is not None and not isinstance(moment.step, ThinkingRecord):
                shown.append(_shown(moment.frame, moment.step.action))
    header = episode.header
    series = header.series or f"{header.suite} {header.suite_version}"
    return Demonstration(
        task=header.task, series=series, seed=header.seed, agent=header.entrant,
        progress=progress, steps=tuple(shown),
    )  # fmt: skip


def _shown(frame: Frame, action: str) -> Shown:
    seen = frame.observation
    picture = None if seen.image is None else base64.b64encode(png(seen.image)).decode()
    sections = tuple(
        SectionRecord(name=s.name, text=_utf8(s.text), stability=str(s.stability)) for s in seen.sections
    )
    return Shown(sections=sections, png=picture, action=action)


def _utf8(text: str) -> str:
    """The text without lone surrogates, as records keep it."""
    return text.encode("utf-8", "replace").decode()


def write(path: Path, demonstrations: Iterable[Demonstration]) -> None:
    """Write a file of demonstrations, whole or not at all.

    Raises:
        InputError: no file can be written there.
    """
    from harness.folder import write_atomic

    text = "".join(each.model_dump_json() + "\n" for each in demonstrations)
    try:
        write_atomic(path, text)
    except CannotWrite as error:
        raise InputError(f"cannot write {str(path)!r}: {error.reason}") from None


def read(path: Path) -> tuple[Demonstration, ...]:
    """The demonstrations of a file.

    Raises:
        InputError: there is no such file, or a line is not one.
    """
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise InputError(
            f"demonstrations {str(path)!r}: {error.strerror}; make them: ludometer demos"
        ) from None


@lru_cache(8)
def _read(path: Path, _changed: int) -> tuple[Demonstration, ...]:
    found = []
    # In bytes: a text may hold what splits lines in Unicode, but never a line feed.
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            found.append(Demonstration.model_validate_json(line))
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, fault["loc"]))
            why = f"{where}: {fault['msg']}" if where else fault["msg"]
            raise InputError(f"{path}, line {number}: not a demonstration ({why})") from None
    return tuple(found)


def suitable(path: Path, task: str, series: str) -> list[Demonstration]:
    """The demonstrations of a task whose seeds are of another series, the best ones first.

    Raises:
        InputError: there are none.
    """
    of_task = [each for each in read(path) if each.task == task]
    if not of_task:
        raise InputError(
            f"demonstrations {str(path)!r}: none of {task}; make some: ludometer demos --task {task}"
        )
    found = [each for each in of_task if each.series != series]
    if not found:
        raise InputError(
            f"demonstrations {str(path)!r}: those of {task} are of the seeds that are evaluated ({series}); "
            "record others with --seeds NAME"
        )
    return sorted(found, key=lambda each: -each.progress)
