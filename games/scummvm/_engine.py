"""ScummVM as an engine: one of its games in a display of its own, in the game's own pixels."""

from __future__ import annotations

from pathlib import Path

from games.desktop._display import Display
from games.desktop._engine import DesktopEngine
from games.desktop._programs import Missing, find
from games.desktop._settings import Settings
from games.scummvm._data import DATA, data

SIZE = (320, 200)
"""Width and height of what all four of these games draw."""

RATE = 20.0
"""Frames a second: ScummVM's adventures draw 10 to 20 pictures a second."""


class ScummVM(DesktopEngine):
    """A game of ScummVM.

    Args:
        target: ScummVM's name of the game.
        settings: places, and how the start is reached.

    Raises:
        Missing: ScummVM or the game's data is not installed.
    """

    def __init__(self, target: str, settings: Settings) -> None:
        self._program = find("scummvm")
        if self._program is None:
            raise Missing(f"scummvm/{target} needs ScummVM: apt-get install scummvm {DATA[target][0]} xvfb")
        self._target = target
        self._data = data(target)
        super().__init__(SIZE, RATE, settings)

    def launch(self, seed: int) -> Display:
        """ScummVM with this game, its chances drawn from the seed."""
        assert self._program is not None  # noqa: S101 - looked for when it was built
        return Display(command(self._program, self._target, self._data, seed), SIZE)


def command(program: str, target: str, folder: Path, seed: int) -> list[str]:
    """ScummVM's command line: a window of the game's own size, subtitles, nothing read or kept at home."""
    window = ["--no-fullscreen", "--gfx-mode=surfacesdl", "--scaler=normal", "--scale-factor=1"]
    game = ["--subtitles", "--music-driver=adlib", f"--random-seed={seed % 2**31}", "--savepath={home}"]
    return [program, *window, "--no-aspect-ratio", *game, "-p", str(folder), target]
