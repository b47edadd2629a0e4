"""Small real values that the kits hand to plugins."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from games.api import Action, Observation, Section, Stability
from harness.api import Decision, Image, PastTurn, Turn

ACTIONS = (
    Action("turn left", "turn to the left", 0, ("left",)),
    Action("turn right", "turn to the right", 1, ("right",)),
    Action("go forward", "one step ahead", 2, ("forward",)),
)


def observation(index: int, *, image: bool = False) -> Observation:
    """An observation that differs from turn to turn."""
    picture = np.full((4, 4, 3), index % 256, dtype=np.uint8) if image else None
    sections = (
        Section("mission", "reach the door", Stability.STATIC),
        Section("in view", f"a door: {index + 1} steps forward\na wall: {index} steps to the left"),
    )
    return Observation(sections, picture)


def past(count: int, *, image: bool = False) -> list[PastTurn]:
    """Turns that are over."""
    names = [action.name for action in ACTIONS]
    return [
        PastTurn(observation(i, image=image), Decision((names[i % 3],), text=names[i % 3]), float(i % 2))
        for i in range(count)
    ]


def turn(earlier: Sequence[PastTurn], *, image: bool = False) -> Turn:
    """The turn that follows."""
    return Turn(len(earlier), observation(len(earlier), image=image), tuple(earlier))


def picture() -> Image:
    """A red square of 32 × 32 pixels."""
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.new("RGB", (32, 32), "red").save(buffer, format="PNG")
    return Image(buffer.getvalue())


def loaded(group: str, plugin: Any) -> Any:
    """The plugin itself: as it is, or by its entry point's name."""
    from harness import plugins

    return plugins.load(group, plugin) if isinstance(plugin, str) else plugin
