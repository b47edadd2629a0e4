"""Bowling: the bowler, the ball and ten pins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.atari.tables import Thing, digits

LAYOUT = (
    "You stand on the left of the lane, seen from the side of it; the pins stand on the right. Move up "
    "or down before you roll; fire rolls the ball, and up or down while it rolls bends its way. Ten "
    "frames of two rolls make a game."
)

COLOURS = {
    "you": frozenset({(84, 92, 214)}),
    "ball": frozenset({(45, 50, 184)}),
    "pin": frozenset({(45, 50, 184)}),
}


def things(ram: bytes) -> Sequence[Thing]:
    """You, the ball, and the pins that stand."""
    found = [
        Thing("you", ram[29] + 8, 139 - 2 * (ram[40] - 1), 8, 32),
        Thing("ball", ram[30] + 7, 161 - 2 * (ram[41] - 1), 4, 10),
    ]
    for pin in range(10):
        if ram[57 + pin] <= 120:  # a higher number: it was knocked down
            x, y = 135 - 2 * ram[57 + pin], 169 - 2 * ram[47 + pin]
            found.append(Thing(f"pin {pin + 1}", x, y, 2, 4))
    return found


def status(ram: bytes) -> Mapping[str, int | str]:
    """The frame that is played."""
    return {"frame": digits(ram[36])}
