"""Any Gymnasium environment, played with nothing written: ``gymnasium:<id>`` or ``gymnasium/<id>``.

What is registered with Gymnasium can be played. `tasks` lists the classic ones that come with
Gymnasium itself; every other id is found when it is asked for (``module:id`` imports the module
first, as `gymnasium.make` does).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from games.api import Starts, TaskInfo

if TYPE_CHECKING:
    from games.api import GameEnv

_LISTED = {
    "CartPole-v1": (500, Starts.MANY),
    "MountainCar-v0": (200, Starts.MANY),
    "Acrobot-v1": (500, Starts.MANY),
    "Pendulum-v1": (200, Starts.MANY),
    "Taxi-v3": (200, Starts.FEW),
    "FrozenLake-v1": (100, Starts.FIXED),
    "FrozenLake8x8-v1": (200, Starts.FIXED),
    "Blackjack-v1": (1000, Starts.FEW),
}


class _GymnasiumGame:
    """The game plugin."""

    name = "gymnasium"
    open_ended = True

    def tasks(self) -> Sequence[TaskInfo]:
        """The environments that come with Gymnasium and need nothing else."""
        return tuple(
            TaskInfo(task=f"gymnasium/{name}", game="gymnasium", starts=starts, max_steps=limit)
            for name, (limit, starts) in _LISTED.items()
        )

    def describe(self, task: str) -> TaskInfo:
        """What is known of an id that is not listed.

        Raises:
            ValueError: Gymnasium does not know the id, or has no words for its spaces.
        """
        from games.gym._env import describe

        return describe(task)

    def make(self, task: str, *, image: bool = False) -> GameEnv:
        """Build the environment of an id."""
        from games.gym._env import build

        return build(task, image=image)


gymnasium_game = _GymnasiumGame()
