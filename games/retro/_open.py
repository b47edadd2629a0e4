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
    """What a spec's ``engine`` says: `game` and `state` of an integration, or the bare `system`."""
    unknown = set(spec.engine) - {"game", "state", "system"}
    if unknown:
        raise ValueError(f"{spec.title}: engine has no {', '.join(sorted(unknown))}")
    variables = {name: (at.address, at.type, at.mask) for name, at in spec.variables.items()}
    if "system" in spec.engine:
        return Cartridge(rom=str(roms.require(spec.content)), variables=variables)
    found = integration(spec.content.integration or str(spec.engine["game"]))
    state = _state(found, str(spec.engine.get("state", "")))
    rom = roms.require(spec.content) if spec.content.rom else found.require()
    return _cartridge(found, rom, state, variables)


def cartridge_of(task: str) -> Cartridge:
    """``INTEGRATION`` or ``INTEGRATION:STATE``.

    Raises:
        ValueError: there is no such integration or state, or its ROM is not in the library.
    """
    name, _, state = task.partition(":")
    found = integration(name)
    state = _state(found, state)
    return _cartridge(found, found.require(), state, {})


def _state(found: Integration, name: str) -> str:
    """The state to start from, the integration's own where none is named; empty for power-on."""
    name = name or found.default_state
    if name and name not in found.states:
        there = ", ".join(found.states) or "none"
        raise ValueError(f"retro/{found.name} has no state {name!r}; there are: {there}")
    return name


def _cartridge(
    found: Integration, rom: Path, state: str, variables: dict[str, tuple[int, str, int | None]]
) -> Cartridge:
    return Cartridge(
        rom=str(rom),
        data=str(found.folder / "data.json"),
        scenario=str(found.folder / "scenario.json"),
        state=str(found.folder / f"{state}.state") if state else "",
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
