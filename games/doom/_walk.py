"""How far a player has come on the way to a level's exit (`games.doom._way`)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from games.doom._maps import read_level
from games.doom._way import Way

_KEY_NAMES = {
    **dict.fromkeys(("BlueCard", "BlueSkull"), 0),
    **dict.fromkeys(("YellowCard", "YellowSkull"), 1),
    **dict.fromkeys(("RedCard", "RedSkull"), 2),
}
"""Keys by ViZDoom's names → blue 0, yellow 1, red 2, as in `games.doom._way.KEYS`."""


class Walk:
    """How far one episode has come: the greatest share of the way so far."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._lying: list[int] | None = None
        self.needs_things = way.keys
        self.share = 0.0

    def look(self, x: float, y: float, things: Sequence[Any]) -> None:
        """Take note of where the player is, and which keys (`vizdoom.Object`) no longer lie in the level."""
        keys = 0
        if self.needs_things:
            lying = [0, 0, 0]
            for thing in things:
                if (key := _KEY_NAMES.get(thing.name)) is not None:
                    lying[key] += 1
            self._lying = self._lying or lying
            keys = sum(1 << key for key in range(3) if lying[key] < self._lying[key])
        self.share = max(self.share, self._way.share(x, y, keys))


@lru_cache(maxsize=8)
def way(wad: Path, level: str, skill: int) -> Way:
    """The distances of a level of a WAD; kept, since every episode of a task needs them."""
    return Way(read_level(wad, level), skill)
