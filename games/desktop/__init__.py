"""What games share that are programs of the desktop: a display, keys, pictures. No game by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from games.api import MissingExtra

EXTRA = "desktop"
"""The extra with what these games need of Python: ``pip install "ludometer[desktop]"``."""

_PACKAGES = ("Xlib", "imagehash")


@contextmanager
def missing(game: str) -> Iterator[None]:
    """Says which extra to install where a package is not there.

    Raises:
        MissingExtra: one is not.
    """
    try:
        for package in _PACKAGES:
            if find_spec(package) is None:
                raise ImportError(f"the package {package}", name=package)
        yield
    except ImportError as error:
        raise MissingExtra(game, EXTRA, error) from error
