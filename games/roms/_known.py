"""The games that are known by the SHA-1 of their ROM: those of our specs, and stable-retro's integrations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Known:
    """What a SHA-1 stands for. `why` is set where it must not be played, and `instead` names what can be."""

    sha1: str
    name: str
    tasks: tuple[str, ...]
    system: str = ""
    why: str = ""
    instead: str = ""


def catalogue() -> Mapping[str, Known]:
    """SHA-1 → game. Where a SHA-1 is named more than once, the tasks are put together."""
    found: dict[str, Known] = {}
    for one in (*_of_specs(), *_of_integrations()):
        before = found.get(one.sha1)
        found[one.sha1] = one if before is None else _joined(before, one)
    return found


def _joined(a: Known, b: Known) -> Known:
    if a.why and not b.why:
        a, b = b, a
    tasks = a.tasks if b.why else tuple(dict.fromkeys(a.tasks + b.tasks))
    return Known(a.sha1, a.name, tasks, a.system or b.system, a.why, a.instead)


def spec_files() -> list[Path]:
    """Every spec of a game with frames."""
    return sorted(Path(__file__).parents[1].glob("*/specs/*.yaml"))


def _of_specs() -> Iterator[Known]:
    for file in spec_files():
        spec = _yaml(file.read_bytes())
        task = f"{file.parts[-3]}/{file.stem}"
        content, engine = spec.get("content") or {}, spec.get("engine") or {}
        system = str(engine.get("system") or platform(str(engine.get("game", ""))))
        accepted = content.get("rom", [])
        instead = " or ".join(f"{rom['name']}, SHA-1 {rom['sha1']}" for rom in accepted)
        for rom in accepted:
            yield Known(rom["sha1"], rom["name"], (task,), system)
        for rom in content.get("others", []):
            yield Known(rom["sha1"], rom["name"], (task,), system, rom["why"], instead)


def _yaml(data: bytes) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return dict(yaml.load(data, loader))  # noqa: S506 - both are safe loaders


def integrations() -> Path | None:
    """The folder of stable-retro's integrations, found without importing it; None where it is absent."""
    package = find_spec("stable_retro")
    if package is None or not package.submodule_search_locations:
        return None
    return Path(package.submodule_search_locations[0]) / "data" / "stable"


def platform(integration: str) -> str:
    """``SuperMarioBros-Nes-v0`` → ``Nes``; empty where the name has none."""
    return _parts(integration)[1]


def _parts(integration: str) -> tuple[str, str]:
    title, dash, system = re.sub(r"-v\d+$", "", integration).rpartition("-")
    return (title, system) if dash else (integration, "")


def _of_integrations() -> Iterator[Known]:
    place = integrations()
    for file in sorted(place.glob("*/rom.sha")) if place is not None else ():
        name = file.parent.name
        for sha1 in file.read_text(encoding="ascii").split():
            yield Known(sha1.lower(), spoken(name), (f"retro/{name}",), platform(name))


def spoken(integration: str) -> str:
    """``SuperMarioBros3-Nes-v0`` → ``Super Mario Bros 3 (Nes)``."""
    title, system = _parts(integration)
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^A-Za-z\d]+", title)
    return f"{' '.join(words)} ({system})"
