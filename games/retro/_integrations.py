"""stable-retro's integrations, read from its files: neither it nor an emulator is imported for that."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path

from games import roms
from games.frames import Content
from games.frames._spec import Rom
from games.roms._headers import EXTENSIONS
from games.roms._known import integrations, platform, spoken


@dataclass(frozen=True, slots=True)
class Integration:
    """A game as stable-retro knows it."""

    name: str
    folder: Path

    @property
    def title(self) -> str:
        """``Super Mario Bros (Nes)``."""
        return spoken(self.name)

    @property
    def states(self) -> tuple[str, ...]:
        """The saved states that it may start from."""
        files = sorted(self.folder.glob("*.state"))
        return tuple(file.stem for file in files if not file.stem.startswith("_"))

    @property
    def default_state(self) -> str:
        """The state that stable-retro starts one player in; empty for power-on."""
        try:
            told = json.loads((self.folder / "metadata.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ""
        one = [*told.get("default_player_state", [])[:1], told.get("default_state")]
        return str(next(filter(None, one), ""))

    @property
    def shas(self) -> tuple[str, ...]:
        """The SHA-1s of its ROM."""
        return tuple((self.folder / "rom.sha").read_text(encoding="ascii").lower().split())

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of its variables."""
        told = json.loads((self.folder / "data.json").read_text(encoding="utf-8"))
        return tuple(sorted(told.get("info", {})))

    @property
    def buttons(self) -> tuple[str, ...]:
        """Its console's buttons in lower case, as the engine names them."""
        system = platform(self.name)
        for file in sorted((self.folder.parents[2] / "cores").glob("*.json")):
            told = json.loads(file.read_text(encoding="utf-8"))
            if system in told:
                return tuple(name.lower() for name in told[system]["buttons"] if name)
        return ()

    def rom(self) -> Path | None:
        """Its ROM: the one that comes with stable-retro, or the user's."""
        bundled = self.folder / f"rom.{EXTENSIONS.get(platform(self.name), '')}"
        if bundled.is_file():
            return bundled
        return next(filter(None, map(roms.find, self.shas)), None)

    def require(self) -> Path:
        """Its ROM.

        Raises:
            ValueError: it is not there.
        """
        bundled = self.rom()
        if bundled is not None and bundled.parent == self.folder:
            return bundled
        return roms.require(Content(rom=tuple(Rom(sha1=sha1, name=self.title) for sha1 in self.shas)))


def integration(name: str) -> Integration:
    """The integration of a name, such as ``SuperMarioBros-Nes-v0``.

    Raises:
        ValueError: there is none, or its console is not played here.
    """
    place = integrations()
    there = [file.parent.name for file in place.glob("*/rom.sha")] if place is not None else []
    if place is None or name not in there:
        near = difflib.get_close_matches(f"{name}-v0", there, n=1)
        raise ValueError(
            f"unknown task 'retro/{name}'" + (f"; did you mean 'retro/{near[0]}'?" if near else "")
        )
    if platform(name) not in EXTENSIONS:
        raise ValueError(f"retro/{name}: games of the {platform(name)} are not played here")
    return Integration(name, place / name)
