"""Kangaroo: a mother climbs to her child."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.atari.tables import Thing

LAYOUT = (
    "You are the mother kangaroo at the bottom; climb the ladders to your child at the top (y 12). "
    "Monkeys come from the side and throw coconuts: punch them (fire) from close by, jump or duck the "
    "coconuts. Another coconut falls from above. Fruit and the bell give points. There are three floors"
    " above the ground, about 48 apart, joined by ladders; their places differ from level to level and "
    "are not told, but for the first level: ladders at x 132 (y 132 to 172), x 20 (y 85 to 132) and x "
    "132 (y 37 to 85)."
)

COLOURS = {
    "you": frozenset({(223, 183, 85)}),
    "child": frozenset({(223, 183, 85)}),
    "monkey": frozenset({(227, 151, 89)}),
    "fruit": frozenset({(214, 92, 92), (195, 144, 61)}),
    "falling coconut": frozenset({(162, 98, 33)}),
    "thrown coconut": frozenset({(227, 151, 89)}),
    "bell": frozenset({(210, 164, 74)}),
}

_HEIGHTS = {20: 16, 28: 16, 66: 15, 74: 15, 65: 23, 73: 23}  # ducking, and two ways of jumping
_BELLS = (93, 31, 130)  # x on each level


def things(ram: bytes) -> Sequence[Thing]:
    """You, your child, monkeys, coconuts, fruit and the bell."""
    found = [
        Thing("you", ram[17] + 15, 8 * ram[16] + 4, 8, _HEIGHTS.get(ram[18], 24)),
        Thing("child", ram[83] + 15, 12, 8, 15),
    ]
    for slot in range(4):
        if ram[11 - slot] not in (255, 127):
            found.append(Thing(f"monkey {slot + 1}", ram[15 - slot] + 16, 8 * ram[11 - slot] + 5, 6, 15))
    if ram[33] != 255:
        y = 8 * (ram[33] - 22 * ram[36]) + 9
        found.append(Thing("falling coconut", ram[34] + 14, y, 2, 3))
    for slot in range(3):
        x, y = ram[28 + slot] + 15, 8 * ram[25 + slot] + 1
        held = any(thing.name.startswith("monkey") and abs(thing.x - x) < 12 for thing in found)
        if ram[25 + slot] != 255 and not held:
            found.append(Thing(f"thrown coconut {slot + 1}", x, y, 2, 3))
    return found + _prizes(ram)


def _prizes(ram: bytes) -> list[Thing]:
    rows = 84 if ram[87] == ram[86] else 85
    columns = 89 if ram[92] == ram[91] else 90
    found = [
        Thing(f"fruit {slot + 1}", ram[columns + slot] + 15, 8 * ram[rows + slot] + 4, 8, 11)
        for slot in range(3)
        if ram[42 + slot] < 128
    ]
    if ram[41] != 128 and ram[36] < 3:
        found.append(Thing("bell", _BELLS[ram[36]], 36, 6, 11))
    return found


def status(ram: bytes) -> Mapping[str, int | str]:
    """The level, of three that repeat."""
    return {"level": ram[36] + 1}
