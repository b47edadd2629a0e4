"""The pictures that a run keeps: PNG files named by the SHA-256 of what is in them."""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_SHA256 = re.compile(r"[0-9a-f]{64}")


def name_of(data: bytes) -> str:
    """The name of a picture: the SHA-256 of its file, in hex."""
    return hashlib.sha256(data).hexdigest()


def place_of(folder: Path, name: str) -> Path:
    """Where the picture of that name is, in a run's folder of pictures."""
    return folder / name[:2] / f"{name}.png"


def read_file(folder: Path, name: str) -> bytes | None:
    """The file of a picture; None where it was not kept, or what is there is not it.

    The name may come out of a file that anybody wrote: one that is no hash leads nowhere.
    """
    if not _SHA256.fullmatch(name):
        return None
    try:
        data = place_of(folder, name).read_bytes()
    except OSError:
        return None
    return data if name_of(data) == name else None


def read_picture(folder: Path, name: str) -> NDArray[np.uint8] | None:
    """The picture of that name (H × W × 3); None as for `read_file`, or where it is no picture."""
    from PIL import Image

    if (data := read_file(folder, name)) is None:
        return None
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return np.asarray(picture.convert("RGB"), dtype=np.uint8)
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
