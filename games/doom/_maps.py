"""The map of a level, read from a WAD in Doom's own format.

The layout of the lumps and the numbers of things, line and sector types: "The Unofficial Doom Specs" 1.666 by
Matthew Fell, https://www.gamers.org/dhs/helpdocs/dmsp1666.html, chapters 4-2 to 4-9.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LINE = np.dtype([(name, "<u2") for name in ("v1", "v2", "flags", "type", "tag", "right", "left")])
_SIDE = np.dtype([("offset", "<i2", 2), ("textures", "S24"), ("sector", "<u2")])
_SECTOR = np.dtype(
    [
        ("floor", "<i2"),
        ("ceiling", "<i2"),
        ("flats", "S16"),
        ("light", "<u2"),
        ("type", "<u2"),
        ("tag", "<u2"),
    ]
)
_THING = np.dtype([("x", "<i2"), ("y", "<i2"), ("angle", "<u2"), ("type", "<u2"), ("flags", "<u2")])
_LUMPS = {"THINGS": _THING, "LINEDEFS": _LINE, "SIDEDEFS": _SIDE, "SECTORS": _SECTOR}
NONE = 0xFFFF
"""A line's left side where there is none."""


@dataclass(frozen=True)
class Level:
    """The lumps of a map as arrays with named fields; `vertexes` are rows of x and y."""

    things: NDArray[Any]
    lines: NDArray[Any]
    sides: NDArray[Any]
    sectors: NDArray[Any]
    vertexes: NDArray[np.float64]


def read_level(wad: Path, name: str) -> Level:
    """A level of a WAD.

    Raises:
        ValueError: there is no such level in it, or not in Doom's format.
    """
    data = wad.read_bytes()
    count, at = struct.unpack_from("<ii", data, 4)
    entries = [struct.unpack_from("<ii8s", data, at + 16 * number) for number in range(count)]
    names = [entry[2].rstrip(b"\0").decode("latin-1").upper() for entry in entries]
    if name.upper() not in names:
        raise ValueError(f"{wad.name} has no level {name}")
    first = names.index(name.upper()) + 1
    found = {
        names[number]: data[entries[number][0] : entries[number][0] + entries[number][1]]
        for number in range(first, min(first + 10, count))
    }
    if not {*_LUMPS, "VERTEXES"} <= found.keys() or "BEHAVIOR" in found:
        raise ValueError(f"{name} of {wad.name} is not in Doom's own format")
    lumps = {lump: np.frombuffer(found[lump], kind) for lump, kind in _LUMPS.items()}
    corners = np.frombuffer(found["VERTEXES"], "<i2").reshape(-1, 2).astype(np.float64)
    return Level(lumps["THINGS"], lumps["LINEDEFS"], lumps["SIDEDEFS"], lumps["SECTORS"], corners)
