"""Worlds to execute episodes in: the last one is kept, since the next episode is mostly of the same task."""

from __future__ import annotations

from harness.plan import EpisodeSpec
from harness.world import World

_Kind = tuple[str, str, int | None]


class Worlds:
    """Builds worlds and frees them."""

    def __init__(self) -> None:
        self._kind: _Kind | None = None
        self._world: World | None = None

    def get(self, spec: EpisodeSpec) -> World:
        """A world for an episode; others may have been played in it before.

        Raises:
            InputError: it cannot be built.
        """
        kind = (spec.task, spec.observe, spec.limits.steps)
        return self._world if self._world is not None and kind == self._kind else self.fresh(spec)

    def fresh(self, spec: EpisodeSpec) -> World:
        """A new world."""
        self.close()
        self._world = World(spec.task, observe=spec.observe, step_limit=spec.limits.steps)
        self._kind = (spec.task, spec.observe, spec.limits.steps)
        return self._world

    def close(self) -> None:
        """Free the world that is kept."""
        world, self._world = self._world, None
        if world is not None:
            world.close()
