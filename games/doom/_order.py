"""Levels one after the other in one episode, with what the player carries.

ViZDoom ends an episode at the screen between two levels. A WAD of one lump, MAPINFO, leaves that screen out
and names the level that follows; a secret exit leads there too. Its words: https://zdoom.org/wiki/MAPINFO, of
which this is the old form. A new entry drops what the engine does at a boss's death, so that is said anew.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

_LUMP = b"MAPINFO\0"

_SPECIALS = {
    "map07": ("map07special",),
    "e1m8": ("baronspecial", "specialaction_lowerfloor"),
    "e2m8": ("cyberdemonspecial", "specialaction_exitlevel"),
    "e3m8": ("spidermastermindspecial", "specialaction_exitlevel"),
    "e4m6": ("cyberdemonspecial", "specialaction_opendoor"),
    "e4m8": ("spidermastermindspecial", "specialaction_lowerfloor"),
}


def write_order(file: Path, levels: Sequence[str]) -> None:
    """A WAD that makes the levels follow one another; the last one ends the episode."""
    text = "\n".join(_entries(levels)).encode("ascii")
    header = struct.pack("<4sii", b"PWAD", 1, 12 + len(text))
    file.write_bytes(header + text + struct.pack("<ii8s", 12, len(text), _LUMP))


def _entries(levels: Sequence[str]) -> Iterator[str]:
    for level, after in zip(levels, [*levels[1:], ""], strict=True):
        yield f'map {level.upper()} "{level.upper()}"'
        yield f"sky1 {_sky(level)} 0"
        yield from _SPECIALS.get(level, ())
        if after:
            yield from (f"next {after.upper()}", f"secretnext {after.upper()}", "nointermission")


def _sky(level: str) -> str:
    if level.startswith("e"):
        return f"SKY{level[1]}"
    number = int(level.removeprefix("map"))
    return "RSKY1" if number <= 11 else "RSKY2" if number <= 20 else "RSKY3"
