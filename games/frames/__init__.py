"""What all games that run frame by frame share: inputs, milestones, time. No game by itself.

A game is an `Engine` (an emulator that runs so many frames with these buttons held), a `Spec` for each of its
tasks (a YAML file), and `FrameGame`, the environment made of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from games.frames._milestones import faults
from games.frames._spec import Content, Spec, parse_spec, read_spec, spec_names

if TYPE_CHECKING:
    from games.frames._engine import Engine
    from games.frames._env import FrameGame

__all__ = ["Content", "Engine", "FrameGame", "Spec", "faults", "parse_spec", "read_spec", "spec_names"]


def __getattr__(name: str) -> Any:
    """Gymnasium is not needed to list tasks."""
    if name == "FrameGame":
        from games.frames._env import FrameGame

        return FrameGame
    if name == "Engine":
        from games.frames._engine import Engine

        return Engine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
