"""Games of DOS, run by DOSBox in a virtual display: pictures, a mouse, the whole keyboard.

The games are the player's own; none is shipped, and none is free to give on. A task is a spec
(`specs/NAME.yaml`) that names a folder and the command in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from games.api import Starts, TaskInfo
from games.desktop import missing
from games.frames import read_spec, spec_names

if TYPE_CHECKING:
    from games.api import GameEnv


class _DosGame:
    """The game plugin."""

    name = "dos"

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
            Missing: DOSBox, the game or the virtual display is.
        """
        with missing(self.name):
            from games.dos._engine import Dos, DosSettings
            from games.frames import FrameGame
        spec = read_spec(__name__, task.partition("/")[2])
        return FrameGame(Dos(spec.content, DosSettings.of(spec.engine)), spec, image=image)


dos = _DosGame()
