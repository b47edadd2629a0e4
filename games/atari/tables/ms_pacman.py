"""Ms. Pac-Man: you, four ghosts, the fruit and the power pills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.atari.tables import Thing

LAYOUT = (
    "You are Ms. Pac-Man. Eat every pellet of the maze to go on to the next one. A ghost that touches "
    "you costs a life, but for some seconds after you eat one of the four power pills (in the corners) "
    "the ghosts turn blue and you can eat them. Fruit gives extra points. The maze's walls and the "
    "small pellets are not told: where you push against a wall you stand still. Two tunnels join the "
    "left and the right side."
)

_FRIGHTENED = frozenset({(66, 114, 194), (214, 214, 214)})  # blue, and white when that is almost over

COLOURS = {
    "you": frozenset({(210, 164, 74)}),
    "orange ghost": _FRIGHTENED | {(180, 122, 48)},
    "cyan ghost": _FRIGHTENED | {(84, 184, 153)},
    "pink ghost": _FRIGHTENED | {(198, 89, 179)},
    "red ghost": _FRIGHTENED | {(200, 72, 72)},
    "fruit": frozenset({(184, 50, 50), (198, 89, 179), (110, 156, 66), (187, 187, 53), (198, 108, 58)}),
    "power pill": frozenset({(228, 111, 111)}),
}

_GHOSTS = ("orange ghost", "cyan ghost", "pink ghost", "red ghost")
_PILLS = ((4, 148, 146), (8, 148, 14), (16, 8, 146), (32, 8, 14))  # bit, x, y


def things(ram: bytes) -> Sequence[Thing]:
    """You, the ghosts that are out, the fruit and the power pills that are left."""
    found = [Thing("you", ram[10] - 13, ram[16] + 1, 9, 10)]
    if ram[47] > 0:
        for ghost in range(min(4, 1 + ram[19])):
            found.append(Thing(_GHOSTS[ghost], ram[6 + ghost] - 13, ram[12 + ghost] + 1, 9, 10))
    if ram[11] > 0 and ram[17] > 0:
        found.append(Thing("fruit", ram[11] - 13, ram[17] + 1, 9, 10))
    for number, (bit, x, y) in enumerate(_PILLS, 1):
        if ram[117] & bit:
            found.append(Thing(f"power pill {number}", x, y, 4, 7))
    return found


def status(ram: bytes) -> Mapping[str, int | str]:
    """The pellets eaten in this maze."""
    return {"pellets eaten": ram[119]}
