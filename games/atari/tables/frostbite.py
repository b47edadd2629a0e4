"""Frostbite: ice floes, an igloo to build, and creatures to avoid or to eat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.atari.tables import Thing

LAYOUT = (
    "You stand on the shore at the top (y 29 to 76) or on the ice. Four rows of floes drift below it, "
    "row 1 the lowest (y 174) and row 4 the highest (y 96). Jump on a white floe: its row turns blue "
    "and a block is added to the igloo at x 112, y 35; when all rows are blue they turn white again. "
    "Sixteen blocks finish it: enter by its door to go on to the next level. Birds, crabs and clams "
    "push you off; fish give points; the bear on the shore and the cold are deadly."
)

_ICE = frozenset({(214, 214, 214), (84, 138, 210)})

COLOURS = {
    "you": frozenset({(198, 108, 58), (162, 98, 33), (142, 142, 142), (82, 126, 45)}),
    "bear": frozenset({(111, 111, 111), (142, 142, 142)}),
    "row 1 floe": _ICE,
    "row 2 floe": _ICE,
    "row 3 floe": _ICE,
    "row 4 floe": _ICE,
    "bird": frozenset({(132, 144, 252)}),
    "crab": frozenset({(213, 130, 74)}),
    "clam": frozenset({(210, 210, 64)}),
    "fish": frozenset({(111, 210, 111)}),
}


def things(ram: bytes) -> Sequence[Thing]:
    """You, the bear, the floes and the creatures."""
    found = []
    if ram[106] != 26 and ram[107] < 18:
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
        for part, (x, width) in enumerate(parts):
            if (at := x % 160) + width <= 160:  # one that goes round the edge is told when it is back
                name = f"row {row + 1} floe {len(parts) * number + part + 1}"
                found.append(Thing(name, at, 174 - 26 * row, width, 7))
    return found


def _creatures(ram: bytes, row: int) -> list[Thing]:
    kind = _kind(ram[35 + row])
    if not kind or not (0 < ram[84 + row] < 150):
        return []
    y = 160 - 26 * row
    found = [Thing(f"{kind} {2 * row + 1}", ram[84 + row], y, 8, 7)]
    if ram[88 + row] and ram[84 + row] + 32 < 150:
        found.append(Thing(f"{kind} {2 * row + 2}", ram[84 + row] + 32, y, 8, 7))
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
    """The blocks of the igloo, and the colour of each row of floes."""
    rows = ", ".join("white" if ram[43 + row] == 12 else "blue" for row in range(4))
    blocks = 0 if ram[77] == 255 else ram[77] + 1
    return {"igloo blocks": f"{blocks} of 16", "floes of rows 1 to 4": rows}
