"""Breakout: a paddle, a ball, and six rows of eighteen bricks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.atari.tables import Thing

LAYOUT = (
    "The field lies between the walls at x 8 and x 151, under the ceiling at y 31. The paddle moves at "
    "y 189 to 192; a ball that passes it costs a life. Each brick is 8 wide and 6 high; the rows are "
    "numbered from the top and give 7, 7, 4, 4, 1 and 1 points a brick. Bricks that touch are told as "
    "one."
)

_ROW_COLOURS = (
    (200, 72, 72),
    (198, 108, 58),
    (180, 122, 48),
    (162, 162, 42),
    (72, 160, 72),
    (66, 72, 200),
)

COLOURS = {
    "paddle": frozenset({(200, 72, 72)}),
    "ball": frozenset({(200, 72, 72), *_ROW_COLOURS}),  # it takes the colour of the row it crosses
    **{f"row {row + 1} bricks": frozenset({colour}) for row, colour in enumerate(_ROW_COLOURS)},
}

_TOP = 57


def _column_bits() -> tuple[tuple[int, int], ...]:
    """Of each column of bricks: the block of six bytes and the mask that hold it.

    The rows are drawn with the console's playfield registers, whose bits are four pixels wide and run
    in turns from high to low and from low to high.
    """
    place = {}
    for block, (left, bits) in enumerate(
        (
            (128, range(8)),
            (96, range(7, -1, -1)),
            (80, range(4, 8)),
            (48, range(8)),
            (16, range(7, -1, -1)),
            (0, range(4, 8)),
        )
    ):
        place.update({left + 4 * index: (6 * block, 1 << bit) for index, bit in enumerate(bits)})
    return tuple(place[8 * column + 8] for column in range(18))


_BITS = _column_bits()


def _runs(ram: bytes, row: int) -> list[tuple[int, int]]:
    """Where the bricks of a row begin and end (columns, half open), touching ones together."""
    byte = 5 - row  # the lowest row comes first in memory
    runs: list[tuple[int, int]] = []
    for column, (block, mask) in enumerate(_BITS):
        if not ram[block + byte] & mask:
            continue
        if runs and runs[-1][1] == column:
            runs[-1] = (runs[-1][0], column + 1)
        else:
            runs.append((column, column + 1))
    return runs


def things(ram: bytes) -> Sequence[Thing]:
    """The paddle, the ball where one is in play, and the bricks."""
    found = [Thing("paddle", ram[72] - 47, 189, 16, 4)]
    if 0 < ram[101] <= 187:
        found.append(Thing("ball", ram[99] - 49, ram[101] + 9, 2, 4))
    for row in range(6):
        for part, (begin, end) in enumerate(_runs(ram, row), 1):
            name = f"row {row + 1} bricks {part}"
            found.append(Thing(name, 8 + 8 * begin, _TOP + 6 * row, 8 * (end - begin), 6))
    return found


def status(ram: bytes) -> Mapping[str, int | str]:
    """Nothing beside the score and the lives."""
    return {}
