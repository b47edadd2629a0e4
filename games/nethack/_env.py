"""The nine tasks: upstream's classes and rewards, each with its own measure of progress."""

from __future__ import annotations

import math
from typing import Any

from nle.env import tasks as upstream
from nle.env.base import NLE

from games.api import Brief, Progress
from games.nethack import TASKS
from games.nethack._engine import SETTINGS, NetHackEnv, unlock
from games.nethack._progress import log_share

_CLASSES: dict[str, type[NLE]] = {
    "NetHack-v0": NLE,
    "NetHackScore-v0": upstream.NetHackScore,
    "NetHackStaircase-v0": upstream.NetHackStaircase,
    "NetHackStaircasePet-v0": upstream.NetHackStaircasePet,
    "NetHackOracle-v0": upstream.NetHackOracle,
    "NetHackGold-v0": upstream.NetHackGold,
    "NetHackEat-v0": upstream.NetHackEat,
    "NetHackScout-v0": upstream.NetHackScout,
    # The challenge's own class refuses to be seeded; these are its settings on the class below it.
    "NetHackChallenge-v0": upstream.NetHackScore,
}
_GOALS = {
    "NetHackStaircase-v0": "stairs",
    "NetHackStaircasePet-v0": "pet",
    "NetHackOracle-v0": "oracle",
    "NetHackGold-v0": "gold",
    "NetHackEat-v0": "eat",
    "NetHackScout-v0": "scout",
}
_MOST = {"gold": 10_000.0, "eat": 10_000.0, "scout": 50 * 1_659.0}
"""Where the logarithmic scale of a task without an end reaches 1: gold pieces, points of nutrition, and
places seen (50 levels of 21 × 79)."""


class NetHackTask(NetHackEnv):
    """A task with its own goal.

    Progress is NetHack's (`games.nethack._progress`); or 1 for success where the task has an end; or, for
    gold, food and places seen, which have none, ``log(1 + amount) / log(1 + most)``.
    """

    def __init__(self, name: str, *, image: bool, terminal: bool) -> None:
        self._goal = _GOALS.get(name, "")
        super().__init__(
            unlock(_CLASSES[name](**_settings(name))),
            brief=Brief(
                "games/nethack.j2",
                {"goal": self._goal, "roles": "Challenge" in name},
                "manuals/nethack.j2",
            ),
            max_steps=TASKS[name],
            terminal=terminal,
            image=image,
        )

    def _begin(self, seed: int) -> None:
        self._amount = 0.0
        super()._begin(seed)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One action; what the reward gained counts for the tasks without an end."""
        raw, reward, over, cut, info = super().step(action)
        # What is below a whole number is the penalty for keys that took no time.
        self._amount += math.ceil(round(reward, 6))
        return raw, reward, over, cut, info

    def progress(self) -> Progress:
        """By the task's goal."""
        whole = super().progress()
        if self._goal in ("stairs", "pet", "oracle"):
            success = float(self.successful)
            return Progress(success, {**whole.parts, "success": success})
        if self._goal:
            share = log_share(self._amount, _MOST[self._goal])
            return Progress(share, {**whole.parts, "amount": self._amount})
        return whole


def _settings(name: str) -> dict[str, Any]:
    settings = dict(SETTINGS)
    if name == "NetHackChallenge-v0":
        settings |= {"character": "@", "penalty_step": 0.0}
    return settings


def build(name: str, *, image: bool, terminal: bool) -> NetHackTask:
    """The environment of a task; its name was checked against the list."""
    return NetHackTask(name, image=image, terminal=terminal)
