"""The recorded steps executed again, up to what the game does not take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from games.api import UnknownAction
from games.hashing import observation_hash
from harness.convert import observation_record, progress_record
from harness.records import ObservationRecord, Start
from harness.verify._lines import Plain
from harness.world import Frame, World

T = TypeVar("T")

Played = tuple[Frame, str]
"""What a step gave, and the hash of its observation."""


def moves(turn: Plain) -> Sequence[Plain]:
    """What moved the game in a recorded turn: what went on while the player thought, and the steps."""
    thinking: Plain | None = turn["thinking"]
    steps: Sequence[Plain] = turn["steps"]
    return steps if thinking is None else (thinking, *steps)


class Execution:
    """A world and where it stands.

    The quick way is to hash the observations of many steps together, and not to ask the oracle that named the
    actions. With `careful` each is hashed before the next step, which a game may write over it, and with
    `asks_oracle` the oracle is asked before each, which may move its state.
    """

    def __init__(self, world: World, *, careful: bool = False, asks_oracle: bool = False) -> None:
        self._world = world
        self._careful = careful
        self._asks_oracle = asks_oracle
        self.frame: Frame | None = None
        self.frame_rate = 0.0
        self.trouble = ""
        """Why it cannot go on."""

    def begin(self, seed: int, options: Mapping[str, Any] | None = None) -> Start | None:
        """Start the episode of a seed, with options of how time passes."""
        return self._tried(lambda: self._begun(seed, options))

    def play(self, turns: Sequence[Plain]) -> list[Played]:
        """Execute the steps of some turns, as far as it goes."""
        frames: list[Frame] = []
        raws: list[object] = []
        self._tried(lambda: self._play(turns, frames, raws))
        if frames:
            self.frame = frames[-1]
        return (
            list(zip(frames, map(observation_hash, raws), strict=True))
            if not self._careful
            else [(frame, frame.hash) for frame in frames]
        )

    def look(self) -> ObservationRecord | None:
        """What is observed now."""
        return self._tried(lambda: observation_record(self._world.look()))

    def _begun(self, seed: int, options: Mapping[str, Any] | None) -> Start:
        self.frame = frame = self._world.begin(seed, options)
        briefing = self._world.briefing(manual=False)
        self.frame_rate = briefing.frame_rate
        return Start(
            instructions=briefing.instructions,
            observation=observation_record(self._world.look()),
            hash=frame.hash,
            progress=progress_record(frame.progress),
            max_steps=briefing.max_steps,
            content=dict(briefing.content),
        )

    def _play(self, turns: Sequence[Plain], frames: list[Frame], raws: list[object]) -> None:
        world, careful, frame = self._world, self._careful, self.frame
        for turn in turns:
            for step in moves(turn):
                if frame is None or frame.terminated or frame.truncated:
                    self.trouble = "a step after the end of the game"
                    return
                thought = step.get("frames")
                if self._asks_oracle and thought is None:
                    world.oracle()
                frame = world.advance(step["action"] if thought is None else thought, hashed=careful)
                frames.append(frame)
                raws.append(world.raw)

    def _tried(self, function: Callable[[], T]) -> T | None:
        """What a function gives; None where the game cannot go on."""
        try:
            return None if self.trouble else function()
        except UnknownAction as error:
            self.trouble = f"the game does not take the action: {error}"
        except Exception as error:  # whatever an engine raises
            self.trouble = f"the game raises {type(error).__name__}: {error}"
        return None
