"""Consoles on stable-retro, each in a process of its own: stable-retro allows one emulator a process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Set
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games import roms
from games.retro._child import Cartridge, Hello, Reading

_BOOT = """
import json, sys
sys.path[:] = json.loads(sys.argv[2])
from games import roms
from games.retro._child import main
main(int(sys.argv[1]))
"""

_OPPOSITE = (frozenset({"left", "right"}), frozenset({"up", "down"}))
"""A pad cannot press both, and games were never tried with it."""


Player = Callable[[Callable[[int, int], bytes]], str]
"""Names the next line, from what it reads in memory."""


class EmulatorDied(RuntimeError):
    """The emulator's process ended, or it failed at what it was told."""


class RetroEngine:
    """A cartridge in its console (`games.frames.Engine`).

    Reward, end and variables are the integration's own, taken frame by frame. A state is restored exactly
    (what a scenario's Lua script remembers excepted), but the cores read a state without checking it, so one
    of a stranger's file must not be loaded: `savable` is False.
    """

    pointer: tuple[int, int] | None = None
    savable = False

    def __init__(self, cartridge: Cartridge, player: Player | None = None) -> None:
        self._line, self._process = _started()
        self._cartridge = cartridge
        self._player = player
        self._closed = False
        try:
            hello: Hello = self._ask("open", cartridge)
        except BaseException:
            self.close()
            raise
        self.rate = hello.rate
        self.buttons = hello.buttons
        self.rewards = bool(cartridge.scenario)
        self.content = {"rom": roms.sha1_of(Path(cartridge.rom))}
        self._now = Reading({}, 0, False, 0.0)
        self._reward = 0.0

    def start(self, seed: int) -> None:
        """Go to the integration's state (or to power-on). Seeds differ by what is waited after it."""
        self._reward = 0.0
        self._take(self._ask("start"))

    def advance(self, frames: int, held: Set[str]) -> None:
        """Run frames; neither of two opposite directions is pressed where both are held."""
        pressed = frozenset(held)
        for both in _OPPOSITE:
            if both <= pressed:
                pressed -= both
        self._take(self._ask("advance", frames, pressed))

    def _take(self, reading: Reading) -> None:
        self._now = reading
        self._reward += reading.reward

    def point(self, x: int, y: int) -> None:
        """Never called: there is no pointer."""
        raise NotImplementedError("a console has no mouse")

    def picture(self) -> NDArray[np.uint8]:
        """The screen (H × W × 3); some games change its size as they go."""
        screen: NDArray[np.uint8] = self._ask("picture")
        return screen

    def variables(self) -> Mapping[str, float]:
        """The integration's variables, and those of the spec."""
        return self._now.variables

    def memory(self, address: int, count: int) -> bytes:
        """Bytes of the console's memory."""
        found: bytes = self._ask("memory", address, count)
        return found

    def oracle(self) -> str:
        """The scripted player's next line, where the task has one."""
        if self._player is None:
            raise NotImplementedError("this game has no scripted player")
        return self._player(self.memory)

    def raw(self) -> Any:
        """The hash of the whole memory, and the frame."""
        return {"memory": self._ask("raw"), "frame": self._now.frame}

    @property
    def over(self) -> bool:
        """Whether the scenario says that the game has ended."""
        return self._now.over

    def take_reward(self) -> float:
        """The scenario's reward since it was asked last."""
        reward, self._reward = self._reward, 0.0
        return reward

    def save(self) -> bytes:
        """The emulator's state. To be kept in memory only."""
        state: bytes = self._ask("save")
        return state

    def load(self, state: bytes) -> None:
        """Go back to a state of this cartridge. Bytes of another source must not be given."""
        self._reward = 0.0
        self._take(self._ask("load", state))

    def close(self) -> None:
        """End the emulator's process."""
        if not self._closed:
            self._closed = True
            self._line.close()
            self._process.kill()
            self._process.wait()

    def __del__(self) -> None:
        if hasattr(self, "_closed"):
            self.close()

    def _ask(self, name: str, *arguments: Any) -> Any:
        if self._closed:
            raise EmulatorDied("the emulator was closed")
        try:
            self._line.send((name, arguments))
            kind, value = self._line.recv()
        except (EOFError, OSError):
            raise EmulatorDied(self._last_words()) from None
        if kind == "error":
            raise EmulatorDied(f"{self._cartridge.rom}: {value}")
        return value

    def _last_words(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "the emulator's process does not answer"
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"the emulator's process died ({how})"


def _started() -> tuple[Connection, subprocess.Popen[bytes]]:
    """A child that waits for messages. What emulators print is nobody's; Ctrl-C is for us to handle."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", _BOOT, str(theirs.fileno()), json.dumps(sys.path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    return Connection(ours.detach()), process
