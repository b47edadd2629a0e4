"""The objects of a frame in words: a pure function of the raw observation (`games.atari._env`)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from games.api import Observation, Section
from games.atari.tables import Thing


def describe(raw: dict[str, Any], table: Any) -> Observation:
    """The status, and every object with its place and move, by a `games.atari.tables.Table`."""
    ram = raw["ram"].tobytes()
    before = {thing[0]: thing for thing in _things(table, raw["before"].tobytes())}
    lines = [_line(thing, before.get(thing[0])) for thing in _things(table, ram)]
    status = [f"score {raw['score']}", f"lives {raw['lives']}"]
    status += [f"{name} {value}" for name, value in table.status(ram).items()]
    return Observation(
        (
            Section("status", ", ".join(status)),
            Section("objects", "\n".join(lines) or "none"),
        )
    )


@lru_cache(maxsize=64)
def _things(table: Any, ram: bytes) -> Sequence[Thing]:
    """The objects of a memory: kept, since what is now is what was before in the next step."""
    found: Sequence[Thing] = table.things(ram)
    return found


def _line(thing: Thing, before: Thing | None) -> str:
    name, x, y, w, h = thing
    where = f"{name}: x {x} to {x + w - 1}, y {y} to {y + h - 1}"
    if before is None or (before[1] == x and before[2] == y):
        return where
    return f"{where}, moved {x - before[1]:+d} {y - before[2]:+d}"
