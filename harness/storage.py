"""Bytes on disk: what is appended is whole, or is not there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from harness.errors import CannotWrite


class Appender:
    """Appends to one file, past any buffer of ours: what was appended survives the end of the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise CannotWrite(path, error) from None

    def append(self, data: bytes) -> None:
        """Add bytes at the end.

        Raises:
            CannotWrite: not all of them fit; none of them stays.
        """
        before = os.fstat(self._file).st_size
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            os.ftruncate(self._file, before)
            raise CannotWrite(self._path, error) from None

    def clear(self) -> None:
        """Make the file empty."""
        os.ftruncate(self._file, 0)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file whole or not at all.

    Raises:
        CannotWrite: it stays as it was.
    """
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
