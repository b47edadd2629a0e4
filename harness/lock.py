"""One process writes a run folder: the others are told who does."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.storage import is_local

_REFRESH = 30.0
"""Seconds between two signs of life of whoever writes behind a URL."""

_TASKS = ".tasks"

_LINGER = 60
"""Seconds that tasks may take to notice that their driver is gone."""

_STALE = 120.0
"""Seconds without one after which another machine's writer is taken to be gone."""


def locked(folder: Path) -> AbstractContextManager[None]:
    """Keep other processes from writing into a folder, by its file ``.lock``.

    Raises:
        InputError: another process does; it is named by pid and host.
    """
    return _by_kernel(folder / ".lock") if is_local(folder) else _by_signs(folder / ".lock")


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Held by each process that plays for the one that holds the lock (a Ray task), as long as it writes."""
    if not is_local(folder):
        yield  # a store has no locks
        return
    with (folder / _TASKS).open("a+", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_SH)
        yield


def wait_for_tasks(folder: Path, say: Callable[[str], None]) -> None:
    """Wait until nobody plays here any more: tasks can outlive whoever started them by some seconds.

    Raises:
        InputError: they go on for longer than that.
    """
    if not is_local(folder) or not (folder / _TASKS).exists():
        return
    with (folder / _TASKS).open("a+", encoding="utf-8") as stream:
        for second in range(_LINGER):
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                if not second:
                    say("waiting for the tasks of an interrupted run to end")
                time.sleep(1.0)
    raise InputError(f"{folder} is being written by tasks of an interrupted run; end them and start again")


def _taken(path: Path, owner: str) -> InputError:
    return InputError(f"{path.parent} is being written by {owner}; wait for it or stop it")


@contextmanager
def _by_kernel(path: Path) -> Iterator[None]:
    """The kernel gives the lock back when its holder dies."""
    with path.open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.seek(0)
            raise _taken(path, stream.read().strip() or "another process") from None
        stream.truncate(0)
        stream.write(f"pid {os.getpid()} on {socket.gethostname()}\n")
        stream.flush()
        yield


@contextmanager
def _by_signs(path: Path) -> Iterator[None]:
    """A store has no locks: an object says who writes, and is written again as long as that one lives.

    Two processes that begin within the same moment can miss one another; a run is not begun that way.
    """
    if (owner := _alive(path)) is not None:
        raise _taken(path, owner)
    ended = threading.Event()
    refreshing = threading.Thread(target=_refresh, args=(path, ended), daemon=True)
    _sign(path)
    refreshing.start()
    try:
        yield
    finally:
        ended.set()
        refreshing.join()
        path.unlink(missing_ok=True)


def _refresh(path: Path, ended: threading.Event) -> None:
    while not ended.wait(_REFRESH):
        with suppress(Exception):  # the next sign may get through
            _sign(path)


def _sign(path: Path) -> None:
    sign = {"pid": os.getpid(), "host": socket.gethostname(), "time": time.time()}
    path.write_bytes(json.dumps(sign).encode())


def _alive(path: Path) -> str | None:
    """Who writes, None where nobody does any more."""
    try:
        sign: dict[str, Any] = json.loads(path.read_bytes())
        pid, host, seen = int(sign["pid"]), str(sign["host"]), float(sign["time"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    alive = runs(pid) if host == socket.gethostname() else time.time() - seen < _STALE
    return f"pid {pid} on {host}" if alive else None


def runs(pid: int) -> bool:
    """Whether a process of this machine is alive."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
