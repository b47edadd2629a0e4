"""DOSBox as an engine: a game of the player's own in a display of its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

from pydantic import Field

from games.desktop._display import Display
from games.desktop._engine import DesktopEngine
from games.desktop._programs import Missing, find
from games.desktop._settings import Settings
from games.dos._folders import game_folder
from games.frames import Content

SIZE = (640, 480)
"""Width and height of the picture. DOSBox doubles the small modes of VGA: 320 × 200 takes up 640 × 400."""

RATE = 30.0
"""Frames a second of our own counting; the games' own rates differ."""

_CONFIG = """\
[sdl]
fullscreen=false
output=surface
autolock=false
usescancodes=false
mapperfile=mapper.map
[dosbox]
memsize=32
captures=.
[render]
frameskip=0
aspect=false
scaler=normal2x
[cpu]
cycles={cycles}
[mixer]
nosound=true
[midi]
mididevice=none
[joystick]
joysticktype=none
[autoexec]
@echo off
mount c "{drive}"
c:
{command}
exit
"""


class DosSettings(Settings):
    """What a spec says under ``engine``."""

    command: Annotated[str, Field(pattern=r"^[A-Za-z0-9_~-]{1,8}(\.(COM|EXE|BAT))?( [A-Za-z0-9_/-]+)*$")]
    cycles: Annotated[str, Field(pattern=r"^(fixed [0-9]{2,6}|auto|max)$")] = "fixed 20000"


class Dos(DesktopEngine):
    """A game of DOS.

    Args:
        content: the folder, and the files that must be in it.
        settings: its command, its speed, places, and how the start is reached.

    Raises:
        Missing: DOSBox or the game is not there.
        ValueError: a file is another one than the spec was written for.
    """

    def __init__(self, content: Content, settings: DosSettings) -> None:
        self._program = find("dosbox")
        if self._program is None:
            raise Missing("a game of DOS needs DOSBox: apt-get install dosbox xvfb")
        self._folder = game_folder(content)
        self._settings = settings
        super().__init__(SIZE, RATE, settings)

    def launch(self, seed: int) -> Display:
        """DOSBox with a copy of the game, so that what it saves is gone with the episode."""
        assert self._program is not None  # noqa: S101 - looked for when it was built
        return Display([self._program, "-conf", "{home}/dosbox.conf"], SIZE, self._prepare)

    def _prepare(self, home: Path) -> None:
        shutil.copytree(self._folder, home / "c")
        (home / "dosbox.conf").write_text(config(self._settings, home / "c"))


def config(settings: DosSettings, drive: Path) -> str:
    """DOSBox's configuration: a window, no sound, a fixed speed, this folder as drive C."""
    return _CONFIG.format(cycles=settings.cycles, drive=drive, command=settings.command)
