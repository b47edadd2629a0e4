"""Pong: two paddles and a ball."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.atari.tables import Thing

LAYOUT = (
    "You are the paddle on the right (x 140 to 143), the opponent is the one on the left (x 16 to 19). "
    "The joystick turned right moves you up, turned left it moves you down. The ball bounces off the walls "
    "at y 33 and y 194. Whoever lets the ball pass loses the point; 21 points win."
)

COLOURS = {
    "you": frozenset({(92, 186, 92)}),
    "opponent": frozenset({(213, 130, 74)}),
    "ball": frozenset({(236, 236, 236)}),
}

_TOP, _BOTTOM = 34, 194


def _paddle(name: str, x: int, y: int) -> Thing:
    """A paddle of 16 lines, as far as it is inside the field."""
    top, bottom = max(_TOP, y), min(_BOTTOM, y + 16)
    return Thing(name, x, top, 4, bottom - top)


def things(ram: bytes) -> Sequence[Thing]:
    """You, the opponent and the ball."""
    found = []
    if 13 < ram[51] < 206:
        found.append(_paddle("you", 140, ram[51] - 13))
    if 18 < ram[50] < 209:
        found.append(_paddle("opponent", 16, ram[50] - 15))
    if ram[54]:
        found.append(Thing("ball", ram[49] - 49, ram[54] - 14, 2, 4))
    return found


def status(ram: bytes) -> Mapping[str, int | str]:
    """Both sides' points."""
    return {"your points": ram[14], "opponent's points": ram[13]}
