"""Adding a file to the library: it is known, and kept, or it is refused with one line that says why."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from games import roms
from games.roms._headers import EXTENSIONS, header
from games.roms._known import Known
from games.roms._read import hashes, read


@dataclass(frozen=True, slots=True)
class Added:
    """A ROM that is now in the library."""

    name: str
    sha1: str
    file: Path
    tasks: tuple[str, ...]


def add(path: Path, known: Mapping[str, Known]) -> list[Added]:
    """Put a ROM, or those in a zip, into the library. All of a file is looked at before anything is kept.

    Args:
        path: what the user named.
        known: SHA-1 → game (`games.roms._known.catalogue`).

    Raises:
        ValueError: it holds no ROM that can be played; one line says what was found and what is expected.
        OSError: the library cannot be written.
    """
    good: list[tuple[Known, bytes]] = []
    wrong: list[str] = []
    for name, data in read(path):
        try:
            good.append((_identified(name, data, known), data))
        except ValueError as error:
            wrong.append(str(error))
    # A zip may hold a text beside the ROM.
    if not good:
        raise ValueError(
            wrong[0] if len(wrong) == 1 else f"{path.name} holds no known ROM: {'; '.join(wrong[:3])}"
        )
    return [_kept(game, data) for game, data in good]


def _kept(game: Known, data: bytes) -> Added:
    if game.system == "Snes" and game.sha1 != hashes(data)[0]:
        data = data[512:]  # what a copier put in front is no part of the cartridge
    file = roms.keep(game.sha1, EXTENSIONS[game.system], data)
    return Added(game.name, game.sha1, file, game.tasks)


def _identified(name: str, data: bytes, known: Mapping[str, Known]) -> Known:
    found = hashes(data)
    game = next((known[sha1] for sha1 in found if sha1 in known), None)
    if game is None:
        raise ValueError(_unknown(name, data, found, known))
    if game.why:
        raise ValueError(f"{name} is {game.name} (SHA-1 {game.sha1}): {game.why}. Expected: {game.instead}")
    told = header(data)
    system = game.system or (told.system if told else "")
    if system not in EXTENSIONS:
        raise ValueError(f"{name} is {game.name}; games of {system or 'its system'} cannot be played here")
    if system == "Nes" and (told is None or told.system != "Nes"):
        raise ValueError(
            f"{name} is {game.name} without its iNES header; the emulator needs a .nes file with it"
        )
    return Known(game.sha1, game.name, game.tasks, system)


def _unknown(name: str, data: bytes, found: tuple[str, ...], known: Mapping[str, Known]) -> str:
    """What is said of a file whose SHA-1 nobody names."""
    if not data:
        return f"{name} is empty"
    size = f"{len(data):,} bytes"
    told = header(data)
    if told is None and Path(name).suffix.lower().lstrip(".") not in EXTENSIONS.values():
        return f"{name} is not a ROM of a system that is known here ({size})"
    if told is not None and told.damage:
        return f"{name} is truncated or damaged: {told.damage} (SHA-1 {found[0]}, {size})"
    title = f', title "{told.title}"' if told is not None and told.title else ""
    sha1 = " or ".join(dict.fromkeys(reversed(found)))
    near = _nearest([told.title if told else "", Path(name).stem], known)
    hint = f"; the nearest known game is {near.name}, SHA-1 {near.sha1}" if near is not None else ""
    return f"{name} is no ROM that is known here: SHA-1 {sha1}, {size}{title}{hint}"


def _nearest(titles: list[str], known: Mapping[str, Known]) -> Known | None:
    """The playable game whose name is most like one of the titles, if any is much like it."""
    names = {_bare(game.name): game for game in reversed(list(known.values())) if not game.why}
    for title in filter(lambda title: len(title) > 4, map(_bare, titles)):
        near = difflib.get_close_matches(title, names, n=1, cutoff=0.72)
        if near:
            return names[near[0]]
    return None


def _bare(title: str) -> str:
    """Letters and digits, in lower case, without what is in brackets."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"[(\[].*", "", title.lower()))
