"""Programs of the system, and what is told where they are absent. Light: listing tasks looks here."""

from __future__ import annotations

import shutil

_GAMES = "/usr/games"  # Debian's, not in every PATH


def find(program: str) -> str | None:
    """The path of a program, also where Debian puts games."""
    return shutil.which(program) or shutil.which(program, path=_GAMES)


class Missing(ValueError):
    """A program or its data is not installed; the text says how to get it."""
