"""Whether the games that are installed are those that were played."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from harness.folder import versions

_GAMES = ("ludometer", "gymnasium", "numpy", "minigrid", "crafter", "ale-py", "nle", "minihack", "pillow")
"""The packages that decide what a game gives, or what bytes a picture has."""


def others_than(recorded: Mapping[str, str]) -> str:
    """What is another version here than was recorded, in words; empty where nothing is."""
    here = _installed()
    found = [
        f"{name} {recorded[name]} (here: {here.get(name, 'none')})"
        for name in _GAMES
        if name in recorded and recorded[name] != here.get(name)
    ]
    return f"played with {', '.join(found)}" if found else ""


@cache
def _installed() -> dict[str, str]:
    return versions()
