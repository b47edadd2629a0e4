"""Space Invaders: a cannon, six rows of aliens, three shields, and what they fire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.atari.tables import Thing

LAYOUT = (
    "You are the cannon at the bottom (y 185 to 194). The aliens march sideways together, and down at each "
    "edge; a row is told as one box around those of it that are left, 16 apart, and the rows count from the "
    "top. Bombs fall, your shot rises, one at a time. The shields at x 42, 74 and 106 (y 157) wear away. A "
    "saucer sometimes crosses at the top for extra points. Aliens that reach the ground end the game. While "
    "the cannon blows up, or flashes at the start of a life, it cannot move and is not told."
)

COLOURS = {
    "you": frozenset({(50, 132, 50)}),
    "alien row": frozenset({(134, 134, 29)}),
    "saucer": frozenset({(151, 25, 122)}),
    "bomb": frozenset({(142, 142, 142)}),
    "your shot": frozenset({(142, 142, 142)}),
}

_GROUND = 195


def things(ram: bytes) -> Sequence[Thing]:
    """The cannon, the rows that are left, bombs, the shot and the saucer."""
    found = _rows(ram)
    if not ram[42]:
        found.append(Thing("you", ram[28] - 1, 185, 7, 10))
    for slot in (0, 1):
        top = 2 * ram[81 + slot] + 3
        if 20 < top < _GROUND - 1:
            found.append(Thing(f"bomb {slot + 1}", ram[83 + slot] - 2, top, 1, min(10, _GROUND - top)))
    if 20 < (top := 2 * ram[85] + 3) < _GROUND:
        found.append(Thing("your shot", ram[87] - 2, top, 1, min(10, _GROUND - top)))
    if ram[30] and ram[30] != 180:
        found.append(Thing("saucer", ram[30] - 1, 12, 7, 8))
    return found


def _rows(ram: bytes) -> list[Thing]:
    """A box for each row: a byte of six bits, the leftmost alien the lowest; the lowest row comes first."""
    found = []
    for row in range(6):
        bits = ram[23 - row] & 63
        if bits:
            left, right = (bits & -bits).bit_length() - 1, bits.bit_length() - 1
            x, y = ram[26] - 1 + 16 * left, 31 + 2 * ram[16] + 18 * row
            found.append(Thing(f"alien row {row + 1}", x, y, 16 * (right - left) + 8, 10))
    return found


def status(ram: bytes) -> Mapping[str, int | str]:
    """How many aliens are left."""
    return {"aliens left": sum((ram[18 + row] & 63).bit_count() for row in range(6))}
