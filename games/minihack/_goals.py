"""What each family of tasks asks for. `tests/games/test_minihack.py` holds it against upstream's rewards."""

from __future__ import annotations

STAIRS = "Reach the stairs down (>): stepping on them is success and ends the episode."

_GOALS = {
    "Boxoban": "Push boulders (`) until one stands on every fountain ({). You push a boulder by walking "
    "against it; you cannot pull, nor push two at once.",
    "Sokoban": "Push boulders into all the pits (^) to fill them, then reach the stairs. Stepping into a "
    "pit is the end. You cannot pull a boulder, nor push two at once.",
    "ExploreMaze": f"{STAIRS} Each apple that you eat on the way is worth something as well.",
    "Memento": "Kill the grid bug. A squeaky board waits at every other end of the way: stepping on it ends "
    "the episode as a failure. What you see at the start tells which way is right: remember it.",
    "Eat": "Eat an apple.",
    "Pray": "Pray while you stand on the altar, and confirm that you want to.",
    "Sink": "Stand on the sink and drink from it (quaff, then yes).",
    "Wield": "Take the dagger in hand.",
    "Wear": "Put on the robe.",
    "PutOn": "Put on the amulet.",
    "Zap": "Zap the wand that you find, which is one of enlightenment, and read what it tells to the end.",
    "Read": "Read the scroll that you find.",
    "WoD-Easy": "Kill the minotaur. You have a wand of death, or it lies where you start.",
    "Levitate": "Float in the air by what you find or carry: boots or a ring to put on, or a potion to "
    "drink.",
    "Freeze-Lava": STAIRS,
    "Freeze": "Let a bolt of cold, from the wand or the horn that you find, bounce off a wall.",
}
"""By the beginning of the id after ``MiniHack-``, the first that fits."""


def goal_of(name: str) -> str:
    """The goal of a task, in a sentence or two."""
    short = name.removeprefix("MiniHack-")
    return next((goal for begin, goal in _GOALS.items() if short.startswith(begin)), STAIRS)
