"""Montezuma's Revenge: rooms of ladders, ropes, keys and skulls.

Random play does not leave the first room: only that room's objects were held against the pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.atari.tables import Thing

LAYOUT = (
    "You start in room 1 of a pyramid, on the ledge at its top centre. Climb ladders and ropes, jump "
    "with fire; falling deep or touching an enemy costs a life. A key opens one barrier, a sword kills "
    "an enemy, a torch lights dark rooms; jewels give points. Room 1: ladders at x 72 to 87 (y 93 to "
    "134, under the start), x 16 to 31 and x 128 to 143 (y 136 to 180), a rope right of the centre, a "
    "conveyor belt on the middle floor (y 136), the lowest floor at y 180 with a rolling skull, the key"
    " on the left at y 98 to 113, and doors on both sides of the upper floor behind the barriers."
)

COLOURS = {
    "you": frozenset({(228, 111, 111), (210, 182, 86), (200, 72, 72)}),
    "key": frozenset({(232, 204, 99)}),
    "barrier": frozenset({(232, 204, 99), (101, 111, 228)}),
    "skull": frozenset({(236, 236, 236)}),
    "snake": frozenset({(192, 192, 192)}),
    "spider": frozenset({(92, 186, 92)}),
    "jewel": frozenset({(213, 130, 74)}),
    "sword": frozenset({(214, 214, 214)}),
    "amulet": frozenset({(232, 204, 99)}),
    "torch": frozenset({(204, 216, 110)}),
}

_KINDS = {1: "jewel", 2: "sword", 3: "amulet", 4: "key", 5: "skull", 6: "torch", 7: "snake", 8: "snake",
          9: "spider", 10: "spider"}  # fmt: skip
_TOPS = {0: 55, 1: 98, 7: 54}
_CLOSED = 117  # what a barrier's byte holds once it is open


def things(ram: bytes) -> Sequence[Thing]:
    """You, what lies or lives in the room, and the first room's skull and barriers."""
    found = [Thing("you", ram[42] - 1, 308 - ram[43], 8, 20)]
    room = ram[3]
    if (kind := _KINDS.get(ram[49])) and (room < 16 or ram[65] & 128):
        y = _TOPS.get(room, 53) + 255 - ram[45] + (4 if ram[45] < 216 else 0)
        found.append(Thing(kind, ram[44] - 1, y, 7, 15))
    if room == 1:
        if ram[67] & 2:
            found.append(Thing("skull", ram[47] + 32, 406 - ram[46], 7, 13))
        if ram[26] != _CLOSED:
            found.append(Thing("barrier 1", 20, 54, 4, 37))
        if ram[28] != _CLOSED:
            found.append(Thing("barrier 2", 136, 54, 4, 37))
    return found


def status(ram: bytes) -> Mapping[str, int | str]:
    """The room, by its number in the game's memory."""
    return {"room": ram[3]}
