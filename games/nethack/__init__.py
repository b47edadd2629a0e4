"""NetHack, by the nine tasks of the NetHack Learning Environment, played with the whole keyboard.

``nethack/NetHackChallenge-v0`` is the game itself; the picture is the map in tiles, or the terminal where
the task's name ends in ``@terminal``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from games.api import MissingExtra, TaskInfo

if TYPE_CHECKING:
    from games.api import GameEnv

TASKS = {
    "NetHack-v0": 5_000,
    "NetHackScore-v0": 5_000,
    "NetHackStaircase-v0": 5_000,
    "NetHackStaircasePet-v0": 5_000,
    "NetHackOracle-v0": 5_000,
    "NetHackGold-v0": 5_000,
    "NetHackEat-v0": 5_000,
    "NetHackScout-v0": 5_000,
    "NetHackChallenge-v0": 100_000,
}
"""The tasks and their step limits: upstream's, but for the challenge, which has a million there and is
played with BALROG's 100,000 (`balrog/config/config.yaml`)."""

EXPLORED = ("NetHack-v0", "NetHackScore-v0", "NetHackStaircase-v0", "NetHackScout-v0", "NetHackChallenge-v0")
"""The tasks whose goal the explorer works towards."""

TERMINAL = "@terminal"


def _info(task: str) -> TaskInfo:
    plain = task.partition("/")[2].removesuffix(TERMINAL)
    return TaskInfo(task=task, game="nethack", oracle=plain in EXPLORED, max_steps=TASKS[plain])


class _NetHackGame:
    """The game plugin."""

    name = "nethack"
    open_ended = True

    def tasks(self) -> Sequence[TaskInfo]:
        """The nine tasks."""
        return tuple(_info(f"nethack/{name}") for name in TASKS)

    def describe(self, task: str) -> TaskInfo:
        """A task with the terminal for a picture.

        Raises:
            ValueError: there is no such task.
        """
        if task.partition("/")[2].removesuffix(TERMINAL) not in TASKS:
            raise ValueError(
                f"unknown task {task!r}; there are: {', '.join(TASKS)}, each also with {TERMINAL}"
            )
        return _info(task)

    def make(self, task: str, *, image: bool = False) -> GameEnv:
        """Build a task's environment."""
        try:
            from games.nethack._env import build
        except ImportError as error:
            raise MissingExtra(self.name, "nethack", error) from error
        name = task.partition("/")[2]
        return build(name.removesuffix(TERMINAL), image=image, terminal=name.endswith(TERMINAL))


nethack = _NetHackGame()
