"""The actions of a game as buttons, and which keys press them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.agents.human import numbered
from harness.api import Action

_ARROWS = {
    "ArrowLeft": ("←", {"left", "west"}),
    "ArrowUp": ("↑", {"up", "north", "forward", "forwards"}),
    "ArrowDown": ("↓", {"down", "south", "back", "backward", "backwards"}),
    "ArrowRight": ("→", {"right", "east"}),
}
"""Arrow keys: the sign on the button, and the words of actions that they fit."""

_VERBS = {"move", "go", "turn", "walk", "step", "press"}
"""Words that may stand beside a direction where an action is no more than a move."""


@dataclass(frozen=True, slots=True)
class Button:
    """An action: its place in the vocabulary, and the keys that press it (values of `KeyboardEvent.key`)."""

    place: int
    action: Action
    keys: tuple[str, ...]

    @property
    def signs(self) -> list[str]:
        """The keys as they stand on the button."""
        return [_ARROWS[key][0] if key in _ARROWS else key for key in self.keys]


@dataclass(frozen=True, slots=True)
class Group:
    """Buttons that belong together."""

    name: str
    buttons: Sequence[Button]


def groups(actions: Sequence[Action], *, free_text: bool) -> list[Group]:
    """The actions in groups: moves, what stands by itself, then those that begin with the same word.

    Where a game reads free text, letters and digits are for typing.
    """
    keys = _keys(actions, letters=not free_text)
    names = [_group(action, keys[place]) for place, action in enumerate(actions)]
    often = Counter(names)
    names = [name if often[name] > 1 else "actions" for name in names]
    order = sorted(set(names), key=lambda name: (name != "moves", name != "actions", names.index(name)))
    buttons = [Button(place, action, tuple(keys[place])) for place, action in enumerate(actions)]
    return [
        Group(name, [button for button, its in zip(buttons, names, strict=True) if its == name])
        for name in order
    ]


def _group(action: Action, keys: Iterable[str]) -> str:
    return "moves" if _ARROWS.keys() & set(keys) else action.name.partition(" ")[0]


def _keys(actions: Sequence[Action], *, letters: bool) -> list[list[str]]:
    """The keys of each action: an arrow or a letter, and its number as at the terminal."""
    arrows: dict[int, str] = {}
    for key in _ARROWS:
        fitting = (place for place, action in enumerate(actions) if _fits(action.name, key))
        if (place := next(fitting, None)) is not None:
            arrows.setdefault(place, key)
    found = [[arrows[place]] if place in arrows else [] for place in range(len(actions))]
    if not letters:
        return found
    digits = {name: number for number, name in numbered(actions).items() if len(number) == 1}
    taken: set[str] = set()
    for keys, action in zip(found, actions, strict=True):
        if not keys and (letter := _letter(action.name, taken)):
            taken.add(letter)
            keys.append(letter)
        digit = (
            action.name if len(action.name) == 1 and action.name in "0123456789" else digits.get(action.name)
        )
        if digit:
            keys.append(digit)
    return found


def _fits(name: str, key: str) -> bool:
    *before, last = name.casefold().split() or [""]
    return last in _ARROWS[key][1] and set(before) <= _VERBS


def _letter(name: str, taken: set[str]) -> str:
    """The first letter of a name that is still free: of its words' beginnings, else of all of it."""
    words = name.casefold().split()
    wanted = [word[0] for word in reversed(words)] + [letter for word in reversed(words) for letter in word]
    return next((letter for letter in wanted if letter in _LETTERS and letter not in taken), "")


_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
