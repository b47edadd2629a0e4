"""Runs a command that ends when whoever started this does, however that ended: ``_leash.py COMMAND…``.

Standard input is a pipe from the parent. When it closes, because the parent says so or was killed, the
command gets an interrupt, and, if it does not end by itself, is killed with all its children.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

_PATIENCE = 20.0  # seconds for an engine to give back its memory


def main(command: list[str]) -> int:
    """Run a command on the leash; its exit status is ours."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603
    threading.Thread(target=_watch, args=(child,), daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the parent tells us through the pipe
    status = child.wait()
    _send(child, signal.SIGKILL)  # what it left running
    return status


def _watch(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 4096):
        pass
    _send(child, signal.SIGINT)
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        pass
    _send(child, signal.SIGKILL)


def _send(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
