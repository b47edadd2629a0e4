"""Games of DOS, run by DOSBox in a virtual display: pictures, a mouse, the whole keyboard.

The games are the player's own; none is shipped, and none is free to give on. A task is a spec
(`specs/NAME.yaml`) that names a folder and the command in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from games.desktop._game import DesktopGame
from games.dos._folders import lacking

if TYPE_CHECKING:
    from games.frames import Engine, Spec


def _build(spec: Spec) -> Engine:
    from games.dos._engine import Dos, DosSettings

    return Dos(spec.content, DosSettings.of(spec.engine))


dos = DesktopGame("dos", __name__, _build, lambda content: lacking(content["folder"]))
