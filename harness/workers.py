"""Worker processes for environments: a slow or crashing emulator stops nobody else.

Each worker holds several worlds (`harness._worker`). One that dies is replaced when the next world is
opened; the episodes that lived in it get `WorkerDied`, and go on elsewhere from their records.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from harness._worker import HEAD, packed
from harness.stage import Scene, WorkerDied
from harness.world import World

P = ParamSpec("P")
T = TypeVar("T")

CALL_SECONDS = 300.0
"""How long one call of a world may take. It is then taken to hang, and its worker is killed."""

_BUFFER = 2**20
"""Bytes of answers that are read ahead: a few pictures."""

_STDERR = 2

_BOOT = """
import json, sys
sys.path[:] = json.loads(sys.argv[2])
from harness._worker import main
main(int(sys.argv[1]))
"""


class Workers:
    """A pool of worker processes, started as they are needed.

    `most` is how many there are (by default as many as cores); worlds that are to be alone get a worker
    of their own on top, at most as many at once again.
    """

    def __init__(self, most: int | None = None, *, call_seconds: float = CALL_SECONDS) -> None:
        self._most = self.spread = most or os.cpu_count() or 1
        self._seconds = call_seconds
        self._workers: list[_Worker] = []
        self._solitary = asyncio.Semaphore(self._most)
        self._ids = itertools.count()

    @property
    def pids(self) -> list[int]:
        """The processes that live."""
        return [worker.pid for worker in self._workers if worker.alive]

    async def open(
        self, task: str, *, observe: str = "text", step_limit: int | None = None, alone: bool = False
    ) -> Scene:
        """Build a task's world in the worker that has the fewest."""
        if alone:
            await self._solitary.acquire()
        worker = self._start() if alone else self._least()
        scene = _Seat(worker, next(self._ids), self._solitary if alone else None)
        try:
            await worker.call(scene.id, "open", (task,), {"observe": observe, "step_limit": step_limit})
        except BaseException:
            await scene.close()
            raise
        return scene

    def _least(self) -> _Worker:
        """The shared worker with the fewest worlds, a new one where all have some and more are allowed."""
        self._workers = [worker for worker in self._workers if worker.alive]
        shared = [worker for worker in self._workers if not worker.alone]
        idle = min(shared, key=lambda worker: worker.scenes, default=None)
        if idle is None or (idle.scenes and len(shared) < self._most):
            idle = self._start()
            idle.alone = False
        idle.scenes += 1
        return idle

    def _start(self) -> _Worker:
        worker = _Worker(self._seconds)
        self._workers.append(worker)
        return worker

    async def aclose(self) -> None:
        """End all workers."""
        await asyncio.gather(*(worker.end() for worker in self._workers))


class _Worker:
    """One process and the calls that it owes an answer."""

    def __init__(self, call_seconds: float) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-c", _BOOT, str(theirs.fileno()), json.dumps(sys.path)]
        # What engines print must not get among our results. Ctrl-C is for us to handle: a session of its own.
        self._process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=_STDERR,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        ours.setblocking(False)
        self._seconds = call_seconds
        self._owed: dict[int, tuple[int, asyncio.Future[Any]]] = {}
        self._calls = itertools.count()
        self._socket = ours
        self._writer: asyncio.StreamWriter | None = None
        self._reading = asyncio.create_task(self._read())
        self._ready = asyncio.Event()
        self._blamed: int | None = None  # the scene whose call hung
        self._reason = ""
        self.scenes = 0
        self.alone = True
        self.alive = True

    @property
    def pid(self) -> int:
        return self._process.pid

    async def call(self, scene: int, function: Any, args: Any, kwargs: Any) -> Any:
        """Have the worker do something for a scene."""
        await self._ready.wait()
        if not self.alive or self._writer is None:
            # One that dies before it has opened anything would be started again and again.
            raise WorkerDied(self._reason, suspect=function == "open")
        number, loop = next(self._calls), asyncio.get_running_loop()
        message = packed((scene, function, args, kwargs))
        future: asyncio.Future[Any] = loop.create_future()
        self._owed[number] = (scene, future)
        self._writer.write(HEAD.pack(len(message), number, True) + message)
        late = loop.call_later(self._seconds, self._hung, scene)
        try:
            return await future
        finally:
            late.cancel()

    def _hung(self, scene: int) -> None:
        if self._blamed is not None:
            return  # dying already
        self._blamed = scene
        self._reason = f"an environment gave no answer for {self._seconds:g} s"
        self.kill()

    def kill(self) -> None:
        """End the process at once."""
        if self._process.poll() is None:
            self._process.kill()

    async def _read(self) -> None:
        """Hand out answers until the process is gone."""
        try:
            reader, self._writer = await asyncio.open_connection(sock=self._socket, limit=_BUFFER)
            self._ready.set()
            while True:
                size, number, worked = HEAD.unpack(await reader.readexactly(HEAD.size))
                self._answered(number, worked, await reader.readexactly(size))
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._gone()

    def _answered(self, number: int, worked: bool, message: bytes) -> None:
        _, future = self._owed.pop(number)
        try:
            value = pickle.loads(message)  # noqa: S301 - from our own child
        except Exception as error:  # it names a class that cannot be imported here
            worked, value = False, error
        if future.done():
            return
        if worked:
            future.set_result(value)
        else:
            future.set_exception(value)

    def _gone(self) -> None:
        self.alive = False
        self._ready.set()
        if self._writer is not None:
            self._writer.close()
        self.kill()
        status = self._process.wait()
        self._reason = self._reason or _why(status)
        for scene, future in self._owed.values():
            if not future.done():
                suspect = self._blamed in (None, scene)
                future.set_exception(WorkerDied(self._reason, suspect=suspect))
        self._owed.clear()

    async def end(self) -> None:
        """Kill it and wait for that."""
        self._reason = self._reason or "the run is ending"
        self.kill()
        await asyncio.wait([self._reading])


class _Seat:
    """A world in a worker."""

    def __init__(self, worker: _Worker, number: int, solitary: asyncio.Semaphore | None) -> None:
        self._worker = worker
        self._solitary = solitary
        self._closed = False
        self._left = False  # in the middle of a call
        self.id = number

    async def run(self, function: Callable[Concatenate[World, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            result: T = await self._worker.call(self.id, function, args, kwargs)
        except asyncio.CancelledError:
            self._left = True
            raise
        return result

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._solitary is not None:
            await self._worker.end()
            self._solitary.release()
            return
        self._worker.scenes -= 1
        if self._left:
            return  # a world is not closed while it is stepped; its worker will end with the run
        try:
            await self._worker.call(self.id, "close", (), {})
        except Exception:  # noqa: S110 - dead, or it cannot even be closed: the world is of no more use
            pass


def _why(status: int) -> str:
    """What ended a process, in words."""
    if status >= 0:
        return f"the worker process ended with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"the worker process was ended by {name} (signal {-status})"
