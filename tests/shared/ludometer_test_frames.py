"""A small engine that runs frame by frame, for tests of what all games with frames share."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from games.frames import FrameGame, parse_spec

SPEC = """
title: The Corridor
source: tests
tested: true
objective: Walk to the right end of a corridor of 100 places.
controls: {right: walk to the right, left: walk to the left, a: jump}
variables: {}
shown: [x]
milestones:
  - {name: off, when: {x: ">= 10"}}
  - {name: half way, when: {x: ">= 50"}, weight: 2}
  - {name: there, when: {x: 100}}
ends: {won: {x: 100}, lost: {x: "<= -5"}}
busy: {asleep: 1}
step: {hold: 2, frames: 4, most: 60}
check: 4
limits: {steps: 200, frames: 5000}
"""


class Corridor:
    """A walker who goes one place a frame; every frame and what was held in it is written down."""

    rate = 60.0
    buttons = ("right", "left", "a")
    savable = True

    def __init__(self, pointer: tuple[int, int] | None = None) -> None:
        self.pointer = pointer
        self.x, self.asleep = 0, 0
        self.trace: list[str] = []
        self.points: list[tuple[int, int]] = []

    def start(self, seed: int) -> None:
        self.x, self.asleep, self.trace = seed % 3, 0, []

    def advance(self, frames: int, held: Any) -> None:
        for _ in range(frames):
            self.trace.append("+".join(sorted(held)))
            self.asleep = max(0, self.asleep - 1)
            if not self.asleep:
                self.x += ("right" in held) - ("left" in held)
            if "a" in held:
                self.asleep = 10

    def point(self, x: int, y: int) -> None:
        self.points.append((x, y))

    def picture(self) -> Any:
        picture = np.zeros((4, 101, 3), np.uint8)
        picture[:, min(max(self.x, 0), 100)] = 255
        return picture

    def variables(self) -> dict[str, float]:
        return {"x": self.x, "asleep": float(self.asleep > 0)}

    def raw(self) -> Any:
        return {"x": self.x, "asleep": self.asleep}

    over = False

    def take_reward(self) -> float:
        return 0.0

    def save(self) -> bytes:
        return json.dumps([self.x, self.asleep]).encode()

    def load(self, state: bytes) -> None:
        self.x, self.asleep = json.loads(state)

    def close(self) -> None:
        pass


def corridor(
    pointer: tuple[int, int] | None = None, spec: str = SPEC, **options: Any
) -> tuple[FrameGame, Corridor]:
    """The game and its engine."""
    engine = Corridor(pointer)
    return FrameGame(engine, parse_spec(spec, "corridor.yaml"), **options), engine


def held(engine: Corridor) -> str:
    """What was held, run by run: ``right×4 ×2``."""
    runs: list[tuple[str, int]] = []
    for each in engine.trace:
        if runs and runs[-1][0] == each:
            runs[-1] = (each, runs[-1][1] + 1)
        else:
            runs.append((each, 1))
    return " ".join(f"{name}×{count}" for name, count in runs)
