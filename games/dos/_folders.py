"""Where the player's own copies of games of DOS are. Light: listing tasks looks here."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from games.desktop._programs import Missing, find

FOLDERS: Final = "LUDOMETER_DOS"
"""The environment variable that names the folder of the player's games, a folder for each."""


class _File(Protocol):
    @property
    def path(self) -> str: ...

    @property
    def sha1(self) -> str | None: ...


class Copy(Protocol):
    """What a game is played from (`games.frames.Content`)."""

    @property
    def folder(self) -> str:
        """Its name among the player's."""
        ...

    @property
    def files(self) -> Sequence[_File]:
        """What has to be in it."""
        ...


def lacking(folder: str) -> str:
    """What has to be brought before a game can be played, in a few words; empty where it is all here."""
    if not any((place / folder).is_dir() for place in places()):
        return f"your own copy, in {places()[0] / folder}"
    absent = [program for program in ("dosbox", "Xvfb") if find(program) is None]
    return f"apt-get install {' '.join(absent).lower()}" if absent else ""


def places() -> tuple[Path, ...]:
    """Where games are looked for: `FOLDERS`, then ``ludometer/dos`` among the user's data."""
    named = os.environ.get(FOLDERS)
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return (*((Path(named),) if named else ()), data / "ludometer" / "dos")


def game_folder(content: Copy) -> Path:
    """The folder of the player's copy, with every file that the spec names.

    Raises:
        Missing: it is nowhere, or a file is not in it.
        ValueError: a file is another one.
    """
    tried = [place / content.folder for place in places()]
    found = next((folder for folder in tried if folder.is_dir()), None)
    if found is None:
        raise Missing(f"a copy of the game is needed in {' or '.join(map(str, tried))} (or set {FOLDERS})")
    for file in content.files:
        path = _inside(found, file.path.split("/"))
        if path is None:
            raise Missing(f"{found}: there is no {file.path} in it")
        if file.sha1 is not None and hashlib.sha1(path.read_bytes()).hexdigest() != file.sha1:  # noqa: S324
            raise ValueError(f"{path} is another file than this task was written for (SHA-1 {file.sha1})")
    return found


def _inside(folder: Path, parts: Sequence[str]) -> Path | None:
    """A file by its path, capitals or not, as DOS sees it."""
    for part in parts:
        hits = [each for each in folder.iterdir() if each.name.casefold() == part.casefold()]
        if not hits:
            return None
        folder = hits[0]
    return folder if folder.is_file() else None
