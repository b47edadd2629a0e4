"""What a player sees and has, in words: a pure function of the raw observation (`games.doom._engine`)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from games.api import Section, Stability

_SCENERY = {
    "Self",
    "Gore",
    "Gibs",
    "Decoration",
    "Vegetation",
    "LightSource",
    "DynamicLight",
    "SFX",
    "Internal",
}
"""ViZDoom's categories of what only looks nice."""

_MOST = 20
"""Things that are told, the nearest first."""

WEAPONS = ("fist", "pistol", "shotgun", "chaingun", "rockets", "plasma", "bfg")
"""The weapons by their slots, the first of which is 1, by the names of their buttons."""


def seen(label: Any) -> list[Any]:
    """A thing in the picture (`vizdoom.Label`): name, category, x, y, z; left, top, width, height."""
    place = (label.object_position_x, label.object_position_y, label.object_position_z)
    box = (label.x, label.y, label.width, label.height)
    return [label.object_name, label.object_category, *map(float, place), *map(int, box)]


def sections(raw: Mapping[str, Any]) -> tuple[Section, ...]:
    """The player's status, and what is in view with its direction and distance."""
    numbers = raw["variables"]
    lines = [line for _, line in sorted(_things(numbers, raw["seen"]))[:_MOST]]
    return (
        Section("status", _status(numbers), Stability.SLOW),
        Section("in view", "\n".join(lines) or "nothing of note"),
    )


def _status(numbers: Mapping[str, float]) -> str:
    slot = int(numbers["selected_weapon"])
    weapon = WEAPONS[slot - 1] if 0 < slot <= len(WEAPONS) else "none"
    parts = [f"health {numbers['health']:.0f}", f"armor {numbers['armor']:.0f}", f"weapon {weapon}"]
    if slot > 1:
        parts.append(f"ammo {numbers['selected_weapon_ammo']:.0f}")
    return ", ".join(parts)


def _things(numbers: Mapping[str, float], things: Sequence[Sequence[Any]]) -> Iterator[tuple[float, str]]:
    for name, category, x, y, z, *_ in things:
        if category in _SCENERY or name == "BulletPuff":  # where a shot hit; an "Explosive" as fireballs are
            continue
        dx, dy = x - numbers["position_x"], y - numbers["position_y"]
        away = math.hypot(dx, dy)
        where = f"{turn(dx, dy, numbers['angle'])}, {away:.0f} away{_height(z - numbers['position_z'])}"
        yield away, f"{plain(name)}: {where}"


def turn(dx: float, dy: float, angle: float) -> str:
    """How far to turn, in whole degrees, to face a place."""
    degrees = round(bearing(dx, dy, angle))
    if degrees == 0:
        return "straight ahead"
    return f"{abs(degrees)}° {'left' if degrees > 0 else 'right'}"


def bearing(dx: float, dy: float, angle: float) -> float:
    """Degrees from where one looks to a place, from −180 to 180: to the left is positive."""
    return (math.degrees(math.atan2(dy, dx)) - angle + 180) % 360 - 180


def _height(dz: float) -> str:
    return "" if abs(dz) < 48 else f", {abs(dz):.0f} {'above' if dz > 0 else 'below'}"


def plain(name: str) -> str:
    """``DeadShotgunGuy`` → ``dead shotgun guy``; the prefix of the game's own things is left out."""
    name = re.sub(r"^Doom(?=[A-Z])", "", name)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()
