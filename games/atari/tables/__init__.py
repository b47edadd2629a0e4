"""Where the objects of a game stand, read from the console's memory: a small table per game.

Coordinates are pixels of the 160 × 210 screen, x to the right and y downwards. The addresses were found
in OCAtari's tables (k4ntz/OC_Atari, `ocatari/ram`) and in play, and every table is held against the
pixels by the tests: an object lies where its colour is.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, cast

Colour = tuple[int, int, int]

TABLES = (
    "asterix",
    "bowling",
    "boxing",
    "breakout",
    "freeway",
    "frostbite",
    "kangaroo",
    "montezuma_revenge",
    "ms_pacman",
    "pong",
    "qbert",
    "seaquest",
    "skiing",
    "space_invaders",
    "tennis",
)
"""The games that have one."""


class Thing(NamedTuple):
    """An object on the screen: its left and top pixel, its width and height."""

    name: str  # unique in a frame: "ball", "ghost 2"
    x: int
    y: int
    w: int
    h: int


class Table(Protocol):
    """What the module of a game holds."""

    LAYOUT: str
    """What never moves, and what the words mean: told once, in words."""

    COLOURS: Mapping[str, frozenset[Colour]]
    """The colours of each kind of object (a name without its number); the tests look for them."""

    def things(self, ram: bytes) -> Sequence[Thing]:
        """The objects that are on the screen, of 128 bytes of memory."""
        ...

    def status(self, ram: bytes) -> Mapping[str, int | str]:
        """What else the memory tells, beside the score and the lives."""
        ...


def digits(byte: int) -> int:
    """The number that a byte holds as two decimal digits, as the console keeps what it shows."""
    return 10 * (byte >> 4) + (byte & 15)


def table(game: str) -> Table | None:
    """The table of a game, or None where it has none."""
    if game not in TABLES:
        return None
    return cast(Table, importlib.import_module(f"{__name__}.{game}"))
