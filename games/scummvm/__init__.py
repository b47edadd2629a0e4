"""Adventures of the nineties, run by ScummVM in a virtual display: pictures, a mouse, keys.

The four are freeware and in Debian, with their data. A task is a spec (`specs/NAME.yaml`); listing them needs
neither ScummVM nor a display.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from games.desktop._game import DesktopGame
from games.scummvm._data import lacking

if TYPE_CHECKING:
    from games.frames import Engine, Spec


def _build(spec: Spec) -> Engine:
    from games.desktop._settings import Settings
    from games.scummvm._engine import ScummVM

    return ScummVM(spec.content.target, Settings.of(spec.engine))


scummvm = DesktopGame("scummvm", __name__, _build, lambda content: lacking(content["target"]))
