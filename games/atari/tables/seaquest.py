"""Seaquest: a submarine among sharks, enemy submarines and divers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.atari.tables import Thing

LAYOUT = (
    "You are the yellow submarine; at the surface you are at y 46. Sharks and enemy submarines cross four "
    "lanes below it (y 69, 93, 117 and 141), in later rounds a patrol submarine the surface; touching one of "
    "them or a missile of theirs costs a life. Pick up divers by touching them. Oxygen sinks while you dive: "
    "surface to fill it, which costs one diver on board, or a life where there is none; with six on board it "
    "brings extra points for them all."
)

COLOURS = {
    "you": frozenset({(187, 187, 53)}),
    "shark": frozenset({(92, 186, 92), (198, 108, 58), (160, 171, 79), (198, 89, 179), (213, 130, 74)}),
    "enemy submarine": frozenset({(170, 170, 170)}),
    "enemy missile": frozenset({(66, 72, 200)}),
    "diver": frozenset({(66, 72, 200)}),
    "patrol submarine": frozenset({(170, 170, 170)}),
    "your missile": frozenset({(187, 187, 53)}),
}


def things(ram: bytes) -> Sequence[Thing]:
    """You, what swims in each lane, divers and missiles."""
    found = []
    if not ram[105]:  # it counts while you blow up
        found.append(Thing("you", ram[70], ram[97] + 33, 16, 11))
    if 0 < ram[103] < 160:
        found.append(Thing("your missile", ram[103], ram[97] + 40, 8, 1))
    for lane in range(4):
        found += _lane(ram, lane)
    if ram[60] >= 2 and 0 < ram[118] < 158:
        found.append(Thing("patrol submarine", ram[118], 46, 8, 11))
    return found


def _lane(ram: bytes, lane: int) -> list[Thing]:
    submarines = 3 < ram[89 + lane] % 8 < 7
    y = 141 - 24 * lane
    found = []
    for slot in range(3):
        x = (ram[30 + lane] + 16 * slot) % 256
        if ram[36 + lane] >> (2 - slot) & 1 and 0 < x < 158:
            number = 3 * lane + slot + 1
            if submarines:
                found.append(Thing(f"enemy submarine {number}", x, y - 1, 8, 11))
            else:
                found.append(Thing(f"shark {number}", x, y + ram[93] - 4, 8, 7))
    if 0 < (x := ram[71 + lane]) < 158:
        if submarines:
            found.append(Thing(f"enemy missile {lane + 1}", x + 3, 145 - 24 * lane, 6, 4))
        else:
            found.append(Thing(f"diver {lane + 1}", x, y - 1, 8, 11))
    return found


def status(ram: bytes) -> Mapping[str, int | str]:
    """Oxygen and the divers on board."""
    return {"oxygen": f"{min(64, ram[102])} of 64", "divers on board": ram[62]}
