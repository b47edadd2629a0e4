"""Atari 2600 games on the Arcade Learning Environment, from the picture; fifteen also in words.

``atari/breakout`` is played under the protocol ``machado``, ``atari/breakout@atari100k`` under another. The
protocol is part of the task's name, so that scores of two are never mixed.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from games.api import MissingExtra, Starts, TaskInfo
from games.atari.tables import TABLES

if TYPE_CHECKING:
    from games.api import GameEnv

TRACKED = ("breakout", "pong")
"""The games for which there is a scripted player (`games.atari._trackers`)."""

STEPS = {"machado": 27_000, "atari100k": 27_000, "atari-gpt": 1_000}
"""Protocol → its step limit: 108,000 frames, or 1,000 steps, of four frames each."""

PROTOCOLS = tuple(STEPS)


@cache
def games() -> tuple[str, ...]:
    """The games whose ROMs come with ale-py 0.12.1 and start with one player."""
    text = (resources.files(__package__) / "games.txt").read_text(encoding="utf-8")
    return tuple(text.split())


def _info(task: str, name: str, protocol: str) -> TaskInfo:
    # The first picture of a game is the same for most seeds; sticky actions make the play differ.
    return TaskInfo(
        task=task,
        game="atari",
        text=name in TABLES,
        starts=Starts.FEW,
        oracle=name in TRACKED,
        max_steps=STEPS[protocol],
        frames=True,
    )


class _AtariGame:
    """The game plugin."""

    name = "atari"
    open_ended = True

    def tasks(self) -> Sequence[TaskInfo]:
        """Every game under the protocol `machado`."""
        return tuple(_info(f"atari/{name}", name, PROTOCOLS[0]) for name in games())

    def describe(self, task: str) -> TaskInfo:
        """A game under a named protocol.

        Raises:
            ValueError: there is no such game or protocol.
        """
        return _info(task, *split(task))

    def make(self, task: str, *, image: bool = False) -> GameEnv:
        """Build the environment. The picture can always be drawn."""
        name, protocol = split(task)
        try:
            from games.atari._env import AtariGame
        except ImportError as error:
            raise MissingExtra(self.name, "atari", error) from error
        return AtariGame(name, protocol, image=image)


def split(task: str) -> tuple[str, str]:
    """``atari/game@protocol`` → game and protocol."""
    name, at, protocol = task.partition("/")[2].partition("@")
    if name not in games():
        near = difflib.get_close_matches(name, games(), n=1)
        raise ValueError(f"unknown task {task!r}" + (f"; did you mean 'atari/{near[0]}'?" if near else ""))
    if at and protocol not in PROTOCOLS:
        raise ValueError(f"unknown protocol {protocol!r}; there are: {', '.join(PROTOCOLS)}")
    return name, protocol or PROTOCOLS[0]


atari = _AtariGame()
