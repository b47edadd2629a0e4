"""The environment: minigrid's own, with named actions, words, success as progress, and the bot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from minigrid.core.actions import Actions
from minigrid.minigrid_env import MiniGridEnv
from minigrid.utils.baby_ai_bot import BabyAIBot
from numpy.typing import NDArray

from games.api import Action, Brief, GameEnv, Observation, Progress
from games.minigrid._levels import make_level
from games.minigrid._words import describe

_TILE = 24
"""Pixels a cell: the 7 × 7 view gives 168 × 168, enough to tell shapes and colours."""

_ACTIONS = (
    Action("turn left", "turn 90 degrees to the left, on the spot", Actions.left, ("left",)),
    Action("turn right", "turn 90 degrees to the right, on the spot", Actions.right, ("right",)),
    Action(
        "go forward",
        "move one step ahead; walls, closed doors and things are in the way",
        Actions.forward,
        ("forward", "move forward", "ahead"),
    ),
    Action(
        "pick up",
        "pick up the key, ball or box directly in front, if you carry nothing",
        Actions.pickup,
        ("pickup", "pick"),
    ),
    Action("drop", "put what you carry on the empty floor directly in front", Actions.drop, ("put down",)),
    Action(
        "toggle",
        "open or close the door directly in front (a locked door opens only while you carry the key of "
        "its colour), or open a box, which vanishes and leaves what is in it",
        Actions.toggle,
        ("open", "use"),
    ),
    Action("done", "say that you have done what the mission asks; it ends the episode", Actions.done),
)

_NEED_DONE = ("MiniGrid-GoToDoor", "MiniGrid-GoToObject")
"""The ids in which ``done`` does anything (read in minigrid 3.2.0: only their `step` looks at it)."""


class MiniGridGame(GameEnv):
    """One minigrid environment. Raw: minigrid's dict of image (N × N × 3, uint8), direction, mission."""

    def __init__(self, env: MiniGridEnv, name: str) -> None:
        self._env = env
        self._name = name
        self._success = False
        self._bot: BabyAIBot | None = None
        self.observation_space = env.observation_space
        self.action_space = env.action_space
        self.render_mode = env.render_mode
        self.metadata = env.metadata
        self.actions = tuple(action for action in _ACTIONS if _does_something(action, env, name))

    @property
    def max_steps(self) -> int:  # type: ignore[override]
        """Known after `reset` only, where the level's size sets it."""
        return int(self._env.max_steps)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Make the level of a seed."""
        super().reset(seed=seed)
        raw, info = self._env.reset(seed=seed, options=options)
        self._success = False
        self._bot = None
        return raw, info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step; success is a terminal state that pays."""
        raw, reward, terminated, truncated, info = self._env.step(Actions(int(action)))
        self._success = bool(terminated) and float(reward) > 0
        return raw, float(reward), bool(terminated), bool(truncated), info

    def render(self) -> NDArray[np.uint8]:  # type: ignore[override]
        """What the agent sees, from its own place (168 × 168 × 3 for the 7 × 7 view)."""
        frame = self._env.get_frame(highlight=False, tile_size=_TILE, agent_pov=True)
        return np.asarray(frame, dtype=np.uint8)

    def close(self) -> None:
        """Free minigrid's window, if any."""
        self._env.close()

    def brief(self) -> Brief:
        """The mission, the view's size and the rules of the level's family."""
        facts = {
            "mission": self._env.mission,
            "view": self._env.agent_view_size,
            "family": type(self._env).__name__,
            "lava": "Lava" in self._name,
            "see_through_walls": bool(self._env.see_through_walls),
        }
        return Brief("games/minigrid.j2", facts, "manuals/minigrid.j2")

    def observe(self, raw: Any, info: Mapping[str, Any]) -> Observation:
        """Mission, what is carried, what is in front, everything in view."""
        return describe(raw)

    def progress(self) -> Progress:
        """1 when the mission is accomplished."""
        return Progress(float(self._success), {"success": float(self._success)})

    def oracle(self) -> str:
        """The next action of BabyAI's own bot, which follows what the agent has seen."""
        if self._bot is None:
            self._bot = BabyAIBot(self._env)
        action = self._bot.replan()
        return next(known.name for known in self.actions if known.value == action)


def _does_something(action: Action, env: MiniGridEnv, name: str) -> bool:
    if action.value == Actions.done:
        return name.startswith(_NEED_DONE)
    # In the Memory levels picking up is turned into toggling, and nothing there can be toggled or held.
    if name.startswith("MiniGrid-Memory"):
        return bool(action.value <= Actions.forward)
    return bool(action.value < env.action_space.n)


def build(task: str, *, image: bool) -> MiniGridGame:
    """The environment of a task name; its name was checked against the table."""
    game, _, name = task.partition("/")
    mode = "rgb_array" if image else None
    if game == "babyai":
        return MiniGridGame(make_level(name, render_mode=mode), name)
    env = gymnasium.make(name, render_mode=mode, disable_env_checker=True).unwrapped
    assert isinstance(env, MiniGridEnv)  # noqa: S101 - every id of the table is one
    return MiniGridGame(env, name)
