"""Runs a virtual display and a program in it: ``_leash.py FOLDER SCREEN COMMAND…``, SCREEN as WIDTHxHEIGHT.

Standard input is a pipe from whoever started this. When it closes, because they say so or were killed, the
program and the display are killed with all their children, stopped ones too. The first line on standard
output gives the number of the display and of the program's process group; a second line says that the program
has ended. The display stays until standard input closes; then the folder, the program's home, is removed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading


def main(folder: str, screen: str, command: list[str]) -> int:
    """Run the command in a display of its own until our standard input closes."""
    server, number = _display(screen)
    program = None
    try:
        if not number:
            return 1
        program = _start(command, env={**os.environ, "DISPLAY": f":{number}"})
        _tell(display=f":{number}", group=program.pid)
        threading.Thread(target=_tell_end, args=(program,), daemon=True).start()
        while os.read(0, 4096):
            pass
    finally:
        for process in filter(None, (program, server)):
            _kill(process)
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _display(screen: str) -> tuple[subprocess.Popen[bytes], str]:
    """An X server without a screen, and its number: the first that is free; empty where it did not start.

    Keys do not repeat by themselves (`-r`): a key that is held while the program stands still would otherwise
    pile up in its queue.
    """
    reads, writes = os.pipe()
    options = ["-displayfd", str(writes), "-screen", "0", f"{screen}x24", "-nolisten", "tcp", "-r"]
    server = _start(["Xvfb", *options], pass_fds=[writes])
    os.close(writes)
    with os.fdopen(reads) as lines:
        return server, lines.readline().strip()


def _start(command: list[str], **more: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # noqa: S603
        command, stdin=subprocess.DEVNULL, stdout=sys.stderr, start_new_session=True, **more
    )


def _tell(**facts: object) -> None:
    print(json.dumps(facts), flush=True)  # noqa: T201


def _tell_end(program: subprocess.Popen[bytes]) -> None:
    """Tell of the program's end without taking its number back: until then no other process gets it."""
    os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOWAIT)
    _tell(ended=True)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The whole group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)  # we are told through the pipe
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
