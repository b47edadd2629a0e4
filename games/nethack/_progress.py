"""How far a game of NetHack went.

`value` is the likelihood that a human game which came this far was won, after a table of reached
dungeon and experience levels (BALROG, `balrog/environments/nle/achievements.json`): the best entry that
was reached at any time counts, and ascending is 1. The table is steep: the first levels are worth one
or two hundredths. ``milestones`` beside it is the share of the table's entries that were reached, each
dungeon level down to the deepest and each experience level up to the highest counting the same, so that
the first steps show.

The numbers are read from the engine's own status, after every key, and the best is kept: an episode that
is cut off loses nothing. The last status before the end is what the parts hold.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from nle import nethack

from games.api import Progress

_QUEST, _LUDIOS, _PLANES = 3, 5, 7
"""Branches by their number in NetHack 3.6's dungeon.def, in which levels have names, not numbers."""

_PARTS = {
    "depth": nethack.NLE_BL_DEPTH,
    "experience_level": nethack.NLE_BL_XP,
    "gold": nethack.NLE_BL_GOLD,
    "game_score": nethack.NLE_BL_SCORE,
    "turns": nethack.NLE_BL_TIME,
    "hit_points": nethack.NLE_BL_HP,
}


@cache
def table() -> Mapping[str, float]:
    """What was reached, and its progress."""
    text = (resources.files(__package__) / "progress.csv").read_text(encoding="utf-8")
    return {row["reached"]: float(row["progress"]) for row in csv.DictReader(text.splitlines())}


class Journey:
    """What a game has reached so far."""

    def __init__(self) -> None:
        self.reached: set[str] = set()
        self.ascended = False
        self.last: dict[str, float] = dict.fromkeys(_PARTS, 0.0)
        self.deepest = 0
        self._measured = (0, 0.0, 0.0)  # of how much that was reached: the best entry, and the milestones

    def note(self, stats: Any) -> None:
        """Take in one status (27 numbers)."""
        depth, branch = int(stats[nethack.NLE_BL_DEPTH]), int(stats[nethack.NLE_BL_DNUM])
        self.reached.add(_place(branch, int(stats[nethack.NLE_BL_DLEVEL]), depth))
        self.reached.add(f"Xp:{int(stats[nethack.NLE_BL_XP])}")
        if branch not in (_QUEST, _LUDIOS, _PLANES):
            self.deepest = max(self.deepest, depth)
        self.last = {name: float(stats[index]) for name, index in _PARTS.items()}

    def progress(self, episode_return: float) -> Progress:
        """The best entry of the table, and the parts."""
        value = 1.0 if self.ascended else self._measure()[1]
        return Progress(value, {**self.parts(), "return": episode_return})

    def parts(self) -> dict[str, float]:
        """The raw numbers."""
        return {
            **self.last,
            "deepest": float(self.deepest),
            "ascended": float(self.ascended),
            "milestones": 1.0 if self.ascended else self._measure()[2],
        }

    def _measure(self) -> tuple[int, float, float]:
        """What the places and levels that were reached are worth; added up only when there are more."""
        if self._measured[0] != len(self.reached):
            best = max(table().get(key, 0.0) for key in self.reached)
            self._measured = (len(self.reached), best, self._milestones())
        return self._measured

    def _milestones(self) -> float:
        """The share of the table's entries beyond the start that were reached."""
        entries = [key for key, progress in table().items() if progress > 0]
        level = max((int(key[3:]) for key in self.reached if key.startswith("Xp:")), default=1)
        named = sum(key in table() for key in self.reached if not key.startswith(("Xp:", "Dlvl:")))
        return (max(0, min(self.deepest, 50) - 1) + min(level, 30) - 1 + named) / len(entries)


def _place(branch: int, level: int, depth: int) -> str:
    """A place as the status line of the game names it."""
    if branch == _QUEST:
        return f"Home {level}"
    if branch == _PLANES:
        return "Astral Plane" if level == 1 else "End Game"
    if branch == _LUDIOS:
        return "Fort Ludios"
    return f"Dlvl:{depth}"


def log_share(amount: float, most: float) -> float:
    """``log(1 + amount) / log(1 + most)`` within [0, 1]: for amounts that have no natural end."""
    return min(1.0, math.log1p(max(0.0, amount)) / math.log1p(most))
