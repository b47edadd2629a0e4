"""Doom on ViZDoom: its scenarios, all levels of Freedoom, and Doom and Doom II for those who have the WADs.

``doom/basic``; ``doom/freedoom1-e1m1``; ``doom/freedoom1-e1m1@skill=5``; ``doom/freedoom2`` and
``doom/doom-e1`` are levels one after the other. The skill is part of a level's name, so that scores of two
are never mixed.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from games import roms
from games.api import MissingExtra, Starts, TaskInfo
from games.doom._campaign import CAMPAIGNS, SKILLS, USUAL_SKILL, content_of, level_spec, limits, names
from games.doom._campaign import split as level_of
from games.frames import _options, content, outline, spec_names

if TYPE_CHECKING:
    from games.api import GameEnv
    from games.frames import Spec

_OWN = {"skill": f"from 1 to 5, {USUAL_SKILL} is the usual; levels only"}

_FIXED = ("deadly-corridor", "defend-the-center", "defend-the-line", "take-cover")
"""Scenarios that begin the same for every seed; monsters then act by chance. Levels do so too (measured)."""


class _DoomGame:
    """The game plugin."""

    name = "doom"
    open_ended = True

    def tasks(self) -> Sequence[TaskInfo]:
        """The scenarios, the levels of Freedoom, and those of the WADs that are in the library."""
        found = [*spec_names(__package__)]
        for campaign in CAMPAIGNS:
            if CAMPAIGNS[campaign].wad:
                found += names(campaign)
            else:
                found += [name for name in names(campaign) if roms.have(content(content_of(name)))]
        return tuple(_info(f"doom/{name}", name) for name in found)

    def describe(self, task: str) -> TaskInfo:
        """A task with options, or a level of a WAD that the player has to bring.

        Raises:
            ValueError: there is no such task or option.
        """
        name, options = _split(task)
        _spec(task, name, options)
        return _info(task, name)

    def make(self, task: str, *, image: bool = False) -> GameEnv:
        """Build the environment of a task; ViZDoom runs as a process of its own.

        Raises:
            ValueError: there is no such task, or its WAD is not in the library.
            MissingExtra: ViZDoom is not installed.
        """
        name, options = _split(task)
        spec = _spec(task, name, options)
        try:
            from games.doom._open import opened
        except ImportError as error:
            raise MissingExtra(self.name, "doom", error) from error
        from games.frames import FrameGame

        text = _info(task, name).text
        return FrameGame(opened(spec), spec, image=image, text=text, **_options.shared(task, options))


def _split(task: str) -> tuple[str, dict[str, str]]:
    return _options.split(task, _OWN)


def _spec(task: str, name: str, options: dict[str, str]) -> Spec:
    _options.shared(task, options)
    if name in spec_names(__package__):
        if "skill" in options:
            raise ValueError(f"{task}: a scenario has the skill that it is made for")
        from games.frames import read_spec

        return read_spec(__package__, name)
    if level_of(name) is None:
        known = [*spec_names(__package__), *(level for campaign in CAMPAIGNS for level in names(campaign))]
        near = difflib.get_close_matches(name, known, n=1)
        raise ValueError(f"unknown task {task!r}" + (f"; did you mean 'doom/{near[0]}'?" if near else ""))
    given = {"skill": options.get("skill", str(USUAL_SKILL))}
    return level_spec(name, _options.number(task, given, "skill", SKILLS[0], SKILLS[-1]))


def _info(task: str, name: str) -> TaskInfo:
    scenario = name in spec_names(__package__)
    level: dict[str, Any] = {"engine": {"words": False}, "limits": limits(name)} if not scenario else {}
    spec = level or outline(__package__, name)
    own = spec.get("engine", {})
    return TaskInfo(
        task=task,
        game="doom",
        text=own.get("words", True),
        starts=Starts.MANY if scenario and name not in _FIXED else Starts.FIXED,
        oracle="oracle" in own,
        max_steps=spec["limits"]["steps"],
        frames=True,
        overlap=True,
    )


doom = _DoomGame()
