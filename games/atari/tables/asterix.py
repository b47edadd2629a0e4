"""Asterix: things and lyres fly along eight lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.atari.tables import Thing

LAYOUT = (
    "You move in eight lanes, 16 high, the first at y 26, and along them (x 20 to 128). Things to collect "
    "(cauldrons at first, later helmets, shields, lamps and others) and deadly lyres fly along the lanes, "
    "one in a lane at a time. Touch what is to be collected; a lyre costs a life."
)

COLOURS = {
    "you": frozenset({(187, 187, 53)}),
    "lyre, lane": frozenset({(228, 111, 111)}),
    "thing to collect, lane": frozenset(
        {(184, 50, 50), (167, 26, 26), (214, 214, 214), (110, 156, 66), (198, 89, 179)}
    ),
}


def things(ram: bytes) -> Sequence[Thing]:
    """You, and what flies in each lane."""
    if not ram[41]:
        return []  # the game has not been drawn yet
    width = 16 if ram[71] > 77 else 8  # it spreads when it loses a life
    found = [Thing("you", ram[41], 26 + ram[39] * 16, width, 11)]
    for lane in range(8):
        x, y = ram[42 + lane], 26 + 16 * lane
        if ram[18 - lane] == 11 or ram[73 + lane]:
            continue  # the lane is empty, or shows the points that were just won
        if ram[29 + lane] % 2 == 1:
            found.append(Thing(f"lyre, lane {lane + 1}", x, y, 8, 11))
        else:
            found.append(Thing(f"thing to collect, lane {lane + 1}", x, y, 8, 11))
    return found


def status(ram: bytes) -> Mapping[str, int | str]:
    """Nothing beside the score and the lives."""
    return {}
