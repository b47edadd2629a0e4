"""The library of ROMs that users bring: kept by SHA-1, outside every run folder and repository.

No game is ever taken on its name. A file is known by the SHA-1 that a spec of ours or an integration of
stable-retro names; everything else is refused with what was found. ``ludometer rom add FILE`` puts files in.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from games.roms._read import hashes

__all__ = ["find", "folder", "have", "keep", "kept", "missing", "require", "sha1_of"]

_NAME = re.compile(r"[0-9a-f]{40}")


class Rom(Protocol):
    """A ROM that a game accepts (`games.frames._spec.Rom`)."""

    @property
    def sha1(self) -> str:
        """Forty hexadecimal digits."""
        ...

    @property
    def name(self) -> str:
        """The game and its version."""
        ...


class Content(Protocol):
    """What a game is played from (`games.frames.Content`)."""

    @property
    def rom(self) -> Sequence[Rom]:
        """The ROMs that will do; none where the game needs no ROM of the user's."""
        ...


def folder() -> Path:
    """Where ROMs are kept: ``LUDOMETER_ROMS``, or the user's data folder as the platform has it."""
    chosen = os.environ.get("LUDOMETER_ROMS")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:  # the XDG Base Directory Specification: a relative path counts as unset
        given = Path(os.environ.get("XDG_DATA_HOME", ""))
        base = given if given.is_absolute() else Path.home() / ".local" / "share"
    return base / "ludometer" / "roms"


def kept() -> Mapping[str, Path]:
    """What is in the library: SHA-1 → file. The files' contents are not looked at."""
    try:
        files = sorted(folder().iterdir())
    except OSError:
        return {}
    return {file.stem: file for file in files if _NAME.fullmatch(file.stem)}


def find(sha1: str) -> Path | None:
    """The library's file of a SHA-1, or None."""
    return kept().get(sha1.lower())


def have(content: Content) -> bool:
    """Whether a spec's content can be had: it needs no ROM, or one that it accepts is in the library."""
    return not content.rom or any(find(rom.sha1) for rom in content.rom)


def missing(content: Content) -> str:
    """What has to be brought before a game can be played, in a few words; empty where it is all here."""
    return "" if have(content) else f"the ROM of {content.rom[0].name}: ludometer rom add FILE"


def require(content: Content) -> Path:
    """The file of a ROM that a spec accepts, read again to be sure that it is still the same.

    Raises:
        ValueError: none of them is in the library, or the file there has been changed.
    """
    for rom in content.rom:
        file = find(rom.sha1)
        if file is not None:
            return _unchanged(file, rom)
    named = " or ".join(f"{rom.name}, SHA-1 {rom.sha1}" for rom in content.rom)
    raise ValueError(f"needs a ROM that is yours to use: {named}. Put it in with: ludometer rom add FILE")


def _unchanged(file: Path, rom: Rom) -> Path:
    try:
        same = rom.sha1 in hashes(file.read_bytes())
    except OSError as error:
        raise ValueError(f"cannot read {file} ({rom.name}): {error.strerror}") from None
    if not same:
        raise ValueError(f"{file} is no longer {rom.name}; delete it and run: ludometer rom add FILE")
    return file


def sha1_of(file: Path) -> str:
    """The SHA-1 by which a ROM is known: what a run records as the content that it played.

    Raises:
        OSError: it is not in the library, and cannot be read.
    """
    return file.stem if _NAME.fullmatch(file.stem) else hashes(file.read_bytes())[-1]


def keep(sha1: str, extension: str, data: bytes) -> Path:
    """Put a ROM into the library, readable by its owner only. It is there as a whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    place = folder()
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=place, prefix=".adding-")  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return Path(name).replace(place / f"{sha1}.{extension}")
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
