"""What verifying finds: differences, what was checked of each episode, and the report of a run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SHOWN = 72
"""Characters of a value that a line shows."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not what it should be.

    `where` is a part of the file (``header``, ``turn 3, step 0``, ``end``) and `turn` the number of the
    turn in it; `what` names the field, or says what is wrong where no two values differ. `recorded` and
    `now` are the two values, as JSON, cut to where they differ.
    """

    where: str
    what: str
    recorded: str = ""
    now: str = ""
    turn: int | None = None

    def __str__(self) -> str:
        told = f"{self.where}: {self.what}"
        return f"{told}: recorded {self.recorded}, now {self.now}" if self.recorded or self.now else told


@dataclass(frozen=True, slots=True)
class Checked:
    """What was checked of one episode.

    `status` is ``done``, ``failed``, ``unfinished``, or ``unreadable``. `executed` says whether its steps
    were executed again. `unchecked` is why something could not be checked that has to be; `note` what is
    worth knowing all the same. `more` counts the differences that were found beyond those in `differences`.
    """

    episode: str
    status: str
    turns: int = 0
    steps: int = 0
    executed: bool = False
    differences: tuple[Difference, ...] = ()
    more: int = 0
    unchecked: str = ""
    note: str = ""

    @property
    def sound(self) -> bool:
        """Whether all was checked that has to be, and nothing differs."""
        return not self.differences and not self.unchecked


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in a run folder. `differences` are those of its ``run.json``.

    `missing` are the episodes that ``run.json`` asks for and that have no file.
    """

    run: Path
    episodes: tuple[Checked, ...]
    differences: tuple[Difference, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether everything that is there was checked, and nothing differs."""
        return not self.differences and all(episode.sound for episode in self.episodes)

    @property
    def complete(self) -> bool:
        """Whether all is there that ``run.json`` asks for."""
        return not self.missing and all(episode.status == "done" for episode in self.episodes)


def differing(recorded: Any, now: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The leaves in which two values of JSON differ, by their path; lists and tuples are the same."""
    if isinstance(recorded, Mapping) and isinstance(now, Mapping):
        for key in (*recorded, *(key for key in now if key not in recorded)):
            yield from differing(recorded.get(key), now.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(recorded, list | tuple) and isinstance(now, list | tuple):
        if len(recorded) == len(now):
            for at, pair in enumerate(zip(recorded, now, strict=True)):
                yield from differing(*pair, f"{path}.{at}" if path else str(at))
        else:
            yield path, recorded, now
    elif recorded != now:
        yield path, recorded, now


def difference(where: str, what: str, recorded: Any, now: Any, turn: int | None = None) -> Difference:
    """A difference between two values of JSON."""
    return Difference(where, what, *shown(recorded, now), turn)


def shown(recorded: Any, now: Any) -> tuple[str, str]:
    """Two values as a line shows them: both cut to the place where they begin to differ."""
    if isinstance(recorded, str) and isinstance(now, str):
        same = _common(recorded, now)
        cut = 0 if max(len(recorded), len(now)) <= _SHOWN else max(0, same - _SHOWN // 3)
        return _short(recorded, cut), _short(now, cut)
    return _short(recorded), _short(now)


def _common(one: Sequence[Any], other: Sequence[Any]) -> int:
    """How many leading items two sequences share."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _short(value: Any, cut: int = 0) -> str:
    if cut:
        value = "…" + value[cut:]
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
