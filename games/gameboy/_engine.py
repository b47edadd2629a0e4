"""PyBoy, frame by frame, with its clocks locked and nothing read from or written beside the ROM."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Set
from contextlib import suppress
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it tells on import which SDL it found, and none is used
    from pyboy import PyBoy
    from pyboy.utils import PyBoyException

from games.frames import Spec
from games.frames._memory import number, size

_WORK_RAM, _BLOCK, _BLOCKS = 0xC000, 1024, 8
_SPRITES, _HIGH_RAM = (0xFE00, 0xFEA0), (0xFF80, 0xFFFF)


class GameBoy:
    """One console with a game in it.

    Its frames come 4194304 / 70224 = 59.73 a second (Pan Docs, "Rendering"). Raw: the memory of sprites, the
    high memory, the spec's variables, and of the 8 kB of work memory one kilobyte, another one in each
    frame: to read it all would take as long as emulating five frames.
    """

    rate = 4_194_304 / 70_224
    pointer = None
    savable = True
    rewards = False

    def __init__(self, spec: Spec, *, image: bool = False) -> None:
        self._image = image
        self._frame = 0
        self._held: frozenset[str] = frozenset()
        self.buttons = tuple(spec.controls)
        self._variables = [
            (name, each.address, each.address + size(each.type), each.type, each.mask)
            for name, each in spec.variables.items()
        ]
        # From memory: beside a file PyBoy would look for battery saves, which leak from run to run.
        self._boy = PyBoy(
            io.BytesIO(rom(spec)), window="null", sound_emulated=False, log_level="CRITICAL", no_input=False
        )
        self._boy.set_emulation_speed(0)
        with suppress(PyBoyException):  # few cartridges have a clock
            self._boy.rtc_lock_experimental(True)
        self._power_on = self.save()
        self._memory = self._boy.memory

    def start(self, seed: int) -> None:
        """As the console is when it is switched on; seeds come in through memory or waiting."""
        self.load(self._power_on)
        self._frame = 0

    def advance(self, frames: int, held: Set[str]) -> None:
        """Run frames; only the last is drawn, and only where pictures are wanted."""
        if held != self._held:
            for name in self._held - held:
                self._boy.button_release(name)
            for name in held - self._held:
                self._boy.button_press(name)
            self._held = frozenset(held)
        self._boy.tick(frames, self._image, False)
        self._frame += frames

    def point(self, x: int, y: int) -> None:
        """There is no mouse."""
        raise NotImplementedError("a Game Boy has no mouse")

    def poke(self, address: int, data: bytes) -> None:
        """Write bytes into memory."""
        for at, byte in enumerate(data):
            self._memory[address + at] = byte

    def picture(self) -> NDArray[np.uint8]:
        """The screen, 144 × 160 × 3."""
        return np.ascontiguousarray(self._boy.screen.ndarray[:, :, :3])

    def variables(self) -> Mapping[str, float]:
        """The spec's variables."""
        memory = self._memory
        return {
            name: memory[start] if kind == "u8" and mask is None else number(kind, memory[start:end], mask)
            for name, start, end, kind, mask in self._variables
        }

    def raw(self) -> Any:
        """See the class."""
        memory = self._memory
        block = _WORK_RAM + _BLOCK * (self._frame % _BLOCKS)
        return {
            "work": np.array(memory[block : block + _BLOCK], dtype=np.uint8),
            "sprites": np.array(memory[slice(*_SPRITES)], dtype=np.uint8),
            "high": np.array(memory[slice(*_HIGH_RAM)], dtype=np.uint8),
            "variables": dict(self.variables()),
        }

    @property
    def over(self) -> bool:
        """A console does not switch itself off."""
        return False

    def take_reward(self) -> float:
        """A console gives none."""
        return 0.0

    def save(self) -> bytes:
        """The whole state (150 kB)."""
        stream = io.BytesIO()
        self._boy.save_state(stream)
        return self._frame.to_bytes(8, "little") + stream.getvalue()

    def load(self, state: bytes) -> None:
        """Go back to a state, with no button held: PyBoy keeps those out of it."""
        for name in self._held:
            self._boy.button_release(name)
        self._held = frozenset()
        self._frame = int.from_bytes(state[:8], "little")
        self._boy.load_state(io.BytesIO(state[8:]))

    def close(self) -> None:
        """Stop, without writing anything."""
        if self._boy is not None:
            self._boy.stop(save=False)
            self._boy = None


def rom(spec: Spec) -> bytes:
    """The bytes of a game: one that ships with us, or the player's.

    Raises:
        ValueError: it is not in the library.
    """
    if spec.content.bundled:
        return (resources.files(__package__) / spec.content.bundled).read_bytes()
    from games import roms

    return roms.require(spec.content).read_bytes()
