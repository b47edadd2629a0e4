"""An `Engine` (`games.frames`) around a program of the desktop: it runs in real time, when it is told to."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.desktop._checkpoints import Watcher
from games.desktop._display import Display
from games.desktop._keys import KEYSYMS, MOUSE
from games.desktop._settings import Begin, Settings

LOOK = 4
"""Frames between two looks at the picture for the places of a spec."""

_TAPPED = 3  # frames that a key is down
_SMALL = 32  # rows and columns of the grey picture that stands for the state


class DesktopEngine:
    """Fulfils the `Engine` protocol; a subclass says how its program is started.

    A frame is a share of a second of real time: between calls the program is stopped, and `advance` lets it
    run for as long as so many frames last. What it does in that time depends on the machine, so the same
    inputs do not give the same game.
    """

    savable = False

    def __init__(self, size: tuple[int, int], rate: float, settings: Settings) -> None:
        self.rate = rate
        self.pointer: tuple[int, int] | None = size
        self.buttons = (*MOUSE, *KEYSYMS)
        self.sights = settings.sights
        self._watcher = Watcher(settings.sights)
        self._begin = settings.begin
        self._display: Display | None = None
        self._since = 0
        self._last: NDArray[np.uint8] = np.zeros((size[1], size[0], 3), np.uint8)

    def launch(self, seed: int) -> Display:
        """The program, started and standing still."""
        raise NotImplementedError

    def start(self, seed: int) -> None:
        """Start the program anew and play its beginning up to where the episode starts.

        Raises:
            ValueError: that place was not reached, or the program ended by itself.
        """
        self.close()
        self._watcher.forget()
        self._since = 0
        self._display = self.launch(seed)
        if self._begin is not None:
            self._come_to(self._begin)

    def _come_to(self, begin: Begin) -> None:
        run = begin.first
        self.advance(begin.first, frozenset())
        while not self._watcher.seen(begin.until):
            if run >= begin.most or self.over:
                self.close()
                raise ValueError(f"the game's start was not reached in {run} frames: no {begin.until!r} seen")
            self.advance(_TAPPED, {begin.press} if begin.press else frozenset())
            self.advance(begin.every, frozenset())
            run += _TAPPED + begin.every

    def advance(self, frames: int, held: Set[str]) -> None:
        """Let the program run for so many frames, looking at its picture on the way."""
        display = self._running()
        if display.ended:
            return
        display.hold(held)
        while frames > 0 and not display.ended:
            count = min(frames, LOOK - self._since)
            display.run(count / self.rate)
            frames -= count
            self._since = (self._since + count) % LOOK
            if self._since == 0 and not display.ended:
                self._last = display.picture()
                self._watcher.look(self._last)

    def point(self, x: int, y: int) -> None:
        """Move the mouse there."""
        self._running().point(x, y)

    def picture(self) -> NDArray[np.uint8]:
        """What the program shows; what it showed last where it has ended."""
        display = self._running()
        if not display.ended:
            self._last = display.picture()
        return self._last

    def variables(self) -> Mapping[str, float]:
        """Which places of the spec are seen: ``sees_NAME`` is 1 or 0."""
        return self._watcher.variables()

    def raw(self) -> Any:
        """A small grey picture: there is no other state to be had of a program of the desktop."""
        grey = self.picture().mean(axis=2)
        rows, columns = (np.linspace(0, length - 1, _SMALL).astype(int) for length in grey.shape)
        return grey[np.ix_(rows, columns)].astype(np.uint8)

    @property
    def over(self) -> bool:
        """Whether the program has ended."""
        return self._display is not None and self._display.ended

    def take_reward(self) -> float:
        """0: there is none."""
        return 0.0

    def save(self) -> bytes:
        """Not to be had."""
        raise NotImplementedError("a program of the desktop gives no states")

    def load(self, state: bytes) -> None:
        """Not to be had."""
        raise NotImplementedError("a program of the desktop takes no states")

    def close(self) -> None:
        """End the program and its display."""
        if self._display is not None:
            self._display.close()
            self._display = None

    def _running(self) -> Display:
        if self._display is None:
            raise ValueError("the game was not started")
        return self._display
