"""Crafter as a Gymnasium environment: named actions, a seed for every episode, words or pictures."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np
from crafter import constants
from gymnasium import spaces
from numpy.typing import NDArray

from games.api import Action, Brief, GameEnv, Observation, Progress
from games.crafter._engine import LEGEND, SeededCrafter
from games.crafter._words import describe

_LENGTH = 10_000  # steps, as published (Hafner 2021, "Benchmarking the Spectrum of Agent Capabilities")
_SIZE = 288  # pixels: 9 cells of 32
_VIEW = (9, 7)  # cells of the world in view, west–east by north–south
_COMPASS = {"left": "west", "right": "east", "up": "north", "down": "south"}


def _cost(uses: Mapping[str, int]) -> str:
    return " and ".join(f"{count} {name.replace('_', ' ')}" for name, count in uses.items())


def _describe(name: str) -> tuple[str, str, tuple[str, ...]]:
    """A readable name, what the action does by the game's own rules, and upstream's name as alias."""
    verb, _, thing = name.partition("_")
    words = thing.replace("_", " ")
    if verb == "move":
        way = _COMPASS[thing]
        return (
            f"move {way}",
            f"turn to the {way} and take a step, if the way is free",
            (name, f"move {thing}", way),
        )
    if verb == "place":
        rule = constants.place[thing]
        where = ", ".join(rule["where"])
        text = f"put a {words} on the cell you face (takes {_cost(rule['uses'])}; it must be {where})"
        return f"place {words}", text, (name,)
    if verb == "make":
        rule = constants.make[thing]
        near = " and a ".join(rule["nearby"])
        return f"make {words}", f"takes {_cost(rule['uses'])} and a {near} beside you", (name,)
    if name == "do":
        text = "collect, eat, drink or strike what you face, by the rules above"
        return "do", text, ("interact", "collect", "attack")
    if name == "sleep":
        return "sleep", "fall asleep (only when energy is below 9) until rested, or until you are hurt", ()
    return "noop", "wait one step", ("wait", "no-op", "nothing")


ACTIONS = tuple(
    Action(words, text, number, aliases)
    for number, (words, text, aliases) in enumerate(map(_describe, constants.actions))
)


class CrafterGame(GameEnv):
    """The standard world, 64 × 64 cells.

    Raw: a dict of the 9 × 7 cells in view (uint8, numbers into `LEGEND`; at night too), the facing
    direction (dx, dy), position, inventory, achievement counts, sleeping, daylight in [0, 1].
    """

    actions = ACTIONS
    max_steps = _LENGTH

    def __init__(self, *, image: bool = False) -> None:
        self.render_mode = "rgb_array" if image else None
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": 5}
        self._env = SeededCrafter(size=_SIZE, length=_LENGTH)
        self.action_space = spaces.Discrete(len(ACTIONS))
        self.observation_space = _space()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Make the world of a seed (a random one without)."""
        chosen = self._seeded(seed)
        self._env.start(chosen)
        return self._raw(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step; dying terminates, the length truncates. Reward as published."""
        _, reward, done, info = self._env.step(int(action))
        dead = info["discount"] == 0.0
        return self._raw(), float(reward), bool(dead), bool(done and not dead), {}

    def render(self) -> NDArray[np.uint8]:  # type: ignore[override]
        """The game's own picture (288 × 288 × 3)."""
        return self._env.picture()

    def brief(self) -> Brief:
        """The rules, read from the game's own data file."""
        facts = {
            "collect": constants.collect,
            "make": constants.make,
            "place": constants.place,
            "items": constants.items,
            "achievements": [name.replace("_", " ") for name in constants.achievements],
            "view": _VIEW,
        }
        return Brief("games/crafter.j2", facts, "manuals/crafter.j2")

    def observe(self, raw: Any, info: Mapping[str, Any]) -> Observation:
        """Achievements, inventory, status, what is faced and what is in view."""
        return describe(raw, LEGEND)

    def progress(self) -> Progress:
        """Achievements unlocked of 22, and how often each was."""
        counts = self._env._player.achievements
        unlocked = sum(count > 0 for count in counts.values())
        parts = {"unlocked": float(unlocked), **{name: float(count) for name, count in counts.items()}}
        return Progress(unlocked / len(counts), parts)

    def checkpoint(self) -> bytes:
        """The world, its generator and the player, whole."""
        return pickle.dumps(_State.of(self._env))

    def restore(self, state: bytes) -> None:
        """Take over a checkpoint. Bytes of another source must not be given."""
        # Checkpoints live in memory only and are never read from a run folder.
        pickle.loads(state).give_to(self._env)  # noqa: S301

    def _raw(self) -> dict[str, Any]:
        env = self._env
        player = env._player
        return {
            "view": env.cells(*_VIEW),
            "facing": tuple(int(value) for value in player.facing),
            "position": tuple(int(value) for value in player.pos),
            "inventory": dict(player.inventory),
            "achievements": dict(player.achievements),
            "sleeping": bool(player.sleeping),
            "daylight": float(env._world.daylight),
        }


_KEPT = ("_step", "_seed_of_episode", "_last_health", "_unlocked")


class _State:
    """What makes up an episode: everything in the world's own attributes, the player among them."""

    def __init__(self, world: dict[str, Any], player: Any, rest: dict[str, Any]) -> None:
        self.world, self.player, self.rest = world, player, rest

    @classmethod
    def of(cls, env: SeededCrafter) -> _State:
        return cls(env._world.__dict__, env._player, {name: getattr(env, name) for name in _KEPT})

    def give_to(self, env: SeededCrafter) -> None:
        world = env._world
        world.__dict__.clear()
        world.__dict__.update(copy.copy(self.world))
        for thing in world.objects:
            thing.world = world
        env._player = self.player
        env.__dict__.update(self.rest)


def _space() -> spaces.Dict:
    counts = {
        "inventory": spaces.Dict({name: spaces.Discrete(10) for name in constants.items}),
        "achievements": spaces.Dict({name: spaces.Discrete(_LENGTH) for name in constants.achievements}),
    }
    return spaces.Dict(
        {
            "view": spaces.Box(0, len(LEGEND) - 1, _VIEW, np.uint8),
            "facing": spaces.Tuple([spaces.Discrete(3, start=-1)] * 2),
            "position": spaces.Tuple([spaces.Discrete(64)] * 2),
            "sleeping": spaces.Discrete(2),
            "daylight": spaces.Box(0.0, 1.0, (), np.float64),
            **counts,
        }
    )
