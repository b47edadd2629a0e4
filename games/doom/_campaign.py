"""The levels of Freedoom, which comes with ViZDoom, and of Doom and Doom II, whose WADs the player brings.

Progress in a level is the way to its exit (`games.doom._way`), in tenths, and leaving it alive counts as much
as six of them. Monsters, items and secrets do not count: a level is done when it is left, and one can run past
most of what is in it.

The SHA-1 of the WADs: https://doomwiki.org/wiki/DOOM.WAD and https://doomwiki.org/wiki/DOOM2.WAD; the same are
in the catalogue of Ultimate Doom Builder, which takes them from https://github.com/Doom-Utils/iwad-patches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from games.frames import Spec

EPISODES = tuple(f"e{episode}m{level}" for episode in range(1, 5) for level in range(1, 10))
MAPS = tuple(f"map{number:02}" for number in range(1, 33))

_ULTIMATE = {"sha1": "9b07b02ab3c275a6a7570c3f73cc20d63a0e3833", "name": "The Ultimate Doom 1.9 (doom.wad)"}
_REGISTERED = {"sha1": "7742089b4468a736cadb659a7deca3320fe6dcbd", "name": "Doom 1.9, registered (doom.wad)"}
_DOOM2 = (
    {"sha1": "7ec7652fcfce8ddc6e801839291f0e28ef1d5ae7", "name": "Doom II 1.9 (doom2.wad)"},
    {"sha1": "6d559b7ceece4f5ad457415049711992370d520a", "name": "Doom II 1.666 (doom2.wad)"},
)

_MANUAL = "https://doomwiki.org/wiki/Controls"


@dataclass(frozen=True)
class Campaign:
    """The levels of one game and where its WAD is from."""

    title: str
    levels: tuple[str, ...]
    source: str
    wad: str = ""

    def content(self, level: str) -> dict[str, Any]:
        """What a level is played from, as specs say it; the fourth episode is the Ultimate Doom's only."""
        if self.wad:
            return {"wad": self.wad}
        if self.levels is MAPS:
            return {"rom": _DOOM2}
        return {"rom": (_ULTIMATE,) if level.startswith("e4") else (_ULTIMATE, _REGISTERED)}


_FREE = "ViZDoom 1.3.2 (freedoom1.wad, freedoom2.wad); https://freedoom.github.io"
_BOUGHT = "https://doomwiki.org/wiki/IWAD"
CAMPAIGNS: Mapping[str, Campaign] = {
    "freedoom1": Campaign("Freedoom: Phase 1", EPISODES, _FREE, "freedoom1.wad"),
    "freedoom2": Campaign("Freedoom: Phase 2", MAPS, _FREE, "freedoom2.wad"),
    "doom": Campaign("Doom", EPISODES, _BOUGHT),
    "doom2": Campaign("Doom II", MAPS, _BOUGHT),
}

SKILLS = range(1, 6)
"""1 is "I'm too young to die", 3 "Hurt me plenty" (the usual), 5 "Nightmare"."""
USUAL_SKILL = 3

CONTROLS = {
    "forward": "walk forward",
    "back": "walk backward",
    "left": "turn left",
    "right": "turn right",
    "strafe left": "step to the left without turning",
    "strafe right": "step to the right without turning",
    "run": "with others, twice as fast",
    "attack": "fire the weapon, or strike",
    "use": "open a door, press a switch, right before it",
    "fist": "take the fist, or the chainsaw",
    "pistol": "take the pistol",
    "shotgun": "take the shotgun",
    "chaingun": "take the chaingun",
    "rockets": "take the rocket launcher",
    "plasma": "take the plasma rifle",
    "bfg": "take the BFG 9000",
}

LEGEND = (
    "Distances are in map units: a door is 64 to 128 wide, you are 32 wide. Walking covers about 8 units a frame, "
    "running 17; turning turns by about 3.5 degrees a frame, and half as fast in the first 6."
)


def split(name: str) -> tuple[str, str] | None:
    """``freedoom1-e1m1`` → campaign and level; None where there is no such level."""
    campaign, _, level = name.partition("-")
    if campaign in CAMPAIGNS and level in CAMPAIGNS[campaign].levels:
        return campaign, level
    return None


def names(campaign: str) -> tuple[str, ...]:
    """The tasks of a campaign."""
    return tuple(f"{campaign}-{level}" for level in CAMPAIGNS[campaign].levels)


@cache
def level_spec(name: str, skill: int = USUAL_SKILL) -> Spec:
    """The spec of a level at a skill.

    Raises:
        ValueError: there is no such level.
    """
    found = split(name)
    if found is None:
        raise ValueError(f"there is no level {name!r}")
    campaign, level = CAMPAIGNS[found[0]], found[1]
    return Spec.model_validate(
        {
            "title": f"{campaign.title}, {level.upper()}",
            "source": (campaign.source, _MANUAL),
            "tested": bool(campaign.wad),
            "content": campaign.content(level),
            "engine": {"map": level, "skill": skill, "way": True, "legend": LEGEND},
            "objective": "Find the exit of the level and leave through it alive: most exits are a switch to use. "
            "What counts is how much of the way to the exit you have done, and that you leave. "
            "When you die, the episode is over.",
            "controls": CONTROLS,
            "milestones": tuple(_milestones()),
            "ends": {"won": {"finished": 1}, "lost": {"dead": 1}},
            "limits": {"steps": 1500, "frames": 42_000},
            "step": {"hold": 12, "frames": 12, "most": 175},
            "check": 4,
            "scale": 2,
        }
    )


def _milestones() -> list[dict[str, Any]]:
    tenths = [
        {"name": f"{tenth} tenths of the way", "when": {"way": f">= {tenth / 10}"}} for tenth in range(1, 10)
    ]
    return [*tenths, {"name": "the exit", "weight": 6, "when": {"finished": 1}}]
