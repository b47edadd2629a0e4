"""Skiing: gates, trees and moguls come up the slope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.atari.tables import Thing, digits

LAYOUT = (
    "You ski downwards; the slope scrolls up past you. Twenty gates of two flags, 32 apart, lie on the "
    "way: pass between the flags; each gate missed costs five seconds at the end. Trees stop you; "
    "moguls do not. The score is the time that you took, counted below zero: less time is better. left "
    "and right turn the skis; straight down is fastest."
)

COLOURS = {
    "you": frozenset({(214, 92, 92)}),
    "left flag": frozenset({(66, 72, 200), (184, 50, 50), (10, 10, 255)}),
    "right flag": frozenset({(66, 72, 200), (184, 50, 50), (10, 10, 255)}),
    "tree": frozenset({(110, 156, 66), (158, 208, 101), (72, 160, 72), (82, 126, 45)}),
    "mogul": frozenset({(214, 214, 214), (192, 192, 192)}),
}

_TREE, _MOGUL, _FLAG = 85, 5, 2
_TREE_FOOT = 16  # lines: of a tree that has left at the top but for so much, nothing is told


def things(ram: bytes) -> Sequence[Thing]:
    """You, and what the eight slots of the slope hold."""
    found = [Thing("you", ram[25], ram[26] - 80, 10, 18)]
    for slot in range(8):
        if ram[54 + slot] not in (0, 255):
            found += _on_slope(ram, slot)
    return found


def _on_slope(ram: bytes, slot: int) -> list[Thing]:
    x, y, kind = ram[62 + slot], 182 - ram[86 + slot], ram[70 + slot]
    left, number = 178 - y, slot + 1
    if not 20 < y < 176:
        return []
    if kind == _TREE and x < 142 and ram[54 + slot] >= _TREE_FOOT:
        return [Thing(f"tree {number}", x - 3, y, 16, min(left, 30))]
    if kind == _MOGUL and x < 142:
        return [Thing(f"mogul {number}", x + 2, y, 16, min(left, 7))]
    if kind == _FLAG and x < 120:
        return [
            Thing(f"left flag {number}", x + 1, y, 5, min(left, 14)),
            Thing(f"right flag {number}", x + 33, y, 5, min(left, 14)),
        ]
    return []


def status(ram: bytes) -> Mapping[str, int | str]:
    """The gates that are left."""
    return {"gates left": digits(ram[107])}
