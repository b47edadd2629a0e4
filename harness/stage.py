"""Where environments live: off the event loop, one call at a time for each world.

A `Stage` opens scenes; a `Scene` is one world that somebody plays in. Worlds live in threads of this
process (`Threads`) or in supervised worker processes (`harness.workers.Workers`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from harness.errors import LudometerError
from harness.world import World

P = ParamSpec("P")
T = TypeVar("T")


class WorkerDied(LudometerError):
    """The process that a world lived in is gone, and the world with it.

    `suspect` says whether the world was being called at that moment, so that it may be the cause.
    """

    def __init__(self, reason: str, *, suspect: bool) -> None:
        super().__init__(reason)
        self.suspect = suspect


class Scene(Protocol):
    """One world, called from the event loop."""

    async def run(self, function: Callable[Concatenate[World, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function of `harness.acting` with the world; one call at a time.

        Raises:
            WorkerDied: the world is lost.
        """
        ...

    async def close(self) -> None:
        """Free the world. Nothing is raised where it is lost already."""
        ...


class Stage(Protocol):
    """Opens scenes."""

    @property
    def spread(self) -> int:
        """The processes that worlds are spread over."""
        ...

    async def open(
        self, task: str, *, observe: str = "text", step_limit: int | None = None, alone: bool = False
    ) -> Scene:
        """Build a task's world; `alone` where nobody else is to suffer if it crashes."""
        ...

    async def aclose(self) -> None:
        """End what the stage has started."""
        ...


class Threads:
    """Worlds in threads of this process: quick to start, and a crash takes everything down."""

    spread = 1

    def __init__(self, most: int = 64) -> None:
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="world")

    async def open(
        self, task: str, *, observe: str = "text", step_limit: int | None = None, alone: bool = False
    ) -> Scene:
        """Build a task's world."""
        world = await settled(self._pool, World, task, observe=observe, step_limit=step_limit)
        return _Thread(self._pool, world)

    async def aclose(self) -> None:
        """Wait for the calls under way and end the threads."""
        self._pool.shutdown(wait=True)


class _Thread:
    def __init__(self, pool: ThreadPoolExecutor, world: World) -> None:
        self._pool = pool
        self._world = world

    async def run(self, function: Callable[Concatenate[World, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await settled(self._pool, function, self._world, *args, **kwargs)

    async def close(self) -> None:
        await settled(self._pool, self._world.close)


async def settled(pool: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in a thread. Cancelled, it waits for the call to end and is cancelled then.

    Otherwise the caller would close a world that a thread is stepping.
    """
    future = asyncio.get_running_loop().run_in_executor(pool, lambda: function(*args, **kwargs))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        raise
