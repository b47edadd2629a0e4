"""Game Boy and Game Boy Color games on PyBoy: one of our own, and those whose ROM the player brings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from games.api import MissingExtra, Starts, TaskInfo
from games.frames import _options, content, outline, spec_names
from games.roms import missing

if TYPE_CHECKING:
    from games.api import GameEnv


def _info(task: str, name: str) -> TaskInfo:
    spec = outline(__package__, name)
    seeds, engine = spec.get("seeds", {}), spec.get("engine", {})
    return TaskInfo(
        task=task,
        game="gameboy",
        text="tiles" in engine or bool(spec.get("shown")),
        starts=Starts.MANY if "address" in seeds else Starts.FEW if "waits" in seeds else Starts.FIXED,
        oracle="oracle" in engine,
        max_steps=spec["limits"]["steps"],
        frames=True,
        overlap=True,
        needs=missing(content(spec.get("content", {}))),
    )


class _GameBoy:
    """The game plugin."""

    name = "gameboy"
    open_ended = True

    @cache  # noqa: B019 - one object a process
    def tasks(self) -> Sequence[TaskInfo]:
        """Every game that there is a spec of, whether its ROM is at hand or not."""
        return tuple(_info(f"gameboy/{name}", name) for name in spec_names(__package__))

    def describe(self, task: str) -> TaskInfo:
        """A task with options.

        Raises:
            ValueError: there is no such game or option.
        """
        name, options = _options.split(task)
        if name not in spec_names(__package__):
            raise ValueError(f"unknown task {task!r}; there are: {', '.join(spec_names(__package__))}")
        _options.shared(task, options)
        return _info(task, name)

    def make(self, task: str, *, image: bool = False) -> GameEnv:
        """Build the environment of a task.

        Raises:
            ValueError: the ROM is not in the library.
            MissingExtra: PyBoy is not installed.
        """
        self.describe(task)
        name, options = _options.split(task)
        try:
            from games.gameboy._engine import GameBoy
        except ImportError as error:
            raise MissingExtra(self.name, "gameboy", error) from error
        from games.frames import FrameGame, read_spec

        spec = read_spec(__package__, name)
        return FrameGame(GameBoy(spec, image=image), spec, image=image, **_options.shared(task, options))


gameboy = _GameBoy()
