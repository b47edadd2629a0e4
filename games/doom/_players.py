"""Scripted players of scenarios, from what is in the picture and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from games.doom._words import bearing

_SLOW, _FAST, _SLOW_FRAMES = 1.76, 3.52, 5
"""Degrees that a turn covers in a frame: in its first five, and after (measured)."""
_STRAFE = 8.0  # map units that a side step covers in two frames, about

Raw = Mapping[str, Any]


def _in_view(raw: Raw, category: str, *names: str) -> list[tuple[float, float]]:
    """Bearing and distance of what is seen of a category, the nearest first."""
    numbers = raw["variables"]
    found = []
    for name, kind, x, y, *_ in raw["seen"]:
        if kind == category and not name.startswith("Dead") and (not names or name in names):
            dx, dy = x - numbers["position_x"], y - numbers["position_y"]
            found.append((bearing(dx, dy, numbers["angle"]), math.hypot(dx, dy)))
    return sorted(found, key=lambda thing: thing[1])


def _turn(degrees: float) -> str:
    far = abs(degrees)
    slow = _SLOW * _SLOW_FRAMES
    frames = far / _SLOW if far <= slow else _SLOW_FRAMES + (far - slow) / _FAST
    return f"{'left' if degrees > 0 else 'right'} {max(1, round(frames))}"


def step_and_shoot(raw: Raw) -> str:
    """Stand before the monster by side steps, then fire."""
    monsters = _in_view(raw, "Monster")
    if not monsters:
        return "wait 4"
    degrees, away = monsters[0]
    aside = away * math.sin(math.radians(degrees))
    if abs(aside) < 16:
        return "attack 4 then wait 8"
    return f"strafe {'left' if aside > 0 else 'right'} {min(20, max(2, round(abs(aside) / _STRAFE)))}"


def turn_and_shoot(raw: Raw) -> str:
    """Face the nearest monster and fire; look around where there is none."""
    monsters = _in_view(raw, "Monster")
    if not monsters:
        return "right 12"
    degrees, away = monsters[0]
    width = math.degrees(math.atan2(18, away))
    return "attack 4 then wait 8" if abs(degrees) <= max(1.0, width) else _turn(degrees)


def gather(raw: Raw) -> str:
    """Walk to the nearest medikit in view."""
    kits = _in_view(raw, "Health", "Medikit", "CustomMedikit")
    if not kits:
        return "left 14 then forward 6"
    degrees, away = kits[0]
    if abs(degrees) > max(5.0, math.degrees(math.atan2(20, away))):
        return _turn(degrees)
    return f"forward {min(24, max(4, round(away / 7)))}"


PLAYERS: Mapping[str, Callable[[Raw], str]] = {
    "step and shoot": step_and_shoot,
    "turn and shoot": turn_and_shoot,
    "gather": gather,
}
"""By the name under ``engine: {oracle: …}`` of a spec."""

__all__: Sequence[str] = ["PLAYERS"]
