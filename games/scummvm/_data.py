"""Where ScummVM's games have their data. Light: listing tasks looks here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from games.desktop._programs import Missing, find

DATA: Final = {
    "queen": ("flight-of-the-amazon-queen", "flight-of-the-amazon-queen"),
    "sky": ("beneath-a-steel-sky", "beneath-a-steel-sky"),
    "lure": ("lure-of-the-temptress", "lure-of-the-temptress/en"),
    "drascula": ("drascula", "drascula/en"),
}
"""For each target of ScummVM Debian's package, and where that puts the game's data."""

_PLACES = ("/usr/share/scummvm", "/usr/local/share/scummvm", "/usr/share/games/scummvm")
FOLDERS = "LUDOMETER_SCUMMVM"
"""The environment variable that names a further folder of games."""


def data(target: str) -> Path:
    """The folder of a game's data.

    Raises:
        Missing: it is nowhere.
    """
    package, folder = DATA[target]
    places = [os.environ[FOLDERS]] if os.environ.get(FOLDERS) else []
    for place in (*places, *_PLACES):
        if (found := Path(place) / folder).is_dir():
            return found
    raise Missing(f"scummvm/{target} needs its data: apt-get install scummvm {package} xvfb")


def lacking(target: str) -> str:
    """What has to be installed before a game can be played, in a few words; empty where it is all here."""
    try:
        data(target)
    except Missing as error:
        return str(error)
    absent = [program for program in ("scummvm", "Xvfb") if find(program) is None]
    return f"apt-get install {' '.join(absent).lower()}" if absent else ""
