"""Q*bert: a pyramid of cubes to recolour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.atari.tables import Thing

LAYOUT = (
    "You hop on a pyramid of 21 cubes in six rows, the top one at x 68 to 91, y 34; each row is about "
    "29 lower and has one cube more, 24 to 28 apart. The joystick hops diagonally: up is up and to the "
    "right, right is down and to the right, down is down and to the left, left is up and to the left. "
    "Landing on a cube changes its colour; all cubes of the goal colour finish the round. Leaving the "
    "pyramid costs a life, but from its edges you can hop on a disk (x 12 or x 140, y 138), which "
    "carries you to the top. Coily, the purple snake, follows you, and is told while it sits; balls and"
    " other creatures hop down as well, and are not told."
)

COLOURS = {
    "you": frozenset({(181, 83, 40)}),
    "Coily": frozenset({(146, 70, 192)}),
}

_CUBES = (
    (21,),
    (52, 54),
    (83, 85, 87),
    (98, 100, 102, 104),
    (1, 3, 5, 7, 9),
    (32, 34, 36, 38, 40, 42),
)
"""The bytes that hold the cubes' colours, row by row from the top."""

_SITS = (7, 20)
"""The counter's values while Coily sits; in between it is in the air, and memory has only where it lands."""

_COLUMNS = {2: 38, 3: 50, 4: 62, 5: 74, 6: 90}
_DISKS = {"left": 112, "right": 122}


def things(ram: bytes) -> Sequence[Thing]:
    """You and Coily."""
    found = []
    if 16 < ram[67] < 210 and ram[59] != 255:
        y = ram[67] - (8 if ram[67] < 70 else 7 if ram[67] < 100 else 6)
        found.append(Thing("you", ram[43] - 3, y, 8, 20))
    if 2 <= ram[39] <= 6 and _SITS[0] <= ram[56] <= _SITS[1] and ram[71] in _COLUMNS:
        found.append(Thing("Coily", _COLUMNS[ram[71]], 8 + 29 * ram[39] + ram[39] // 4, 8, 21))
    return found


def status(ram: bytes) -> Mapping[str, int | str]:
    """The cubes by colour number, row by row, and the disks that are left."""
    colours = sorted({ram[cube] for row in _CUBES for cube in row})
    rows = " / ".join(" ".join(str(colours.index(ram[cube]) + 1) for cube in row) for row in _CUBES)
    sides = [side for side, byte in _DISKS.items() if ram[byte]]
    return {"colours of the cubes": rows, "disks": " and ".join(sides) or "none"}
