"""The plugin of a game whose tasks are specs for a program of the desktop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from games.api import MissingExtra, Starts, TaskInfo
from games.frames import _options, outline, spec_names

if TYPE_CHECKING:
    from games.api import GameEnv
    from games.frames import Engine, Spec

EXTRA = "desktop"
"""The extra with what these games need of Python: ``pip install "ludometer[desktop]"``."""

_PACKAGES = ("Xlib", "imagehash")


class DesktopGame:
    """A game plugin.

    Args:
        name: the game's.
        package: where its specs are.
        engine: builds the engine of a spec, and imports what it needs only then.
        lacking: says what has to be brought for a spec's content, empty for nothing.
    """

    open_ended = True

    def __init__(
        self,
        name: str,
        package: str,
        engine: Callable[[Spec], Engine],
        lacking: Callable[[Mapping[str, Any]], str],
    ) -> None:
        self.name = name
        self._package = package
        self._engine = engine
        self._lacking = lacking

    @cache  # noqa: B019 - one object a game
    def tasks(self) -> Sequence[TaskInfo]:
        """One for each spec, whether the game is installed or not."""
        return tuple(self.describe(f"{self.name}/{name}") for name in spec_names(self._package))

    def describe(self, task: str) -> TaskInfo:
        """A task with options. Real time is real: the same inputs do not give the same game.

        Raises:
            ValueError: there is no such game or option.
        """
        name, options = _options.split(task)
        known = spec_names(self._package)
        if name not in known:
            raise ValueError(f"unknown task {task!r}; there are: {', '.join(known)}")
        _options.shared(task, options)
        spec = outline(self._package, name)
        return TaskInfo(
            task=task,
            game=self.name,
            text=False,
            deterministic=False,
            starts=Starts.FIXED,
            max_steps=spec["limits"]["steps"],
            frames=True,
            overlap=True,
            needs=self._lacking(spec["content"]),
        )

    def make(self, task: str, *, image: bool = False) -> GameEnv:
        """Build the environment of a task.

        Raises:
            MissingExtra: a Python package is missing.
            ValueError: a program or the game itself is not installed: how to get it.
        """
        self.describe(task)
        for package in _PACKAGES:
            if find_spec(package) is None:
                raise MissingExtra(self.name, EXTRA, ImportError(package, name=package))
        from games.frames import FrameGame, read_spec

        name, options = _options.split(task)
        spec = read_spec(self._package, name)
        return FrameGame(self._engine(spec), spec, image=image, **_options.shared(task, options))
