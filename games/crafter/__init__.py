"""Crafter: an open world of survival and crafting with 22 achievements, in text and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from games.api import MissingExtra, TaskInfo

if TYPE_CHECKING:
    from games.api import GameEnv

_TASKS = (TaskInfo(task="crafter/standard", game="crafter", max_steps=10_000),)


class _CrafterGame:
    """The game plugin."""

    name = "crafter"

    def tasks(self) -> Sequence[TaskInfo]:
        """The one task: the world as published, 10,000 steps at most."""
        return _TASKS

    def make(self, task: str, *, image: bool = False) -> GameEnv:
        """Build the environment."""
        try:
            from games.crafter._env import CrafterGame
        except ImportError as error:
            raise MissingExtra(self.name, "crafter", error) from error
        return CrafterGame(image=image)


crafter = _CrafterGame()
