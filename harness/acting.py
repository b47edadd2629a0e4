"""What is done to a world on an episode's behalf, wherever the world lives.

These functions run beside the environment, in a worker process as a rule: their arguments and what they
return are plain values that can be pickled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from games.api import Observation, UnknownAction
from harness.errors import LudometerError
from harness.world import Briefing, Frame, World

Stop = Callable[[Observation, Observation, float], str]


class ReplayMismatch(LudometerError):
    """The environment no longer gives what was recorded."""


class Acted(NamedTuple):
    """What came of a turn's actions: a frame for each that was executed, and why the others were not.

    `seconds` is what the environment took, `thought` the frame after the player had thought, where the game
    runs meanwhile.
    """

    frames: tuple[Frame, ...]
    cut: str
    seconds: float
    thought: Frame | None = None

    @property
    def moves(self) -> tuple[Frame, ...]:
        """All frames, in order."""
        return self.frames if self.thought is None else (self.thought, *self.frames)


class Replayed(NamedTuple):
    """What a recorded turn gives when it is executed again: its last frame (None: no step) and the reward."""

    frame: Frame | None
    reward: float


class ToReplay(NamedTuple):
    """A recorded turn: its number, what was executed and the hash after each."""

    turn: int
    moves: tuple[str | int, ...]
    hashes: tuple[str, ...]


def begin(world: World, seed: int, options: Mapping[str, Any] | None = None) -> tuple[Briefing, Frame]:
    """Start the episode of a seed, with options of how time passes."""
    return world.reset(seed, options)


def oracle(world: World) -> str:
    """The oracle's next action."""
    return world.oracle()


def act(
    world: World,
    actions: Sequence[str],
    stop: Stop | None,
    before: Observation | None,
    thinking: int | None = None,
) -> Acted:
    """Step through a turn's actions until the game ends, refuses one, or `stop` gives a reason to stop.

    `before` is what was observed before the first; needed with `stop` only. `thinking` are the frames that go
    by before, None where the game waits.
    """
    frames: list[Frame] = []
    cut, begun, thought = "", time.perf_counter(), None
    if thinking is not None:
        thought = world.step(thinking)
        before = thought.observation
        actions = () if thought.over else actions
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
    return Acted(tuple(frames), cut, time.perf_counter() - begun, thought)


def again(world: World, turns: Sequence[ToReplay], asks_oracle: bool) -> list[Replayed]:
    """Execute recorded turns again, comparing every hash.

    Raises:
        ReplayMismatch: one differs.
    """
    return [_again(world, turn, asks_oracle) for turn in turns]


def _again(world: World, turn: ToReplay, asks_oracle: bool) -> Replayed:
    frame, reward = None, 0.0
    for move, recorded in zip(turn.moves, turn.hashes, strict=True):
        if asks_oracle and isinstance(move, str):  # asking may move its state
            world.oracle()
        try:
            frame = world.advance(move)
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
