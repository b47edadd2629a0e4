"""MiniHack: small tasks in NetHack's world, every one that its package registers with a level of its own.

The two ``Custom`` ids need a level file of the user's and are left out. The picture is the map in tiles,
or the terminal where the task's name ends in ``@terminal``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from games.api import MissingExtra, Starts, TaskInfo
from games.nethack import TERMINAL

if TYPE_CHECKING:
    from games.api import GameEnv


@cache
def _rows() -> dict[str, TaskInfo]:
    """The shipped table of tasks; `games.minihack._table` makes it from the package itself."""
    text = (resources.files(__package__) / "tasks.json").read_text(encoding="utf-8")
    return {row["task"]: TaskInfo(**{**row, "starts": Starts(row["starts"])}) for row in json.loads(text)}


class _MiniHackGame:
    """The game plugin."""

    name = "minihack"
    open_ended = True

    def tasks(self) -> Sequence[TaskInfo]:
        """Every task."""
        return tuple(_rows().values())

    def describe(self, task: str) -> TaskInfo:
        """A task with the terminal for a picture.

        Raises:
            ValueError: there is no such task.
        """
        plain = _rows().get(task.removesuffix(TERMINAL))
        if plain is None:
            raise ValueError(f"unknown task {task!r}; `ludometer list tasks` names those of minihack")
        return replace(plain, task=task)

    def make(self, task: str, *, image: bool = False) -> GameEnv:
        """Build a task's environment."""
        plain = task.removesuffix(TERMINAL)
        try:
            from games.minihack._env import build
        except ImportError as error:
            raise MissingExtra(self.name, "minihack", error) from error
        return build(plain.partition("/")[2], image=image, terminal=plain != task)


minihack = _MiniHackGame()
