"""What is done to a world on an episode's behalf, wherever the world lives.

These functions run beside the environment, in a worker process as a rule: their arguments and what they
return are plain values that can be pickled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from games.api import Observation, UnknownAction
from harness.errors import LudometerError
from harness.world import Briefing, Frame, World

Stop = Callable[[Observation, Observation, float], str]


class ReplayMismatch(LudometerError):
    """The environment no longer gives what was recorded."""


class Acted(NamedTuple):
    """What came of a turn's actions: a frame for each that was executed, and why the others were not.

    `seconds` is what the environment took.
    """

    frames: tuple[Frame, ...]
    cut: str
    seconds: float


class Replayed(NamedTuple):
    """What a recorded turn gives when it is executed again: its last frame (None: no step) and the reward."""

    frame: Frame | None
    reward: float


class ToReplay(NamedTuple):
    """A recorded turn: its number, the actions that were executed and the hash after each."""

    turn: int
    actions: tuple[str, ...]
    hashes: tuple[str, ...]


def begin(world: World, seed: int) -> tuple[Briefing, Frame]:
    """Start the episode of a seed."""
    return world.reset(seed)


def oracle(world: World) -> str:
    """The oracle's next action."""
    return world.oracle()


def act(world: World, actions: Sequence[str], stop: Stop | None, before: Observation | None) -> Acted:
    """Step through a turn's actions until the game ends, refuses one, or `stop` gives a reason to stop.

    `before` is what was observed before the first; needed with `stop` only.
    """
    frames: list[Frame] = []
    cut, begun = "", time.perf_counter()
    for action in actions:
        try:
            frame = world.step(action)
        except UnknownAction as error:
            cut = str(error)
            break
        frames.append(frame)
        if frame.over:
            break
        if stop is not None and before is not None:
            if cut := stop(before, frame.observation, frame.reward):
                break
            before = frame.observation
    return Acted(tuple(frames), cut, time.perf_counter() - begun)


def again(world: World, turns: Sequence[ToReplay], asks_oracle: bool) -> list[Replayed]:
    """Execute recorded turns again, comparing every hash.

    Raises:
        ReplayMismatch: one differs.
    """
    return [_again(world, turn, asks_oracle) for turn in turns]


def _again(world: World, turn: ToReplay, asks_oracle: bool) -> Replayed:
    frame, reward = None, 0.0
    for action, recorded in zip(turn.actions, turn.hashes, strict=True):
        if asks_oracle:  # asking may move its state
            world.oracle()
        try:
            frame = world.advance(action)
        except UnknownAction as error:
            fault = f"the game no longer takes what was recorded: {error}"
            raise ReplayMismatch(f"turn {turn.turn}: {fault}") from None
        same(recorded, frame.hash, f"turn {turn.turn}")
        reward += frame.reward
    # What was observed between the steps of a turn, nobody was shown.
    return Replayed(frame and replace(frame, observation=world.look()), reward)


def same(recorded: str, now: str, where: str) -> None:
    """Compare two hashes.

    Raises:
        ReplayMismatch: they differ.
    """
    if recorded != now:
        raise ReplayMismatch(f"{where} is not what was recorded (hash {now[:12]}, recorded {recorded[:12]})")


def checkpoint(world: World) -> bytes | None:
    """The world's whole state, where it can be kept on disk."""
    return world.checkpoint()


def restore(world: World, state: bytes) -> None:
    """Go back to a checkpoint."""
    world.restore(state)
