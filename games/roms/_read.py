"""Reading what a user names, without trusting it: a file, or a zip of files."""

from __future__ import annotations

import hashlib
import io
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

LARGEST = 32 * 2**20
"""Bytes of a ROM at most: stable-retro takes no larger one either (`stable_retro.data.groom_rom`)."""

_LARGEST_SUM = 64 * 2**20
"""Bytes that a zip may unpack to in all, and of the zip itself."""

_MEMBERS = 64
_ARCHIVES = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\x00",
)
_INES = b"NES\x1a"


def hashes(data: bytes) -> tuple[str, ...]:
    """The SHA-1s by which a ROM may be known: of all, and without the header that is no part of the game.

    That is the 16 bytes of iNES (stable-retro's rom.sha leave them out, `stable_retro.data.groom_rom`) and
    the 512 bytes that copiers of SNES cartridges put in front (the rest is whole kibibytes).
    """
    found = [data]
    if data.startswith(_INES):
        found.append(data[16:])
    elif has_copier_header(data):
        found.append(data[512:])
    return tuple(hashlib.sha1(part, usedforsecurity=False).hexdigest() for part in found)


def has_copier_header(data: bytes) -> bool:
    """Whether 512 bytes too many are there, as copiers of SNES cartridges write them."""
    return len(data) > 32768 and len(data) % 1024 == 512


def read(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of a file, or of every file in a zip (also in memory: nothing is extracted).

    Raises:
        ValueError: there is nothing to read, or more than is sensible; one line says what.
    """
    data = _file(path)
    if data.startswith(_ARCHIVES[:2]):
        yield from _members(path.name, data)
    elif data.startswith(_ARCHIVES):
        raise ValueError(f"{path.name} is an archive that is not a zip; unpack it first")
    elif len(data) > LARGEST:
        raise ValueError(f"{path.name} is larger than {_size(LARGEST)}: not a ROM that can be played here")
    else:
        yield path.name, data


def _file(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        # A pipe would never end.
        data = _start(path) if stat.S_ISREG(mode) else b""
    except (OSError, ValueError) as error:  # a ValueError: a name that no file can have
        raise ValueError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if stat.S_ISDIR(mode):
        raise ValueError(f"{path} is a folder; name the ROM files in it")
    if not stat.S_ISREG(mode):
        raise ValueError(f"{path} is not a file")
    if not data:
        raise ValueError(f"{path} is empty")
    if len(data) > _LARGEST_SUM:
        raise ValueError(f"{path} is larger than {_size(_LARGEST_SUM)}: not a ROM that can be played here")
    return data


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LARGEST_SUM + 1)


def _members(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    # Every entry of a zip's directory begins like this, whatever number of entries the zip states: asked
    # before the directory is read, since a million entries take a gigabyte.
    if data.count(b"PK\x01\x02") > _MEMBERS:
        raise ValueError(f"{name} holds more than {_MEMBERS} files; unpack it and name the ROMs")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
            _sensible(name, entries)
            for entry in entries:
                yield entry.filename, _unpacked(name, archive, entry)
    except Exception as error:
        if type(error) is ValueError:  # ours
            raise
        # Damaged archives make zipfile and zlib fail in a dozen ways; none of them is a fault of ours.
        told = str(error) or "it ends too early"
        raise ValueError(f"{name} is a zip that cannot be read: {told}") from None


def _sensible(name: str, entries: list[zipfile.ZipInfo]) -> None:
    if not entries:
        raise ValueError(f"{name} holds no files")
    if sum(entry.file_size for entry in entries) > _LARGEST_SUM:
        raise ValueError(f"{name} would unpack to more than {_size(_LARGEST_SUM)}")
    for entry in entries:
        if entry.flag_bits & 1:
            raise ValueError(f"{name} is locked with a password; unpack it first")
        # The other methods unpack without a bound on what they make of a few bytes.
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{name} is packed by a method other than deflate; unpack it first")


def _unpacked(name: str, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"{name} holds a file larger than {_size(LARGEST)}: {entry.filename}")
    if len(data) != entry.file_size:
        raise ValueError(
            f"{name} states {entry.file_size:,} bytes for {entry.filename}, and holds {len(data):,}"
        )
    if data.startswith(_ARCHIVES):
        raise ValueError(f"{name} holds another archive, {entry.filename}; unpack it first")
    return data


def _size(count: int) -> str:
    return f"{count // 2**20} MiB"
