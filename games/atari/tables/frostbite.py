"""Frostbite: ice floes, an igloo to build, and creatures to avoid or to eat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.atari.tables import Thing

LAYOUT = (
    "You start on the shore at the top; four rows of floes drift below it, row 1 the lowest (y 174), row 4 "
    "the highest (y 96). A jump on a white floe turns its row blue and adds a block to the igloo (x 112 to "
    "143); when all rows are blue they turn white again. Sixteen blocks finish it: go up to its door (x 123 "
    "to 130, y 47) for the next level; on a floe the button turns its row around, for a block. Birds, crabs "
    "and clams push you along, fish give points; a bear on the shore, the water and the cold are deadly."
)

_ICE = frozenset({(214, 214, 214), (84, 138, 210)})

COLOURS = {
    "you": frozenset({(198, 108, 58), (162, 98, 33), (142, 142, 142), (82, 126, 45)}),
    "bear": frozenset({(111, 111, 111), (214, 214, 214)}),
    "row 1 floe": _ICE,
    "row 2 floe": _ICE,
    "row 3 floe": _ICE,
    "row 4 floe": _ICE,
    "bird": frozenset({(132, 144, 252)}),
    "crab": frozenset({(213, 130, 74)}),
    "clam": frozenset({(210, 210, 64)}),
    "fish": frozenset({(111, 210, 111)}),
}

_LEFT, _RIGHT = 8, 160  # what lies outside is not shown
_COPIES = ((0,), (0, 16), (0, 32), (0, 16, 32))  # how far right of the first the others are


def things(ram: bytes) -> Sequence[Thing]:
    """You, the bear, the floes and the creatures."""
    found = []
    if ram[106] != 26 and ram[107] < 18 and ram[102] >= _LEFT:
        found.append(Thing("you", ram[102], ram[100] + 29 + ram[107], 8, 18 - ram[107]))
    if ram[104] != 140:
        found.append(Thing("bear", ram[104] + 3, 58, 14, 16))
    for row in range(4):
        found += _floes(ram, row)
        found += _creatures(ram, row)
    return found


def _floes(ram: bytes, row: int) -> list[Thing]:
    """Three floes of a row, 32 apart; on some levels each splits into halves that drift apart."""
    split = abs(ram[30] - 8)
    found = []
    for number in range(3):
        left = ram[31 + row] + 32 * number - 8
        parts = (
            ((left, 24),) if not split else ((left - max(0, split - 4), 16), (left + 8 + min(split, 4), 16))
        )
        for part, (at, width) in enumerate(parts, len(parts) * number + 1):
            x = at % _RIGHT
            shown, round_it = min(width, _RIGHT - x), x + width - _RIGHT - _LEFT
            if round_it > shown:  # most of it has come round the edge
                x, shown = _LEFT, round_it
            elif x < _LEFT:
                x, shown = _LEFT, x + width - _LEFT
            found.append(Thing(f"row {row + 1} floe {part}", x, 174 - 26 * row, shown, 7))
    return found


def _creatures(ram: bytes, row: int) -> list[Thing]:
    kind = _kind(ram[35 + row])
    if not kind:
        return []
    found = []
    for number, right in enumerate(_COPIES[ram[88 + row] & 3], 3 * row + 1):
        if 1 < (x := ram[84 + row] + right) < 158:
            found.append(Thing(f"{kind} {number}", x, 160 - 26 * row, 8, 8))
    return found


def _kind(shape: int) -> str:
    if shape in (18, 26):
        return "bird"
    if 33 < shape < 39 or 49 < shape < 55:
        return "crab"
    if 65 < shape < 71 or 93 < shape < 99:
        return "clam"
    if 108 < shape < 114 or 123 < shape < 129:
        return "fish"
    return ""


def status(ram: bytes) -> Mapping[str, int | str]:
    """The blocks of the igloo, the colour of each row of floes, and the temperature."""
    rows = ", ".join("white" if ram[43 + row] == 12 else "blue" for row in range(4))
    blocks = 0 if ram[77] == 255 else ram[77] + 1
    return {"igloo blocks": f"{blocks} of 16", "floes of rows 1 to 4": rows, "temperature": f"{ram[101]:x}"}
