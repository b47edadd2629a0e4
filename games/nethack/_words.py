"""What the player sees, in words: pure functions of the raw observation (`games.nethack._engine`).

The words for things are the game's own, as its look-around command would give them; they tell no more
than a player at the keyboard can know (a potion is "pink", not "healing").
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from nle import nethack

from games.api import Observation, Section, Stability

WINDS = {
    "north": (0, -1),
    "northeast": (1, -1),
    "east": (1, 0),
    "southeast": (1, 1),
    "south": (0, 1),
    "southwest": (-1, 1),
    "west": (-1, 0),
    "northwest": (-1, -1),
}
"""Direction → columns to the right, rows down; by the clock."""

_MOST_PLACES = 8  # of one kind of thing; the map shows the others
_BRANCHES = (
    "",
    "Gehennom",
    "the Gnomish Mines",
    "the Quest",
    "Sokoban",
    "Fort Ludios",
    "Vlad's Tower",
    "the Elemental Planes",
)
_HUNGER = ("satiated", "", "hungry", "weak from hunger", "fainting", "fainted", "starved")
_LOADS = ("", "burdened", "stressed", "strained", "overtaxed", "overloaded")
_CONDITIONS = (
    "turning to stone",
    "turning to slime",
    "strangled",
    "food poisoned",
    "terminally ill",
    "blind",
    "deaf",
    "stunned",
    "confused",
    "hallucinating",
    "levitating",
    "flying",
    "riding",
)
_TITLE = re.compile(rb"^(.*?)\s+St:")


def _notable_glyphs() -> np.ndarray[Any, Any]:
    """Of every glyph whether it is told one by one: things and beings, but not floor, walls and dark."""
    told = np.ones(nethack.MAX_GLYPH + 1, dtype=bool)
    plain = [*range(12), 19, 20, 21, 22]  # stone, walls, floors and corridors (NetHack 3.6 rm.h, S_…)
    told[[nethack.GLYPH_CMAP_OFF + symbol for symbol in plain]] = False
    told[nethack.MAX_GLYPH] = False  # no glyph at all
    return told


_TOLD = _notable_glyphs()


def notable(glyphs: Any, stats: Any, descriptions: Any) -> tuple[list[tuple[int, int, str]], tuple[str, ...]]:
    """The things in view with their places, and what is on the eight places next to the player."""
    x, y = int(stats[0]), int(stats[1])
    mask = _TOLD[glyphs]
    mask[y, x] = False
    rows, columns = np.nonzero(mask)
    texts = descriptions[rows, columns]
    seen = [
        (int(column), int(row), _text(text)) for column, row, text in zip(columns, rows, texts, strict=True)
    ]
    beside = tuple(
        _text(descriptions[y + dy, x + dx]) if 0 <= y + dy < 21 and 0 <= x + dx < 79 else ""
        for dx, dy in WINDS.values()
    )
    return [thing for thing in seen if thing[2]], beside


def _text(padded: Any) -> str:
    return bytes(padded).partition(b"\0")[0].decode("latin-1")


def describe(raw: dict[str, Any]) -> Observation:
    """The sections of one raw observation, what changes least first.

    What changes at every step (the turn, your own place, where beings are from there) stands apart from what
    does not, so that little is said again to a player who is told what changed.
    """
    sections = [
        Section("inventory", _inventory(raw), Stability.SLOW),
        Section("statistics", _statistics(raw)),
        Section("message", raw["message"] or "none"),
    ]
    if raw["menu"]:
        sections.append(Section("menu", raw["menu"]))
    if raw["asking"]:
        sections.append(Section("the game waits for", _WAITS[raw["asking"]]))
    sections += [
        Section("next to you", _beside(raw["beside"])),
        Section("beings in view", _beings(raw)),
        Section("things in view", _things(raw)),
        Section("map", _map(raw["chars"])),
        Section("now", _now(raw)),
    ]
    return Observation(tuple(sections))


_WAITS = {
    "direction": "a direction",
    "question": "one key: see the message",
    "line": "a line of text",
    "menu": "a choice from the menu: letters, then enter; or esc",
    "place": 'a place: move the cursor with directions or signs such as > or m, then answer "."',
}


def _inventory(raw: dict[str, Any]) -> str:
    lines = (
        f"{chr(letter)} - {_text(text)}"
        for letter, text in zip(raw["inv_letters"].tolist(), raw["inv_strs"], strict=True)
    )
    return "\n".join(lines) or "nothing"


def _statistics(raw: dict[str, Any]) -> str:
    stats = raw["blstats"].tolist()
    branch = _BRANCHES[stats[23]] if 0 < stats[23] < len(_BRANCHES) else ""
    lines = [
        f"dungeon level {stats[12]}" + (f" in {branch}" if branch else ""),
        f"hit points {stats[10]} of {stats[11]}, power {stats[14]} of {stats[15]}, armour class {stats[16]}",
        f"experience level {stats[18]} ({stats[19]} points), gold {stats[13]}",
        f"strength {_strength(stats[3])}, dexterity {stats[4]}, constitution {stats[5]}, "
        f"intelligence {stats[6]}, wisdom {stats[7]}, charisma {stats[8]}",
        *_state(stats),
    ]
    if title := _TITLE.match(bytes(raw["tty_chars"][22])):  # a window may cover it
        lines.insert(0, title.group(1).decode("latin-1"))
    return "\n".join(lines)


def _strength(value: int) -> str:
    """Strength as the game writes it: 18/01 to 18/** lie between 18 and 19."""
    if value <= 18:
        return str(value)
    if value < 118:
        return f"18/{value - 18:02d}"
    return "18/**" if value == 118 else str(value - 100)


def _state(stats: list[int]) -> list[str]:
    bits = stats[25]
    words = [_HUNGER[stats[21]], _LOADS[stats[22]]]
    words += [name for index, name in enumerate(_CONDITIONS) if bits >> index & 1]
    told = ", ".join(word for word in words if word)
    return [f"you are {told}"] if told else []


def _beside(texts: tuple[str, ...]) -> str:
    """What is on the eight places around, each thing with its directions."""
    kinds: dict[str, list[str]] = {}
    for wind, text in zip(WINDS, texts, strict=True):
        kinds.setdefault(text or "nothing", []).append(wind)
    return "\n".join(f"{text}: {', '.join(winds)}" for text, winds in kinds.items())


def _kinds(raw: dict[str, Any], *, beings: bool) -> dict[str, list[tuple[int, int, int]]]:
    """Of each kind its places as (distance, columns, rows) from the player, the nearest first."""
    x, y = int(raw["blstats"][0]), int(raw["blstats"][1])
    glyphs = raw["glyphs"]
    kinds: dict[str, list[tuple[int, int, int]]] = {}
    for column, row, text in raw["seen"]:
        if nethack.glyph_is_monster(int(glyphs[row, column])) == beings:
            dx, dy = column - x, row - y
            kinds.setdefault(text, []).append((max(abs(dx), abs(dy)), dx, dy))
    for places in kinds.values():
        places.sort()
    return kinds


def _beings(raw: dict[str, Any]) -> str:
    """Where they are from the player, the nearest first: they move, and so does the player."""
    kinds = sorted(_kinds(raw, beings=True).items(), key=lambda item: item[1][0])
    lines = (
        f"{text}: " + "; ".join(_where(dx, dy) for _, dx, dy in places[:_MOST_PLACES]) + _more(places)
        for text, places in kinds
    )
    return "\n".join(lines) or "none"


def _things(raw: dict[str, Any]) -> str:
    """Where they are on the map: they stay, so this seldom changes."""
    x, y = int(raw["blstats"][0]), int(raw["blstats"][1])
    lines = []
    for text, places in _kinds(raw, beings=False).items():
        told = sorted((y + dy, x + dx) for _, dx, dy in places[:_MOST_PLACES])
        where = "; ".join(f"column {column} row {row}" for row, column in told)
        lines.append(f"{text}: {where}{_more(places)}")
    return "\n".join(sorted(lines)) or "nothing but walls and floor"


def _more(places: list[tuple[int, int, int]]) -> str:
    return f"; and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else ""


def _where(dx: int, dy: int) -> str:
    """How far and in which direction: "3 northwest", "2 east and 5 south"."""
    upward = "south" if dy > 0 else "north"
    sideward = "east" if dx > 0 else "west"
    if not dx:
        return f"{abs(dy)} {upward}"
    if not dy:
        return f"{abs(dx)} {sideward}"
    if abs(dx) == abs(dy):
        return f"{abs(dx)} {upward}{sideward}"
    return f"{abs(dx)} {sideward} and {abs(dy)} {upward}"


def _map(chars: Any) -> str:
    return "\n".join(bytes(row).decode("latin-1").rstrip() for row in chars)


def _now(raw: dict[str, Any]) -> str:
    row, column = (int(value) for value in raw["tty_cursor"])
    x, y = int(raw["blstats"][0]), int(raw["blstats"][1])
    elsewhere = (column, row - 1) != (x, y)
    where = f"; the cursor is at column {column} row {row - 1}" if elsewhere else ""
    return f"turn {raw['blstats'][20]}; you are at column {x} row {y}{where}"
