"""Bytes in a run folder, on this machine's disks or behind a URL: what is appended is whole, or is not there.

A folder is a `pathlib.Path`, or for ``s3://…``, ``gs://…``, ``memory://…`` and whatever else fsspec knows a
`UPath` of universal_pathlib, which has the same methods.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ParamSpec, cast

from harness.errors import CannotWrite, InputError

P = ParamSpec("P")


def place(text: str) -> Path:
    """The folder or file that a path or a URL names.

    Raises:
        InputError: it is a URL, and universal_pathlib or the package of its file system is not installed.
    """
    if "://" not in text:
        return Path(text)
    try:
        from upath import UPath

        return cast(Path, UPath(text))
    except ImportError as error:
        protocol = text.partition("://")[0]
        mend = 'pip install "ludometer[cloud]"'
        raise InputError(
            f"{text}: {error}; {mend}, and the package for {protocol}:// (s3fs, gcsfs, …)"
        ) from None
    except ValueError as error:
        raise InputError(f"{text}: {error}") from None


def is_local(path: Path) -> bool:
    """Whether a path is on this machine's disks, as far as it says."""
    return isinstance(path, Path)


class Appender:
    """Appends to one file, past any buffer of ours: what was appended survives the end of the process."""

    def __init__(self, path: Path) -> None:
        self._file: _Disk | _Store = _Disk(path) if is_local(path) else _Store(path)
        self.local = is_local(path)

    def append(self, data: bytes) -> None:
        """Add bytes at the end.

        Raises:
            CannotWrite: not all of them fit; none of them stays.
        """
        self._file.append(data)

    def clear(self) -> None:
        """Make the file empty."""
        self._file.clear()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    async def aside(self, function: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call what writes: at once on a disk, in a thread where every write crosses the network."""
        if self.local:
            function(*args, **kwargs)
        else:
            await asyncio.to_thread(function, *args, **kwargs)


class _Disk:
    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise CannotWrite(path, error) from None

    def append(self, data: bytes) -> None:
        before = os.fstat(self._file).st_size
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            os.ftruncate(self._file, before)
            raise CannotWrite(self._path, error) from None

    def clear(self) -> None:
        os.ftruncate(self._file, 0)

    def close(self) -> None:
        os.close(self._file)


_appends: dict[str, bool] = {}
"""By protocol: whether its files were seen to grow by what was appended. Some write from the start."""


class _Store:
    """A file of an fsspec file system. Where that cannot append, the whole object is put again each time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._protocol = str(path).partition("://")[0]
        self._sound = True  # whether the object is known to hold the content, and nothing else
        with _told(path):
            self._content = path.read_bytes() if path.exists() else b""
            path.parent.mkdir(parents=True, exist_ok=True)

    def append(self, data: bytes) -> None:
        whole = self._content + data
        sound, self._sound = self._sound, False
        with _told(self._path):
            if not (sound and self._appended(data, len(whole))):
                _put(self._path, whole)
        self._content, self._sound = whole, True

    def _appended(self, data: bytes, size: int) -> bool:
        """Append by the file system's own means; False where it has none that can be relied on."""
        if not _appends.get(self._protocol, True):
            return False
        try:
            with self._path.open("ab") as stream:
                stream.write(data)
        except (NotImplementedError, ValueError, FileNotFoundError):  # what fsspec's file systems raise then
            _appends[self._protocol] = False
            return False
        if self._content and self._protocol not in _appends:
            _appends[self._protocol] = self._path.stat().st_size == size
        return _appends.get(self._protocol, True)

    def clear(self) -> None:
        self._sound = False
        with _told(self._path):
            self._path.write_bytes(b"")
        self._content, self._sound = b"", True

    def close(self) -> None:
        pass


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Every store has errors of its own kind: all of them mean that nothing could be written."""
    try:
        yield
    except OSError as error:
        raise CannotWrite(path, error) from None
    except Exception as error:
        raise CannotWrite(path, OSError(f"{type(error).__name__}: {error}")) from None


_OBJECTS = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "r2", "memory"}
"""Protocols of stores where an object is there whole or not at all."""


def _put(path: Path, data: bytes) -> None:
    """Write a file behind a URL whole or not at all."""
    if str(path).partition("://")[0] in _OBJECTS:
        path.write_bytes(data)
        return
    beside = path.with_name(f".{path.name}-{os.urandom(4).hex()}")
    try:
        beside.write_bytes(data)
        beside.rename(path)
    except BaseException:
        with suppress(Exception):
            beside.unlink(missing_ok=True)
        raise


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file whole or not at all.

    Raises:
        CannotWrite: it stays as it was.
    """
    if not is_local(path):
        with _told(path):
            _put(path, data)
        return
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        # mkstemp makes files that only their owner reads; a run folder is meant to be shared.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise CannotWrite(path, error) from None
        raise


def cut_at(path: Path, size: int) -> None:
    """Keep the first `size` bytes of a file only."""
    if is_local(path):
        os.truncate(path, size)
    else:
        with _told(path):
            _put(path, path.read_bytes()[:size])
