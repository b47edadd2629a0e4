"""Asking from processes of their own: a process that plays and asks has one core for both.

An SDK takes more CPU time for a call than all that is ours takes for a turn. So where many requests are under
way at once, copies of the provider ask in processes beside the run's. They have nothing but the SDK's client;
retries, limits, budgets and records stay where the episodes are.
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
from typing import TYPE_CHECKING, Any

from harness._worker import HEAD, packed, portable
from harness.api import Completion, FatalError, Host, Request, TransientError
from harness.keys import known, remember

if TYPE_CHECKING:
    from harness.providers.http import HTTPProvider

MANY = 128
"""Requests at once from which it is worth a process: fewer leave the run's own process idle as it is."""

_A_COPY = 256
"""Requests at once that one copy is for: what keeps a core busy where answers take half a second."""

_BUFFER = 2**20
_STDERR = 2

_BOOT = """
import json, sys
sys.path[:] = json.loads(sys.argv[2])
from harness.providers._apart import main
main(int(sys.argv[1]))
"""


def copies_for(concurrency: int, cores: int | None = None) -> int:
    """How many copies a run has use for; none where it has one core, or few requests at once."""
    cores = cores or os.cpu_count() or 1
    return 0 if concurrency < MANY else min(cores // 2, -(-concurrency // _A_COPY))


class Apart:
    """Copies of a provider; each request goes to the one that has the fewest."""

    def __init__(self, provider: HTTPProvider, copies: int, concurrency: int) -> None:
        # What they are made from is looked at whenever one is started: an address may have changed by then.
        self._copies = [_Copy(lambda: (provider, concurrency, known())) for _ in range(copies)]

    @property
    def pids(self) -> list[int]:
        """The processes that live."""
        return [copy.pid for copy in self._copies if copy.pid is not None]

    async def open(self) -> None:
        """Start them all.

        Raises:
            FatalError: one does not start.
        """
        try:
            await asyncio.gather(*(copy.open() for copy in self._copies))
        except TransientError as error:
            await self.aclose()
            raise FatalError(str(error)) from None

    async def ask(self, request: Request) -> Completion:
        """One answer.

        Raises:
            ProviderError: whatever the copy raised; `TransientError` where its process has ended.
        """
        return await min(self._copies, key=lambda copy: len(copy.owed)).ask(request)

    async def aclose(self) -> None:
        """End them all."""
        await asyncio.gather(*(copy.aclose() for copy in self._copies))


class _Copy:
    """One process and the requests that it owes an answer; started again when it has died."""

    def __init__(self, facts: Callable[[], Any]) -> None:
        self._facts = facts
        self._opening = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self.owed: dict[int, asyncio.Future[Completion]] = {}

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    async def open(self) -> asyncio.StreamWriter:
        """The way to the process, which is started where there is none."""
        async with self._opening:
            if self._writer is None:
                reader, writer = await self._start()
                self._writer, self._reading = writer, asyncio.create_task(self._read(reader))
            return self._writer

    def _spawn(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-c", _BOOT, str(theirs.fileno()), json.dumps(sys.path)]
        # Ctrl-C is for us to handle: a session of its own.
        self._process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=_STDERR,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        return ours

    async def _start(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(sock=self._spawn(), limit=_BUFFER)
        try:
            # The key is among the facts: it goes over the socket, where nobody else can read it.
            writer.write(_framed(0, True, self._facts()))
            worked, value = (await _message(reader))[1:]
        except (asyncio.IncompleteReadError, OSError):
            worked, value = False, f"status {self._ended()}"
        except BaseException:
            self._ended()
            raise
        if not worked:
            writer.close()
            raise TransientError(f"the process that was to ask the model did not start ({value})")
        return reader, writer

    async def ask(self, request: Request) -> Completion:
        writer, number = await self.open(), next(self._numbers)
        future: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()
        self.owed[number] = future
        writer.write(_framed(number, True, request))
        try:
            return await future
        except asyncio.CancelledError:
            if self.owed.pop(number, None) is not None and not writer.is_closing():
                writer.write(_framed(number, False, None))
            raise

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Hand out answers until the process is gone."""
        try:
            while True:
                number, worked, value = await _message(reader)
                future = self.owed.pop(number, None)
                if future is None or future.done():
                    continue
                if worked:
                    future.set_result(value)
                else:
                    future.set_exception(value)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._gone()

    def _gone(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, owed, self.owed = None, self.owed, {}
        reason = f"the process that asks the model ended with status {self._ended()}"
        for future in owed.values():
            if not future.done():
                future.set_exception(TransientError(reason))

    def _ended(self) -> int | None:
        """End the process, if it has not ended; its status."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.poll() is None:
            process.kill()
        return process.wait()

    async def aclose(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        self._ended()


def _framed(number: int, worked: bool, value: Any) -> bytes:
    message = packed(value)
    return HEAD.pack(len(message), number, worked) + message


async def _message(reader: asyncio.StreamReader) -> tuple[int, bool, Any]:
    size, number, worked = HEAD.unpack(await reader.readexactly(HEAD.size))
    return number, worked, pickle.loads(await reader.readexactly(size))  # noqa: S301 - between us two


# ------------------------------------------------------------------------------------- in the process


async def _serve(connection: socket.socket) -> None:
    """Answer requests until the run's end of the socket closes."""
    reader, writer = await asyncio.open_connection(sock=connection, limit=_BUFFER)
    provider, concurrency, secrets = (await _message(reader))[2]
    for secret in secrets:
        remember(secret)
    try:
        await provider.connect(Host(concurrency))
        writer.write(_framed(0, True, None))
    except Exception as error:
        writer.write(_framed(0, False, f"{type(error).__name__}: {error}"))
        await writer.drain()
        return
    tasks: dict[int, asyncio.Task[None]] = {}

    async def answer(number: int, request: Request) -> None:
        try:
            worked, value = True, await provider.asked(request)
        except Exception as error:  # the run decides what it means
            worked, value = False, portable(error)
        finally:
            del tasks[number]
        writer.write(_framed(number, worked, value))

    while True:
        number, wanted, request = await _message(reader)
        if wanted:
            tasks[number] = asyncio.create_task(answer(number, request))
        elif number in tasks:
            tasks[number].cancel()


def main(descriptor: int) -> None:
    """Serve the socket with this descriptor."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the run decides when we end
    try:
        asyncio.run(_serve(socket.socket(fileno=descriptor)))
    except (asyncio.IncompleteReadError, OSError):
        pass
    finally:
        os._exit(0)  # nothing here needs saving
