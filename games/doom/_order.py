"""Levels one after the other in one episode, with what the player carries.

ViZDoom ends an episode at the screen between two levels. A WAD of one lump, MAPINFO, leaves that screen out
and names the level that follows; a secret exit leads there too. A new entry takes the place of the engine's,
so what that says of skies and of a boss's death is said anew (mapinfo/doom1.txt and doom2.txt in
vizdoom.pk3).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

_SPECIALS = {
    "map07": ("map07special",),
    "map30": ("allowmonstertelefrags",),
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
    file.write_bytes(header + text + struct.pack("<ii8s", 12, len(text), b"MAPINFO"))


def _entries(levels: Sequence[str]) -> Iterator[str]:
    for level, after in zip(levels, [*levels[1:], ""], strict=True):
        # An end shows a text, and so the episode is over for ViZDoom.
        follows = after.upper() or "EndGameC"
        lines = [f'next = "{follows}"', f'secretnext = "{follows}"', f'sky1 = "{_sky(level)}"']
        lines += [*_SPECIALS.get(level, ()), *(["nointermission"] if after else [])]
        yield f'map {level.upper()} "{level.upper()}" {{ {" ".join(lines)} }}'


def _sky(level: str) -> str:
    """The picture of the sky; Doom II's second begins at level 12, its third at 21."""
    if level.startswith("e"):
        return f"SKY{level[1]}"
    number = int(level.removeprefix("map"))
    return f"RSKY{1 + (number > 11) + (number > 20)}"
