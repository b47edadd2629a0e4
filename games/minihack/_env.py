"""MiniHack's environments, with upstream's actions, limits, rewards and endings.

Success is the task's own ending (`TASK_SUCCESSFUL`), whatever the reward of that step was; an ending that
upstream counts against the player (Memento's wrong turn) is none.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import gymnasium
import minihack  # noqa: F401 - registers the ids

from games.api import Brief, Progress
from games.minihack._goals import goal_of
from games.minihack._mended import mended
from games.nethack._engine import SETTINGS, NetHackEnv, unlock
from games.nethack._keys import commands_of


class MiniHackTask(NetHackEnv):
    """One of MiniHack's tasks. Progress is 1 for success."""

    def __init__(self, name: str, *, image: bool, terminal: bool) -> None:
        inner = make_inner(name)
        questions = bool(inner._allow_all_yn_questions)
        commands, limit = commands_of(inner.actions), int(inner._max_episode_steps)
        facts = {"goal": goal_of(name), "role": str(inner.character)[:3], "questions": questions}
        super().__init__(
            unlock(inner),
            brief=Brief("games/minihack.j2", facts, "manuals/minihack.j2"),
            max_steps=limit,
            descend=False,
            commands=commands,
            questions=questions,
            terminal=terminal,
            image=image,
        )

    def progress(self) -> Progress:
        """Whether the task was accomplished."""
        success = float(self.successful and not self._failed())
        return Progress(success, {"success": success, "turns": self._journey.last["turns"]})

    def _failed(self) -> bool:
        """Whether the ending was brought about by something that upstream pays a negative reward for."""
        manager = getattr(self._inner, "reward_manager", None)
        events = manager.events if manager is not None else ()
        return any(event.achieved and event.reward < 0 for event in events)


def make_inner(name: str) -> Any:
    """Upstream's environment, with its own actions and limit."""
    spec = gymnasium.spec(name)
    module, _, attribute = str(spec.entry_point).partition(":")
    cls = mended(getattr(import_module(module), attribute))
    return cls(**{**spec.kwargs, **SETTINGS})


def build(name: str, *, image: bool, terminal: bool) -> MiniHackTask:
    """The environment of a task; its name was checked against the table."""
    return MiniHackTask(name, image=image, terminal=terminal)
