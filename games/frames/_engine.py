"""What an emulator must offer so that `games.frames.FrameGame` can play it frame by frame."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Engine(Protocol):
    """An emulator or engine that stands still unless it is told to run frames.

    Names of buttons (and keys) are in lower case. Everything but `picture` is cheap, and nothing reads the
    clock of the machine.
    """

    @property
    def rate(self) -> float:
        """Frames a second."""
        ...

    @property
    def buttons(self) -> tuple[str, ...]:
        """What can be held down, in the order in which the player is told of it."""
        ...

    @property
    def pointer(self) -> tuple[int, int] | None:
        """Width and height of the screen that a mouse points at, in its own pixels; None without a mouse."""
        ...

    @property
    def savable(self) -> bool:
        """Whether `save` gives bytes that are safe to load from a stranger's file."""
        ...

    def start(self, seed: int) -> None:
        """Go to the first frame of the episode of a seed, whatever was played before."""
        ...

    def advance(self, frames: int, held: Set[str]) -> None:
        """Run so many frames with exactly these buttons held, fewer where `over` becomes true."""
        ...

    def point(self, x: int, y: int) -> None:
        """Move the mouse there, in pixels of the screen. Only where there is a pointer."""
        ...

    def picture(self) -> NDArray[np.uint8]:
        """The screen (H × W × 3) in the engine's own pixels. Drawing changes nothing."""
        ...

    def variables(self) -> Mapping[str, float]:
        """Named numbers of the state, by the names that milestones use."""
        ...

    def raw(self) -> Any:
        """What is hashed of the state: arrays, numbers, strings, and dicts and lists of them; no picture."""
        ...

    @property
    def over(self) -> bool:
        """Whether the engine has ended the episode itself and runs no further frame."""
        ...

    def take_reward(self) -> float:
        """The engine's own reward since it was asked last; 0 where it has none."""
        ...

    def save(self) -> bytes:
        """The whole state.

        Raises:
            NotImplementedError: the engine makes no states.
        """
        ...

    def load(self, state: bytes) -> None:
        """Go back to a state that `save` gave, with no button held."""
        ...

    def close(self) -> None:
        """End the emulator. May be called twice."""
        ...
