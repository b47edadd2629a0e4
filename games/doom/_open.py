"""From a spec to its engine."""

from __future__ import annotations

from pathlib import Path

import vizdoom

from games import roms
from games.doom._engine import BUTTONS, DoomEngine, Setup
from games.frames import Spec

_KEYS = {"config", "levels", "skill", "oracle", "words"}


def opened(spec: Spec) -> DoomEngine:
    """The engine of a task.

    Raises:
        ValueError: the WAD is not in the library, or the spec asks for what there is not.
    """
    if wrong := {*spec.engine} - _KEYS | {*spec.controls} - {*BUTTONS}:
        raise ValueError(f"{spec.title}: Doom knows no {', '.join(sorted(wrong))}")
    asked = {name: value for name, value in spec.engine.items() if name != "levels"}
    levels = tuple(spec.engine.get("levels", ()))
    return DoomEngine(Setup(buttons=tuple(spec.controls), wad=_wad(spec), levels=levels, **asked))


def _wad(spec: Spec) -> Path | None:
    if spec.content.wad:
        return Path(vizdoom.root_path, spec.content.wad)
    return roms.require(spec.content) if spec.content.rom else None
