"""Freeway: a chicken crosses ten lanes of cars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.atari.tables import Thing

LAYOUT = (
    "You are the chicken that walks up at x 44 to 49; the other chicken, at x 108, stands still. Ten "
    "lanes of cars, 16 high, lie between y 24 and y 183; car 1 drives in the top lane, car 10 in the "
    "lowest. Cars 1 to 5 drive to the left, 6 to 10 to the right, each at its own speed, and come back "
    "on the other side. Reaching the top gives one point and takes you back to the bottom; a car throws"
    " you back."
)

_CARS = (
    (167, 26, 26),
    (180, 231, 117),
    (105, 105, 15),
    (228, 111, 111),
    (24, 26, 167),
    (162, 98, 33),
    (84, 92, 214),
    (184, 50, 50),
    (135, 183, 84),
    (210, 210, 64),
)

COLOURS = {
    "you": frozenset({(252, 252, 84)}),
    "other chicken": frozenset({(252, 252, 84)}),
    "car": frozenset(_CARS),
}


def things(ram: bytes) -> Sequence[Thing]:
    """Both chickens and ten cars."""
    cars = [Thing(f"car {lane + 1}", ram[117 - lane] - 3, 27 + 16 * lane, 8, 10) for lane in range(10)]
    return [
        Thing("you", 44, 193 - ram[14], 6, 8),
        Thing("other chicken", 108, 193 - ram[15], 6, 8),
        *(car for car in cars if -7 < car.x < 160),
    ]


def status(ram: bytes) -> Mapping[str, int | str]:
    """Nothing beside the score."""
    return {}
