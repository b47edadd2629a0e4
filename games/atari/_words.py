"""The objects of a frame in words: a pure function of the raw observation (`games.atari._env`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from games.api import Observation, Section
from games.atari.tables import Thing

Things = Mapping[str, Thing]
"""Objects by their names."""


def describe(raw: Mapping[str, Any], table: Any) -> Observation:
    """The status, and every object with its place and move, by a `games.atari.tables.Table`."""
    now, before = now_and_before(raw, table)
    lines = [_line(thing, before.get(name)) for name, thing in now.items()]
    status = [f"score {raw['score']}", f"lives {raw['lives']}"]
    status += [f"{name} {value}" for name, value in table.status(raw["ram"].tobytes()).items()]
    return Observation(
        (
            Section("status", ", ".join(status)),
            Section("objects", "\n".join(lines) or "none"),
        )
    )


def now_and_before(raw: Mapping[str, Any], table: Any) -> tuple[Things, Things]:
    """The objects by their names, and those of the step before."""
    return _things(table, raw["ram"].tobytes()), _things(table, raw["before"].tobytes())


@lru_cache(maxsize=64)
def _things(table: Any, ram: bytes) -> Things:
    """The objects of a memory: kept, since what is now is what was before in the next step."""
    return {thing.name: thing for thing in table.things(ram)}


def _line(thing: Thing, before: Thing | None) -> str:
    name, x, y, w, h = thing
    where = f"{name}: x {x} to {x + w - 1}, y {y} to {y + h - 1}"
    if before is None or (before[1] == x and before[2] == y):
        return where
    return f"{where}, moved {x - before[1]:+d} {y - before[2]:+d}"
