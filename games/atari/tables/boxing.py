"""Boxing: two boxers, seen from above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.atari.tables import Thing, digits

LAYOUT = (
    "You are the white boxer, the opponent is the black one. The boxes are the bodies without the "
    "stretched arms. The ring lies between x 32 and x 127 and y 39 and y 177. A punch that reaches the "
    "opponent's head gives one point, two from close by; both sides score. The fight ends after two "
    "minutes, or at 100 points."
)

COLOURS = {
    "you": frozenset({(214, 214, 214)}),
    "opponent": frozenset({(0, 0, 0)}),
}


def things(ram: bytes) -> Sequence[Thing]:
    """Both boxers."""
    return (
        Thing("you", ram[32] + 5, ram[34] + 38, 14, 46),
        Thing("opponent", ram[33] + 4, ram[35] + 38, 14, 46),
    )


def status(ram: bytes) -> Mapping[str, int | str]:
    """Both sides' points and the clock, which are kept as decimal digits."""
    return {
        "your points": digits(ram[18]),
        "opponent's points": digits(ram[19]),
        "time left": f"{ram[16] >> 4}:{digits(ram[17]):02d}",
    }
