"""A game that runs frame by frame, as an environment: an engine, and the spec of a task.

One step is one line of the input grammar (`games.frames._grammar`), of any length. Between steps the game
stands still, unless `wait` is called for the frames that passed while the player was thinking.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from games.api import Brief, GameEnv, Observation, Progress, Section, Stability
from games.frames._conditions import compiled
from games.frames._engine import Engine
from games.frames._grammar import Segment
from games.frames._hands import Hands
from games.frames._milestones import Tracker
from games.frames._spec import Spec
from games.frames._vocabulary import examples, vocabulary

_MOST_SKIPPED = 600
"""Frames that `turbo` skips at most in one go: a game that never answers again must not hold up a run."""
_GAP = 2  # pixels between the pictures of a strip


class FrameGame(GameEnv):
    """A task of an engine.

    Args:
        engine: the emulator.
        spec: the task.
        image: whether pictures will be asked for.
        text: whether there are words; where nobody could play by those that there are, there are none.
        frames: how many pictures make one, the last of each step side by side, the oldest at the left.
        turbo: skip the frames in which the game does not listen (the spec's ``busy``).

    Raw: a dict of the engine's own state (``engine``), the variables that are shown, the frame, what is held
    and how many frames of inputs are still to come (``waiting``) or were cut by the last answer (``cut``).

    `reset` takes the option ``clock``: ``paused`` (the game waits for the player, the usual) or ``running``;
    and ``overlap``: an action is then begun by `step` and goes on during `wait`.
    """

    free_text = True

    def __init__(
        self,
        engine: Engine,
        spec: Spec,
        *,
        image: bool = False,
        text: bool = True,
        frames: int = 1,
        turbo: bool = False,
    ) -> None:
        self.render_mode = "rgb_array" if image else None
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": round(engine.rate)}
        self.max_steps = spec.limits.steps
        self.frame_rate = engine.rate
        self.savable = engine.savable
        self.content = dict(getattr(engine, "content", {}))
        self._engine = engine
        self._rewards = bool(getattr(engine, "rewards", False))
        self._spec = spec
        self._text = text
        self._turbo = turbo and spec.busy is not None
        self._grammar = spec.grammar(engine.pointer)
        self._ends = {name: compiled(condition) for name, condition in spec.ends.items()}
        self._busy = compiled(spec.busy) if spec.busy is not None else None
        self._strip: deque[NDArray[np.uint8]] = deque(maxlen=frames)
        self.actions = vocabulary(spec, self._grammar)
        self.action_space = spaces.Text(2_000)
        self.observation_space = spaces.Dict({})
        self._clear()

    def _clear(self) -> None:
        self._tracker = Tracker(self._spec.milestones)
        self._hands = Hands()
        self._frame, self._steps, self._cut = 0, 0, 0
        self._ended, self._answered = "", False
        self._score = 0.0
        self._last: tuple[str, ...] = ()
        self._clock, self._overlap = "paused", False
        self._strip.clear()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start the episode of a seed, by the way that the spec tells; frames are counted from there."""
        chosen = self._seeded(seed)
        self._clear()
        self._engine.start(chosen)
        start, seeds = self._spec.start, self._spec.seeds
        self._free(start.wait)
        if seeds.address is not None:
            data = chosen % (1 << (8 * seeds.bytes))
            self._engine.poke(seeds.address, data.to_bytes(seeds.bytes, "little"))  # type: ignore[attr-defined]
        if seeds.waits:
            self._free(int(np.random.default_rng(chosen).integers(seeds.waits + 1)))
        if start.inputs:
            self._hands.plan(self._grammar.parse(start.inputs))
            self._carry_out()
        self._engine.take_reward()
        given = options or {}
        self._clear()
        self._clock, self._overlap = given.get("clock", "paused"), bool(given.get("overlap", False))
        self._drawn()
        return self._raw(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Carry out the segments of a line; where inputs overlap with thinking, only begin them."""
        self._steps += 1
        segments: Sequence[Segment] = action
        if self._overlap and not self._answered:
            self._cut = self._hands.cut()  # a new answer takes the place of what is left of the last
        self._answered = True
        before = self._tracker.value
        self._last = next((tuple(n for n, _ in s.holds) for s in reversed(segments) if s.holds), ())
        self._hands.plan(segments)
        self._carry_out(1 if self._overlap else None)
        if self._turbo:
            self._skip()
        return self._outcome(before)

    def wait(self, frames: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Let the frames go by that the player took to think, as a step does but none.

        Inputs that are still to come are carried out. Behind them the last action's buttons are held or
        released, as the spec says; what is held until it is released stays held in any case.
        """
        before = self._tracker.value
        self._answered = False
        rest = frames - self._carry_out(frames)
        held = self._last if self._spec.thinking == "hold" else ()
        pressed = [name for name in held if name not in self._hands.held]
        self._hands.press(pressed)
        self._run(rest)
        self._hands.release(pressed)
        return self._outcome(before)

    def _outcome(self, before: float) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        reward = self._engine.take_reward()
        self._score += reward
        if not self._rewards:
            reward = self._tracker.value - before
        self._drawn()
        over = bool(self._ended) or self._engine.over
        cut = self._frame >= self._spec.limits.frames or self._steps >= self.max_steps
        return self._raw(), reward, over, cut and not over, {}

    def _carry_out(self, most: int | None = None) -> int:
        """Inputs that are to come, for at most so many frames; how many it took."""
        begun = self._frame
        while (most is None or self._frame - begun < most) and not self._over():
            if not self._hands.rest:
                if (segment := self._hands.begin()) is None:
                    break
                if segment.point is not None:
                    x, y = segment.point
                    self._engine.point(x // self._spec.scale, y // self._spec.scale)
            frames = self._hands.rest if most is None else min(self._hands.rest, most - self._frame + begun)
            self._hands.rest -= frames
            self._run(frames)
        return self._frame - begun

    def _skip(self) -> None:
        assert self._busy is not None  # noqa: S101 - `turbo` is off without
        until = self._frame + _MOST_SKIPPED
        while self._frame < until and not self._over() and self._busy(self._engine.variables()):
            self._run(1)

    def _run(self, frames: int) -> None:
        """Frames with what is held, looking for milestones and the end on the way."""
        left = min(frames, self._spec.limits.frames - self._frame)
        while left > 0 and not self._over():
            count = self._hands.steady(min(left, self._spec.check))
            self._engine.advance(count, self._hands.held)
            self._hands.passed(count)
            self._frame += count
            left -= count
            self._look()

    def _free(self, frames: int) -> None:
        """Frames before the episode, which count for nothing."""
        if frames:
            self._engine.advance(frames, frozenset())

    def _look(self) -> None:
        if not self._spec.milestones and not self._ends:
            return
        numbers = self._engine.variables()
        self._tracker.look(numbers, self._frame)
        self._ended = next((name for name, test in self._ends.items() if test(numbers)), "")

    def _over(self) -> bool:
        return bool(self._ended) or self._engine.over or self._frame >= self._spec.limits.frames

    def decode(self, action: str) -> tuple[Segment, ...]:
        """The segments of a line.

        Raises:
            UnknownAction: it is not understood; nothing was pressed.
        """
        return self._grammar.parse(action)

    def brief(self) -> Brief:
        """The task in the spec's words, the grammar, and what the game does while the player thinks."""
        spec, step = self._spec, self._spec.step
        facts = {
            "title": spec.title,
            "objective": spec.objective,
            "rate": round(self.frame_rate),
            "step": {"hold": step.hold, "frames": step.frames, "most": step.most},
            "pointer": self._grammar.pointer,
            "examples": examples(spec, self._grammar),
            "legend": spec.engine.get("legend", {}),
            "clock": self._clock,
            "overlap": self._overlap,
            "thinking": spec.thinking,
            "pictures": self._strip.maxlen,
            "turbo": self._turbo,
            "frames": spec.limits.frames,
            "milestones": bool(spec.milestones),
        }
        return Brief("games/frames.j2", facts)

    def observe(self, raw: Any, info: Mapping[str, Any]) -> Observation:
        """What the engine tells in words, and the variables that the spec shows."""
        if not self._text:
            return Observation()
        own = getattr(self._engine, "words", None)
        sections = tuple(own(raw["engine"])) if own is not None else ()
        if not sections and not self._spec.shown:
            return Observation()
        told = [f"{name.replace('_', ' ')} {value:g}" for name, value in raw["shown"].items()]
        told.append(f"frame {raw['frame']}")
        if raw["held"]:
            told.append(f"held: {', '.join(raw['held'])}")
        if raw["cut"]:
            told.append(f"{raw['cut']} frames of the inputs before were cut when this answer came")
        return Observation((*sections, Section("state", "; ".join(told), Stability.VOLATILE)))

    def progress(self) -> Progress:
        """The milestones reached, by weight; the parts hold the frames and the engine's own score."""
        return self._tracker.progress(
            {
                "frames": float(self._frame),
                "won": float(self._ended == "won"),
                **({"score": self._score} if self._rewards else {}),
            }
        )

    def render(self) -> NDArray[np.uint8]:  # type: ignore[override]
        """The screen, each pixel a square of the spec's `scale`; several side by side where asked for."""
        pictures = list(self._strip) if self._strip.maxlen != 1 and self._strip else [self._engine.picture()]
        if len(pictures) == 1:
            return scaled(pictures[0], self._spec.scale)
        gap = np.zeros((pictures[0].shape[0], _GAP, 3), np.uint8)
        strip = [part for picture in pictures for part in (gap, picture)][1:]
        return scaled(np.concatenate(strip, axis=1), self._spec.scale)

    def _drawn(self) -> None:
        if self._strip.maxlen != 1 and self.render_mode is not None:
            self._strip.append(self._engine.picture().copy())

    def oracle(self) -> str:
        """The scripted player's next line, where the engine has one."""
        line: str = self._engine.oracle()  # type: ignore[attr-defined]
        return line

    def checkpoint(self) -> bytes:
        """One line of JSON, and the engine's own state behind it."""
        kept = {
            "hands": self._hands.state(),
            "frame": self._frame,
            "steps": self._steps,
            "cut": self._cut,
            "ended": self._ended,
            "answered": self._answered,
            "score": self._score,
            "last": self._last,
            "reached": self._tracker.reached,
            "clock": self._clock,
            "overlap": self._overlap,
        }
        return json.dumps(kept).encode() + b"\n" + self._engine.save()

    def restore(self, state: bytes) -> None:
        """Go back to a checkpoint. Pictures of steps before it are not kept."""
        line, _, saved = state.partition(b"\n")
        kept = json.loads(line)
        self._clear()
        self._engine.load(saved)
        self._hands = Hands.of(kept["hands"])
        self._frame, self._steps, self._cut = kept["frame"], kept["steps"], kept["cut"]
        self._ended, self._answered, self._score = kept["ended"], kept["answered"], kept["score"]
        self._last, self._tracker.reached = tuple(kept["last"]), list(kept["reached"])
        self._clock, self._overlap = kept["clock"], kept["overlap"]
        self._drawn()

    def close(self) -> None:
        """End the engine."""
        self._engine.close()

    def _raw(self) -> dict[str, Any]:
        shown, own = self._spec.shown, self._engine.raw()
        numbers = self._engine.variables() if shown else {}
        return {
            "engine": own,
            "shown": {name: float(numbers[name]) for name in shown},
            "frame": self._frame,
            "held": sorted(self._hands.held),
            "waiting": self._hands.waiting,
            "cut": self._cut,
        }


def scaled(picture: NDArray[np.uint8], by: int) -> NDArray[np.uint8]:
    """Every pixel as a square of `by` × `by`: nothing is blurred (H × W × 3 to by·H × by·W × 3)."""
    return picture if by == 1 else picture.repeat(by, axis=0).repeat(by, axis=1)
