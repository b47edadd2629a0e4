"""ViZDoom as a child of ours: nothing of it is seen, heard, or left behind."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
import weakref
from pathlib import Path
from typing import Any

import vizdoom

from games.doom import _leash

_SHARED = Path("/dev/shm")  # noqa: S108 - where Linux keeps shared memory by name


class Child:
    """A `vizdoom.DoomGame` with a folder of its own, which is removed when it is closed or forgotten."""

    def __init__(self) -> None:
        self.game: Any = vizdoom.DoomGame()
        self.folder = Path(tempfile.mkdtemp(prefix="ludometer-doom-"))
        self._tidy = weakref.finalize(self, shutil.rmtree, self.folder, True)
        self.game.set_doom_config_path(str(self.folder / "vizdoom.ini"))
        self.game.set_window_visible(False)
        self.game.set_sound_enabled(False)
        self.game.set_console_enabled(False)
        if os.name == "posix":
            self.game.set_vizdoom_path(str(self._starter()))

    def _starter(self) -> Path:
        """A script in place of the program: ViZDoom names a file, not a command with arguments."""
        command = [sys.executable, "-IS", _leash.__file__, str(self.folder), str(os.getpid())]
        script = self.folder / "start"
        program = str(vizdoom.exe_path)
        script.write_text(f'#!/bin/sh\nexec {shlex.join([*command, program])} "$@"\n', encoding="utf-8")
        script.chmod(0o700)
        return script

    def start(self) -> None:
        """Start the program with the settings that were made, anew where it runs already."""
        self.game.close()
        self.game.init()
        self._forget_names()

    def _forget_names(self) -> None:
        """Both sides hold the shared memory by now: without its names it goes with them, however they end."""
        name = self.game.get_instance_id()
        for part in ("SM", "MQCtr", "MQDoom"):
            (_SHARED / f"ViZDoom{part}{name}").unlink(missing_ok=True)

    def close(self) -> None:
        """End the program. May be called twice."""
        self.game.close()
        self._tidy()
