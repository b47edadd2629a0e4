"""A worker process: worlds that its parent calls through a socket.

Each call runs in a thread of its own, so that worlds that wait do not wait for one another. The process
ends when the parent's end of the socket closes, whatever the worlds are doing.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import struct
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness.terminal import hush

HEAD = struct.Struct("!IQ?")
"""Before each message: its length in bytes, the number of the call, and (in answers) whether it worked."""

_THREADS = 512


class EngineError(Exception):
    """What a world raised, in words, where the exception itself cannot travel. `kind` is its class."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.kind = kind

    def __str__(self) -> str:
        return str(self.args[1])


class Server:
    """Serves one socket: pickled (scene, function, arguments) in, what it gave or raised out."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="world")
        self._worlds: dict[int, Any] = {}

    def serve(self) -> None:
        """Until the parent is gone."""
        stream = self._connection.makefile("rb")
        while len(head := stream.read(HEAD.size)) == HEAD.size:
            size, call, _ = HEAD.unpack(head)
            self._pool.submit(self._answer, call, stream.read(size))

    def _answer(self, call: int, message: bytes) -> None:
        try:
            scene, function, args, kwargs = pickle.loads(message)  # noqa: S301 - from our own parent
            worked, reply = True, packed(self._called(scene, function, args, kwargs))
        except Exception as error:  # an engine may raise anything; the parent decides what it means
            worked, reply = False, packed(portable(error))
        with self._sending:
            self._connection.sendall(HEAD.pack(len(reply), call, worked) + reply)

    def _called(self, scene: int, function: Any, args: Any, kwargs: Any) -> Any:
        if function == "open":
            from harness.world import World

            self._worlds[scene] = World(*args, **kwargs)
            return None
        if function == "close":
            world = self._worlds.pop(scene, None)
            return world.close() if world is not None else None
        return function(self._worlds[scene], *args, **kwargs)


def portable(error: Exception) -> Exception:
    """The exception where it survives pickling, else one that says the same."""
    try:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - what we have just written
    except Exception:  # exceptions with constructors of their own often do not
        return EngineError(type(error).__name__, str(error))
    return error if type(again) is type(error) else EngineError(type(error).__name__, str(error))


def packed(value: Any) -> bytes:
    """A value on the wire."""
    return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)


def _die_with_parent() -> None:
    """Ask Linux to kill us when our parent dies, also where an engine never gives the interpreter back."""
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def main(descriptor: int) -> None:
    """Serve the socket with this descriptor."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the parent decides when we end
    _die_with_parent()
    hush()
    try:
        Server(socket.socket(fileno=descriptor)).serve()
    finally:
        os._exit(0)  # threads may hang in an engine; nothing here needs saving
