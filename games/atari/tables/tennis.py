"""Tennis: two players, a ball and its shadow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.atari.tables import Thing

LAYOUT = (
    "You are the player in red, the opponent is in blue; you change sides of the net (at y 100 to 112) "
    "as the set goes on. The shadow lies on the ground under the ball: the further the ball is above "
    "it, the higher it flies. Be where the ball comes down, and it is hit back; fire serves. Six games "
    "win the set."
)

COLOURS = {
    "you": frozenset({(240, 128, 128)}),
    "opponent": frozenset({(117, 128, 240)}),
    "ball": frozenset({(236, 236, 236)}),
    "shadow": frozenset({(74, 74, 74)}),
}


def things(ram: bytes) -> Sequence[Thing]:
    """The players, the ball and its shadow, unless they are behind the net."""
    far, near = ((26, 24), (27, 25))
    you, other = (far, near) if ram[80] == 0 else (near, far)
    found = [
        Thing("you", ram[you[0]] - 1, 166 - ram[you[1]], 13, 23),
        Thing("opponent", ram[other[0]] - 1, 166 - ram[other[1]], 13, 23),
    ]
    if ram[16] > 2:
        ball, shadow = 189 - ram[54], 189 - ram[55]
        if not 98 < ball < 113:
            found.append(Thing("ball", ram[16] - 2, ball, 2, 2))
        if not 100 < shadow < 113 and shadow not in (ball, 0):
            found.append(Thing("shadow", ram[16] - 2, shadow, 2, 2))
    return found


def status(ram: bytes) -> Mapping[str, int | str]:
    """Your side of the net."""
    return {"side": "far (top)" if ram[80] == 0 else "near (bottom)"}
