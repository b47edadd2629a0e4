"""Adventures of the nineties, run by ScummVM in a virtual display: pictures, a mouse, keys.

The four are freeware and in Debian, with their data. A task is a spec (`specs/NAME.yaml`); listing them needs
neither ScummVM nor a display.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from games.api import Starts, TaskInfo
from games.desktop import missing
from games.frames import read_spec, spec_names

if TYPE_CHECKING:
    from games.api import GameEnv


class _ScummGame:
    """The game plugin."""

    name = "scummvm"

    def tasks(self) -> Sequence[TaskInfo]:
        """One for each spec. Real time is real: the same inputs do not give the same game."""
        return tuple(
            TaskInfo(
                task=f"{self.name}/{name}",
                game=self.name,
                text=False,
                deterministic=False,
                starts=Starts.FIXED,
                max_steps=read_spec(__name__, name).limits.steps,
            )
            for name in spec_names(__name__)
        )

    def make(self, task: str, *, image: bool = False) -> GameEnv:
        """Build the environment of a task.

        Raises:
            MissingExtra: a Python package is missing.
            Missing: ScummVM, the game's data or the virtual display is.
        """
        with missing(self.name):
            from games.desktop._settings import Settings
            from games.frames import FrameGame
            from games.scummvm._engine import ScummVM
        spec = read_spec(__name__, task.partition("/")[2])
        return FrameGame(ScummVM(spec.content.target, Settings.of(spec.engine)), spec, image=image)


scummvm = _ScummGame()
