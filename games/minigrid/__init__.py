"""MiniGrid and BabyAI: small grid worlds, seen from the agent's own place.

Two games: `minigrid` is every id that the minigrid package registers; `babyai` is its five kinds of
instruction (goto, pickup, open, putnext, pick_up_seq_go_to), made by minigrid's own level generator.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from games.api import MissingExtra, Starts, TaskInfo

if TYPE_CHECKING:
    from games.api import GameEnv


@cache
def _rows(game: str) -> tuple[TaskInfo, ...]:
    """The shipped table of tasks; `games.minigrid._table` makes it from the package itself."""
    text = (resources.files(__package__) / "tasks.json").read_text(encoding="utf-8")
    return tuple(
        TaskInfo(
            task=row["task"],
            game=game,
            starts=Starts(row["starts"]),
            oracle=row["oracle"],
            max_steps=row["max_steps"],
        )
        for row in json.loads(text)
        if row["task"].startswith(f"{game}/")
    )


class _MiniGridGame:
    """A game plugin over one part of the table."""

    def __init__(self, name: str) -> None:
        self.name = name

    def tasks(self) -> Sequence[TaskInfo]:
        """Every task of the game."""
        return _rows(self.name)

    def make(self, task: str, *, image: bool = False) -> GameEnv:
        """Build a task's environment."""
        try:
            from games.minigrid._env import build
        except ImportError as error:
            raise MissingExtra(self.name, "minigrid", error) from error
        return build(task, image=image)


minigrid = _MiniGridGame("minigrid")
babyai = _MiniGridGame("babyai")
