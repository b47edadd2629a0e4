"""Crafter's own engine, made reproducible without changing the package.

Three things upstream (crafter 1.8.3) keep the same seed and actions from giving the same episode:

* a chunk's objects are kept in a `set`, which iterates by memory address, and balancing a chunk
  draws from what it iterates; `_OrderedChunks` keeps them in the order in which they came;
* `reset` takes no seed and continues a count of episodes; `SeededCrafter.start` seeds each world;
* drawing the night draws its noise from the world's own generator, so that looking at the picture
  changes what happens next; `_QuietView` takes its noise from the step's number instead.

The world of a seed differs from the one that upstream makes of it, since upstream has no seed for an
episode; the rules are upstream's, untouched.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import crafter
import numpy as np
from crafter import constants, engine, objects, worldgen
from numpy.typing import NDArray


class _OrderedChunk(dict[Any, None]):
    """A set that iterates in the order of insertion."""

    def add(self, item: Any) -> None:
        self[item] = None

    def remove(self, item: Any) -> None:
        del self[item]


class _World(engine.World):  # type: ignore[misc]
    """The world, its chunks in order."""

    def reset(self, seed: int | None = None) -> None:
        super().reset(seed)
        self._chunks: defaultdict[Any, _OrderedChunk] = defaultdict(_OrderedChunk)


class _QuietView(engine.LocalView):  # type: ignore[misc]
    """The picture of the surroundings, drawn without touching the world's generator."""

    noise_seed = 0

    def _noise(self, canvas: Any, amount: float, stddev: float) -> Any:
        draw = np.random.RandomState(self.noise_seed)
        noise = draw.uniform(32, 127, canvas.shape[:2])[..., None]
        mask = amount * self._vignette(canvas.shape, stddev)[..., None]
        return (1 - mask) * canvas + mask * noise


class SeededCrafter(crafter.Env):  # type: ignore[misc]
    """Crafter with a seed for every episode, and no picture unless one is asked for."""

    def __init__(self, *, size: int, length: int) -> None:
        super().__init__(size=(size, size), length=length, seed=0)
        self._world = _World(self._area, constants.materials, (12, 12))
        grid: Any = self._local_view._grid  # type: ignore[has-type]
        self._local_view = _QuietView(self._world, self._textures, grid)
        # Upstream maps the whole world at every step; `cells` looks at the part in view.
        self._sem_view = lambda: None

    def start(self, seed: int) -> None:
        """Make the world of a seed; upstream's `reset` with the seed given."""
        self._seed_of_episode = seed
        self._step = 0
        self._world.reset(seed=seed)
        self._update_time()
        center = (self._world.area[0] // 2, self._world.area[1] // 2)
        self._player = objects.Player(self._world, center)
        self._last_health = self._player.health
        self._world.add(self._player)
        self._unlocked: set[str] = set()
        worldgen.generate_world(self._world, self._player)

    def picture(self) -> NDArray[np.uint8]:
        """The 9 × 9 cells that the game shows: 9 × 7 of the world, two rows of what one has."""
        self._local_view.noise_seed = (self._seed_of_episode * 10_007 + int(self._step or 0)) % 2**32
        return np.asarray(crafter.Env.render(self), dtype=np.uint8)

    def cells(self, width: int, height: int) -> NDArray[np.uint8]:
        """The numbers into `LEGEND` of the cells around the player (width × height, both odd)."""
        world = self._world
        x, y = (int(value) for value in self._player.pos)
        left, top = x - width // 2, y - height // 2
        seen = np.zeros((width, height), dtype=np.uint8)
        inside = np.s_[max(0, left) : left + width, max(0, top) : top + height]
        part = world._mat_map[inside]
        seen[max(0, -left) :, max(0, -top) :][: part.shape[0], : part.shape[1]] = part
        for thing in world.objects:
            at = int(thing.pos[0]) - left, int(thing.pos[1]) - top
            if 0 <= at[0] < width and 0 <= at[1] < height:
                seen[at] = _NUMBERS[type(thing)]
        return seen

    def _obs(self) -> None:
        """Draw nothing: upstream draws at every step, which is most of its time."""


_CREATURES = {
    "player": objects.Player,
    "cow": objects.Cow,
    "zombie": objects.Zombie,
    "skeleton": objects.Skeleton,
    "arrow": objects.Arrow,
    "plant": objects.Plant,
}

LEGEND = ("nothing", *constants.materials, *_CREATURES)
"""Names of the numbers of cells: 0 is outside the world, then materials, then creatures."""

_NUMBERS = {kind: LEGEND.index(name) for name, kind in _CREATURES.items()}
