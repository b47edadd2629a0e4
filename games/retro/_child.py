"""The process in which one emulator lives: stable-retro allows one a process (`games.retro._engine`).

It is told what to do over a socket, and answers each message: ``("ok", value)``, or ``("error", text)``. It
ends when its parent does, in whatever way.
"""

from __future__ import annotations

import gzip
import os
import pickle
import threading
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from games.frames import _memory

_WATCH = 2.0
"""Seconds after which the child looks again whether its parent is still there."""


@dataclass(frozen=True, slots=True)
class Cartridge:
    """What an emulator is started with. Paths are absolute; empty where there is none."""

    rom: str
    data: str = ""
    scenario: str = ""
    state: str = ""
    variables: Mapping[str, tuple[int, str, int | None]] | None = None
    """Further variables: name → address, type (`games.frames._memory`), mask."""


class Reading(NamedTuple):
    """What is told after every message that moves the game: cheap, so that nobody has to ask."""

    variables: dict[str, float]
    frame: int
    over: bool
    reward: float


class Hello(NamedTuple):
    """What is told of the emulator when it has started."""

    rate: float
    buttons: tuple[str, ...]


class Emulator:
    """The emulator, with what its integration says of variables, reward and the end."""

    def __init__(self, cartridge: Cartridge) -> None:
        import stable_retro as retro

        self._cartridge = cartridge
        self._scenario = bool(cartridge.scenario)
        self._em = retro.RetroEmulator(cartridge.rom)
        self._data = self._fresh_data()
        self._em.step()
        core: Mapping[str, Any] = retro.get_system_info(retro.get_romfile_system(cartridge.rom))
        self._buttons = [name.lower() if name else None for name in core["buttons"]]
        self._mask = np.zeros(len(self._buttons), np.uint8)
        self._held: frozenset[str] | None = None
        self._extra = dict(cartridge.variables or {})
        self._sizes = {name: _memory.size(kind) for name, (_, kind, _) in self._extra.items()}
        self._begin = self._em.get_state()
        if cartridge.state:
            self._begin = gzip.decompress(Path(cartridge.state).read_bytes())
        self._frame, self._over, self._reward = 0, False, 0.0
        self._picture: NDArray[np.uint8] | None = None

    def _fresh_data(self) -> Any:
        """Variables, reward and end anew: what a scenario's script remembers is of one episode."""
        from stable_retro.data import GameData

        data = GameData()
        self._em.configure_data(data)
        told = self._cartridge
        if told.data and not data.load(told.data, told.scenario):
            raise ValueError(f"stable-retro cannot read {told.data} with {told.scenario}")
        return data

    def hello(self) -> Hello:
        """Frames a second, and the buttons."""
        names = tuple(name for name in self._buttons if name)
        return Hello(float(self._em.get_screen_rate()), names)

    def start(self) -> Reading:
        """Go to the beginning, as `stable_retro.RetroEnv.reset` does: its state, and one frame."""
        self._em.set_state(self._begin)
        self._press(frozenset())
        self._data = self._fresh_data()
        self._em.step()
        self._data.reset()
        self._data.update_ram()
        self._frame, self._over, self._reward, self._picture = 0, False, 0.0, None
        return self._read()

    def advance(self, frames: int, held: frozenset[str]) -> Reading:
        """Frame by frame, since a reward is what changed in one, and the end may hold in one only."""
        self._press(held)
        em, data, scenario = self._em, self._data, self._scenario
        self._picture = None
        for _ in range(frames):
            if self._over:
                break
            em.step()
            data.update_ram()
            self._frame += 1
            if scenario:
                self._reward += data.current_reward()
                self._over = bool(data.is_done())
        return self._read()

    def _press(self, held: frozenset[str]) -> None:
        if held == self._held:
            return
        self._held = held
        for at, name in enumerate(self._buttons):
            self._mask[at] = name in held
        self._em.set_button_mask(self._mask, 0)

    def _read(self) -> Reading:
        reward, self._reward = self._reward, 0.0
        numbers = {name: float(value) for name, value in self._data.lookup_all().items()}
        for name, (address, kind, mask) in self._extra.items():
            numbers[name] = float(_memory.number(kind, self._bytes(address, self._sizes[name]), mask))
        return Reading(numbers, self._frame, self._over, reward)

    def _bytes(self, address: int, count: int) -> list[int]:
        # One by one: some cores keep the two bytes of a word in the machine's own order.
        extract = self._data.memory.extract
        return [int(extract(at, "|u1")) & 0xFF for at in range(address, address + count)]

    def picture(self) -> NDArray[np.uint8]:
        """The screen, upright and cut as the integration says."""
        if self._picture is not None:
            return self._picture
        screen: NDArray[np.uint8] = self._em.get_screen()
        x, y, width, height = self._data.crop_info(0)
        screen = screen[y : y + height if height else None, x : x + width if width else None]
        return np.ascontiguousarray(np.rot90(screen, int(self._em.get_rotation()) % 4))

    def raw(self) -> str:
        """The hash of the console's memory, which may be half a megabyte."""
        digest = blake2b(digest_size=16)
        blocks = self._data.memory.blocks
        for address in sorted(blocks):
            digest.update(b"%d:" % address + bytes(blocks[address]))
        return digest.hexdigest()

    def memory(self, address: int, count: int) -> bytes:
        """Bytes of the console's memory, in the console's own order."""
        return bytes(self._bytes(address, count))

    def save(self) -> bytes:
        """The emulator's state, and the picture: a state that is loaded shows its own a frame later only."""
        kept = (self._em.get_state(), self._frame, self._over, self._reward, self.picture())
        return zlib.compress(pickle.dumps(kept), 1)

    def load(self, state: bytes) -> Reading:
        """Take over what `save` gave."""
        kept = pickle.loads(zlib.decompress(state))  # noqa: S301 - from our own memory only
        emulator, self._frame, self._over, self._reward, self._picture = kept
        self._em.set_state(emulator)
        self._press(frozenset())
        self._data.reset()
        self._data.update_ram()
        self._data.update_ram()  # what the next frame is compared with is this one
        return self._read()


def main(descriptor: int) -> None:
    """Obey until the parent closes the socket or is gone."""
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()
    with Connection(descriptor) as line:
        emulator: Any = None
        while True:
            try:
                name, arguments = line.recv()
            except (EOFError, OSError):
                return
            try:
                if name == "open":
                    emulator = Emulator(*arguments)
                    answer = ("ok", emulator.hello())
                else:
                    answer = ("ok", getattr(emulator, name)(*arguments))
            except Exception as error:
                answer = ("error", f"{type(error).__name__}: {error}")
            line.send(answer)


def _watch(parent: int) -> None:
    """End this process once its parent is gone, even where somebody else holds the socket's other end."""
    while os.getppid() == parent:
        time.sleep(_WATCH)
    os._exit(0)
