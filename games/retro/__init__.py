"""Console games on stable-retro: those of our specs, and any integration whose ROM the user has.

``retro/airstriker`` comes with stable-retro. ``retro/SuperMarioBros-Nes-v0`` and, from another of its states,
``retro/SuperMarioBros-Nes-v0:Level2-1`` need a ROM of the library (`games.roms`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from games.api import MissingExtra, Starts, TaskInfo
from games.frames import content, outline, spec_names
from games.frames._options import shared, split
from games.roms import missing
from games.roms._known import integrations

if TYPE_CHECKING:
    from games.api import GameEnv

ORACLES = ("airstriker",)
"""Tasks for which there is a scripted player (`games.retro._players`)."""


OPEN_STEPS = 1000
"""The steps of an episode of an integration for which there is no spec."""


class _RetroGame:
    """The game plugin."""

    name = "retro"
    open_ended = True

    def tasks(self) -> Sequence[TaskInfo]:
        """Every game that there is a spec of, whether its ROM is at hand or not."""
        return tuple(_info(f"retro/{name}", name) for name in spec_names(__package__))

    def describe(self, task: str) -> TaskInfo:
        """A task of a spec, also with options, or of an integration.

        Raises:
            ValueError: there is no such task, or an integration's ROM is not in the library.
        """
        name, options = split(task)
        shared(task, options)
        if name not in spec_names(__package__):
            from games.retro._open import cartridge_of

            cartridge_of(name)
        return _info(task, name)

    def make(self, task: str, *, image: bool = False) -> GameEnv:
        """Build the environment; its emulator is a process of its own.

        Raises:
            MissingExtra: stable-retro is not installed.
            ValueError: there is no such task, or its ROM is not in the library.
        """
        name, options = split(task)
        if integrations() is None:
            absent = ImportError("no module named stable_retro", name="stable_retro")
            raise MissingExtra(self.name, "retro", absent)
        from games.retro._open import opened

        return opened(name, image=image, **shared(task, options))


def _info(task: str, name: str) -> TaskInfo:
    ours = name in spec_names(__package__)
    return TaskInfo(
        task=task,
        game="retro",
        text=False,  # scores and lives are on the screen, and nobody could play by them alone
        starts=Starts.FEW,  # 0 to 60 frames of waiting by the seed: 18 starts over 20 seeds
        oracle=name in ORACLES,
        max_steps=outline(__package__, name)["limits"]["steps"] if ours else OPEN_STEPS,
        frames=True,
        overlap=True,
        needs=missing(content(outline(__package__, name).get("content", {}))) if ours else "",
    )


retro = _RetroGame()
