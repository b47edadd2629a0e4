"""From the name of a task to its environment."""

from __future__ import annotations

from pathlib import Path

from games import roms
from games.frames import FrameGame, Spec, parse_spec, read_spec, spec_names
from games.retro import OPEN_STEPS
from games.retro._child import Cartridge
from games.retro._engine import RetroEngine
from games.retro._integrations import Integration, integration
from games.retro._players import airstriker

PLAYERS = {"airstriker": airstriker}
_PACKAGE = "games.retro"
_LEFT_OUT = ("mode",)  # the six-button pad's switch, which games of three buttons do not know

_OPEN = """
title: {title}
source: stable-retro 1.0.1, stable_retro/data/stable/{name}
tested: false
content: {{integration: {name}}}
objective: >
  Play this console game as well as you can.
controls: {controls}
seeds: {{waits: 60}}
limits: {{steps: {steps}, frames: 108000}}
step: 8
scale: 2
"""


def opened(name: str, *, image: bool = False, frames: int = 1, turbo: bool = False) -> FrameGame:
    """The environment of a task.

    Raises:
        ValueError: there is no such task, or its ROM is not in the library.
    """
    if name in spec_names(_PACKAGE):
        spec = read_spec(_PACKAGE, name)
        cartridge = _of_spec(spec)
    else:
        spec, cartridge = open_spec(name), cartridge_of(name)
    engine = RetroEngine(cartridge, PLAYERS.get(name))
    absent = set(spec.controls) - set(engine.buttons)
    if absent:
        engine.close()
        raise ValueError(f"retro/{name}: its console has no {', '.join(sorted(absent))}")
    return FrameGame(engine, spec, image=image, frames=frames, turbo=turbo)


def _of_spec(spec: Spec) -> Cartridge:
    variables = {name: (at.address, at.type, at.mask) for name, at in spec.variables.items()}
    state = str(spec.engine.get("state", ""))
    if spec.content.integration:
        found = integration(spec.content.integration)
        return _cartridge(found, found.require(), state, variables)
    rom = roms.require(spec.content)
    if "game" in spec.engine:
        return _cartridge(integration(str(spec.engine["game"])), rom, state, variables)
    return Cartridge(rom=str(rom), variables=variables)


def cartridge_of(task: str) -> Cartridge:
    """``INTEGRATION`` or ``INTEGRATION:STATE``.

    Raises:
        ValueError: there is no such integration or state, or its ROM is not in the library.
    """
    name, colon, state = task.partition(":")
    found = integration(name)
    if colon and state not in found.states:
        there = ", ".join(found.states) or "none"
        raise ValueError(f"retro/{name} has no state {state!r}; there are: {there}")
    return _cartridge(found, found.require(), state or found.default_state, {})


def _cartridge(
    found: Integration, rom: Path, state: str, variables: dict[str, tuple[int, str, int | None]]
) -> Cartridge:
    saved = found.folder / f"{state}.state"
    return Cartridge(
        rom=str(rom),
        data=str(found.folder / "data.json"),
        scenario=str(found.folder / "scenario.json"),
        state=str(saved) if state and saved.is_file() else "",
        variables=variables,
    )


def open_spec(task: str) -> Spec:
    """What is told of an integration for which nobody wrote a spec: no milestones, so nothing is measured."""
    found = integration(task.partition(":")[0])
    buttons = [name for name in found.buttons if name not in _LEFT_OUT]
    text = _OPEN.format(
        title=found.title,
        name=found.name,
        steps=OPEN_STEPS,
        controls="{" + ", ".join(f'"{name}": {_about(name)}' for name in buttons) + "}",
    )
    return parse_spec(text, f"retro/{task}")


def _about(button: str) -> str:
    return (
        "the pad to that side"
        if button in ("up", "down", "left", "right")
        else f"the button {button.upper()}"
    )
