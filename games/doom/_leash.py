"""Starts ViZDoom's program so that it ends with us and leaves no files behind. Run as a script.

The program waits for orders without end, ignores SIGTERM and outlives a player who is killed. On Linux the
kernel is asked to kill it when whoever started it is gone (prctl(2), PR_SET_PDEATHSIG, which `exec` keeps).
"""

from __future__ import annotations

import os
import signal
import sys

_SET_PARENT_DEATH_SIGNAL = 1  # linux/prctl.h
_QUIET = {"ALSOFT_DRIVERS": "null", "SDL_AUDIODRIVER": "dummy"}


def main() -> None:
    """``_leash.py FOLDER PARENT PROGRAM ARGUMENT…``: becomes the program, in the folder."""
    folder, parent, program, *arguments = sys.argv[1:]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != int(parent):  # gone before the kernel was asked
            raise SystemExit(1)
    os.chdir(folder)  # where it makes a folder of its own
    os.execve(program, [program, *arguments], {**os.environ, **_QUIET, "HOME": folder})  # noqa: S606


if __name__ == "__main__":
    main()
