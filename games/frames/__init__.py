"""What all games that run frame by frame share: inputs, milestones, time. No game by itself.

A game is an `Engine` (an emulator that runs so many frames with these buttons held), a `Spec` for each of its
tasks (a YAML file), and `FrameGame`, the environment made of both.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from games.frames._outline import content, outline, spec_names

if TYPE_CHECKING:
    from games.frames._engine import Engine
    from games.frames._env import FrameGame
    from games.frames._milestones import faults
    from games.frames._spec import Content, Spec, parse_spec, read_spec

_LATER = {
    "Content": "_spec",
    "Engine": "_engine",
    "FrameGame": "_env",
    "Spec": "_spec",
    "faults": "_milestones",
    "parse_spec": "_spec",
    "read_spec": "_spec",
}

__all__ = [
    "Content", "Engine", "FrameGame", "Spec", "content", "faults", "outline", "parse_spec", "read_spec",
    "spec_names",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Neither Gymnasium nor Pydantic is needed to list tasks."""
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
