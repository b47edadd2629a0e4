"""What the player sees, in words: a pure function of the raw observation (`games.crafter._env`)."""

from __future__ import annotations

from typing import Any

from games.api import Observation, Section, Stability

_DIRECTIONS = {(-1, 0): "west", (1, 0): "east", (0, -1): "north", (0, 1): "south"}
_VITALS = ("health", "food", "drink", "energy")


def describe(raw: dict[str, Any], legend: tuple[str, ...]) -> Observation:
    """The sections of one raw observation."""
    return Observation(
        (
            Section("achievements", _achievements(raw["achievements"]), Stability.SLOW),
            Section("inventory", _inventory(raw["inventory"]), Stability.SLOW),
            Section("status", _status(raw)),
            Section("facing", _facing(raw, legend)),
            Section("in view", _view(raw, legend)),
        )
    )


def _achievements(counts: dict[str, int]) -> str:
    done = [name.replace("_", " ") for name, count in counts.items() if count]
    return f"{len(done)} of {len(counts)} unlocked" + (": " + ", ".join(done) if done else "")


def _inventory(items: dict[str, int]) -> str:
    held = [f"{name.replace('_', ' ')} {count}" for name, count in items.items() if count]
    return ", ".join(item for item in held if item.split()[0] not in _VITALS) or "empty"


def _status(raw: dict[str, Any]) -> str:
    text = ", ".join(f"{name} {raw['inventory'][name]} of 9" for name in _VITALS)
    if raw["sleeping"]:
        text += ". You are asleep: whatever you answer, you go on sleeping until you wake"
    if raw["daylight"] < 0.5:
        text += ". It is dark"
    return text + "."


def _centre(view: Any) -> tuple[int, int]:
    return view.shape[0] // 2, view.shape[1] // 2


def _facing(raw: dict[str, Any], legend: tuple[str, ...]) -> str:
    dx, dy = raw["facing"]
    x, y = _centre(raw["view"])
    return f"You look {_DIRECTIONS[dx, dy]}, at {_name(raw['view'][x + dx, y + dy], legend)}."


def _name(cell: Any, legend: tuple[str, ...]) -> str:
    name = legend[int(cell)]
    return "the edge of the world" if name == "nothing" else name


def _view(raw: dict[str, Any], legend: tuple[str, ...]) -> str:
    """Of each kind of thing how many are in view, and where the nearest is."""
    view = raw["view"]
    cx, cy = _centre(view)
    nearest: dict[str, tuple[int, int, int]] = {}
    counts: dict[str, int] = {}
    for x in range(view.shape[0]):
        for y in range(view.shape[1]):
            name = _name(view[x, y], legend)
            if (x, y) == (cx, cy):
                continue
            counts[name] = counts.get(name, 0) + 1
            here = (abs(x - cx) + abs(y - cy), x - cx, y - cy)
            nearest[name] = min(nearest.get(name, here), here)
    order = sorted(nearest, key=lambda name: nearest[name])
    return "\n".join(f"{name}: {counts[name]}, the nearest {_where(*nearest[name][1:])}" for name in order)


def _where(dx: int, dy: int) -> str:
    parts = []
    if dy:
        parts.append(f"{abs(dy)} {'south' if dy > 0 else 'north'}")
    if dx:
        parts.append(f"{abs(dx)} {'east' if dx > 0 else 'west'}")
    return " and ".join(parts)
