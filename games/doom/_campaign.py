"""The levels of Freedoom, which comes with ViZDoom, and of Doom and Doom II, whose WADs the player brings.

Progress in a level is the way to its exit (`games.doom._way`), in tenths, and leaving it alive counts as much
as six of them; in a campaign of several, half of the way and the exit of each count the same. Monsters, items
and secrets do not count: a level is done when it is left, and one can run past most of what is in it.

The SHA-1 of the WADs are those of the catalogue of Ultimate Doom Builder (WAD.cs), which takes them from
https://github.com/Doom-Utils/iwad-patches; those of Doom are the same at https://doomwiki.org/wiki/DOOM.WAD.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from games.frames import Spec


EPISODES = tuple(f"e{episode}m{level}" for episode in range(1, 5) for level in range(1, 10))
MAPS = tuple(f"map{number:02}" for number in range(1, 33))

_ULTIMATE = {"sha1": "9b07b02ab3c275a6a7570c3f73cc20d63a0e3833", "name": "The Ultimate Doom 1.9 (doom.wad)"}
_REGISTERED = {"sha1": "7742089b4468a736cadb659a7deca3320fe6dcbd", "name": "Doom 1.9, registered (doom.wad)"}
_DOOM2 = (
    {"sha1": "7ec7652fcfce8ddc6e801839291f0e28ef1d5ae7", "name": "Doom II 1.9 (doom2.wad)"},
    {"sha1": "6d559b7ceece4f5ad457415049711992370d520a", "name": "Doom II 1.666 (doom2.wad)"},
)

_EPISODE_NAMES = ("e1", "e2", "e3", "e4")
_END = "What counts is how much of the way to the exit you have done, and leaving. Death ends the episode."
_ONE = f"Find the exit of the level and leave through it alive: most exits are a switch to use. {_END}"
_SEVERAL = (
    "Level by level, find the exit and leave through it alive: most exits are a switch to use. You keep "
    f"what you carry, but no keys. {_END}"
)


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
_BOUGHT = "https://github.com/Doom-Utils/iwad-patches (which files are which)"
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

_UNITS = (
    "Distances are in map units: a door is 64 to 128 wide, you are 32 wide. Walking covers about 8 units a "
    "frame, running 17; turning turns by about 3.5 degrees a frame, and half as fast in the first 6."
)


def split(name: str) -> tuple[str, tuple[str, ...]] | None:
    """``freedoom1-e1m1`` → campaign and levels; None where there are none.

    ``doom2`` is all of its levels but the two secret ones, ``doom-e1`` an episode without its secret level.
    """
    campaign, _, part = name.partition("-")
    levels = CAMPAIGNS[campaign].levels if campaign in CAMPAIGNS else ()
    if part in levels:
        return campaign, (part,)
    several = levels[:30] if levels is MAPS and not part else ()
    if levels is EPISODES and part in _EPISODE_NAMES:
        several = tuple(f"{part}m{number}" for number in range(1, 9))
    return (campaign, several) if several else None


def names(campaign: str) -> tuple[str, ...]:
    """The tasks of a campaign: all at once, then level by level."""
    levels = CAMPAIGNS[campaign].levels
    whole = [campaign] if levels is MAPS else [f"{campaign}-{episode}" for episode in _EPISODE_NAMES]
    return (*whole, *(f"{campaign}-{level}" for level in levels))


def limits(name: str) -> dict[str, int]:
    """What ends an episode: 20 minutes of the game for a level, 3 hours for several."""
    found = split(name)
    single = found is not None and len(found[1]) == 1
    return {"steps": 1500, "frames": 42_000} if single else {"steps": 9000, "frames": 378_000}


def content_of(name: str) -> dict[str, Any]:
    """What a level, or several, is played from, as specs say it."""
    campaign, levels = split(name) or ("", ("",))
    return CAMPAIGNS[campaign].content(levels[0])


@cache
def level_spec(name: str, skill: int = USUAL_SKILL) -> Spec:
    """The spec of a level, or of several, at a skill.

    Raises:
        ValueError: there are no such levels.
    """
    found = split(name)
    if found is None:
        raise ValueError(f"there is no level {name!r}")
    from games.frames import Spec

    campaign, levels = CAMPAIGNS[found[0]], found[1]
    several = len(levels) > 1
    return Spec.model_validate(
        {
            "title": f"{campaign.title}, {levels[0].upper()}{f' to {levels[-1].upper()}' if several else ''}",
            "source": (campaign.source, "games/doom/_way.py: the way to the exit"),
            "tested": bool(campaign.wad),
            "content": campaign.content(levels[0]),
            "engine": {"levels": levels, "skill": skill, "words": False},
            "objective": f"{_SEVERAL if several else _ONE} {_UNITS}",
            "controls": CONTROLS,
            "milestones": tuple(_stages(levels) if several else _milestones()),
            "ends": {"won": {"finished": 1}, "lost": {"dead": 1}},
            "limits": limits(name),
            "step": {"hold": 12, "frames": 12, "most": 175},
            "scale": 2,
        }
    )


def _milestones() -> list[dict[str, Any]]:
    tenths = [
        {"name": f"{tenth} tenths of the way", "when": {"way": f">= {tenth / 10}"}} for tenth in range(1, 10)
    ]
    return [*tenths, {"name": "the exit", "weight": 6, "when": {"finished": 1}}]


def _stages(levels: tuple[str, ...]) -> list[dict[str, Any]]:
    """Half of the way and the exit of each level, worth the same."""
    found: list[dict[str, Any]] = []
    for number, level in enumerate(levels):
        there = {"done": number, "way": ">= 0.5"}
        half = {"any": [there, {"done": f"> {number}"}]}
        found.append({"name": f"half of {level}", "when": half})
        found.append({"name": level, "when": {"done": f"> {number}"}})
    return found
