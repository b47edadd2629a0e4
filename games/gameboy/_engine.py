"""PyBoy, frame by frame, with its clocks locked and nothing read from or written beside the ROM."""

from __future__ import annotations

import gzip
import hashlib
import io
import warnings
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from importlib import import_module, resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it tells on import which SDL it found, and none is used
    from pyboy import PyBoy
    from pyboy.utils import PyBoyException

from games.api import Section, Stability
from games.frames import Spec
from games.frames._memory import number, size
from games.gameboy._tiles import screen_text

_WORK_RAM, _BLOCK, _BLOCKS = 0xC000, 256, 32
_SPRITES, _HIGH_RAM = slice(0xFE00, 0xFEA0), slice(0xFF80, 0xFFFF)
_MAPS = (slice(0x9800, 0x9C00), slice(0x9C00, 0xA000))
_REGISTERS, _SCROLL, _WINDOW_Y = slice(0xFF40, 0xFF4C), slice(2, 4), 10
_SEEN = 18 * 32  # of a map: the rows of the screen


class GameBoy:
    """One console with a game in it.

    Its frames come 4194304 / 70224 = 59.73 a second (Pan Docs, "Rendering"). Raw: the memory of the
    screen's registers and sprites, and the spec's variables; beside them the tile maps in use, where the spec
    says what tiles stand for and the screen can be told in words; else the high memory, and of the 8 kB of
    work memory a thirty-second part, another one in each frame: all of it would take as long as five frames.
    """

    rate = 4_194_304 / 70_224
    pointer = None
    savable = True
    rewards = False

    def __init__(self, spec: Spec, *, image: bool = False) -> None:
        self._image = image
        self._spec = spec
        self._frame = 0
        self._held: frozenset[str] = frozenset()
        self.buttons = tuple(spec.controls)
        self._variables = [
            (name, each.address, each.address + size(each.type), each.type, each.mask)
            for name, each in spec.variables.items()
        ]
        data = rom(spec)
        # From memory: beside a file PyBoy would look for battery saves, which leak from run to run.
        self._boy = PyBoy(
            io.BytesIO(data), window="null", sound_emulated=False, log_level="CRITICAL", no_input=False
        )
        self._boy.set_emulation_speed(0)
        with suppress(PyBoyException):  # few cartridges have a clock
            self._boy.rtc_lock_experimental(True)
        self._power_on = self.save()
        self._memory = self._boy.memory
        self.content = {"rom": hashlib.sha1(data).hexdigest()}  # noqa: S324 - as ROMs are known by
        self._tiles, self._sprites = spec.engine.get("tiles", {}), spec.engine.get("sprites", {})
        self.words = self._told if self._tiles else None
        self._player = player(spec)

    def start(self, seed: int) -> None:
        """As the console is when it is switched on; seeds come in through memory or waiting."""
        self.load(self._power_on)
        self._frame = 0
        self._player = player(self._spec)

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
        registers: list[int] = memory[_REGISTERS]
        found = registers.copy()
        for piece in self._pieces(registers):
            found += memory[piece]
        return {"memory": np.frombuffer(bytes(found), dtype=np.uint8), "variables": dict(self.variables())}

    def _pieces(self, registers: Sequence[int]) -> list[slice]:
        """What of the memory `raw` holds behind the registers of the screen (Pan Docs, "LCD Control")."""
        if not self._tiles:
            block = _WORK_RAM + _BLOCK * (self._frame % _BLOCKS)
            return [_SPRITES, _HIGH_RAM, slice(block, block + _BLOCK)]
        control, scrolled = registers[0], registers[_SCROLL]
        background = _MAPS[bool(control & 0x08)]
        if not any(scrolled):  # then the rows below the screen cannot be seen
            background = slice(background.start, background.start + _SEEN)
        window = _MAPS[bool(control & 0x40)].start
        rows = max(0, 18 - registers[_WINDOW_Y] // 8) if control & 0x20 else 0
        return [_SPRITES, background, *([slice(window, window + 32 * rows)] if rows else [])]

    def _told(self, raw: Mapping[str, Any]) -> tuple[Section, ...]:
        """The screen as characters."""
        video, kept = [0] * (1 << 16), raw["memory"].tolist()
        at = _REGISTERS.stop - _REGISTERS.start
        video[_REGISTERS] = kept[:at]
        for piece in self._pieces(kept[:at]):
            size = piece.stop - piece.start
            video[piece] = kept[at : at + size]
            at += size
        lines = screen_text(video, self._tiles, self._sprites)
        return (Section("screen", "\n".join(lines), Stability.VOLATILE),)

    def oracle(self) -> str:
        """The scripted player's next line, from the variables and the screen."""
        (section,) = self._told(self.raw())
        line: str = self._player.act(self.variables(), section.text.split("\n"))
        return line

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


def player(spec: Spec) -> Any:
    """A fresh scripted player of a game, where the spec names its module and class; else None."""
    if "oracle" not in spec.engine:
        return None
    module, _, name = spec.engine["oracle"].partition(":")
    return getattr(import_module(f"games.gameboy.{module}"), name)()


def rom(spec: Spec) -> bytes:
    """The bytes of a game: one that ships with us, or the player's.

    Raises:
        ValueError: it is not in the library.
    """
    if spec.content.bundled:
        data = (resources.files(__package__) / spec.content.bundled).read_bytes()
        return gzip.decompress(data) if spec.content.bundled.endswith(".gz") else data
    from games import roms

    return roms.require(spec.content).read_bytes()
