"""One environment, played by name: the only place that touches `gymnasium.Env`.

`World` is synchronous and is used by one thread at a time. What it hands out (`Frame`) are plain
values, so that a world can live in another thread or process than the episode that plays it.
"""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.api import Action, Observation, Progress
from games.hashing import observation_hash
from harness import tasks
from prompts import render


@dataclass(frozen=True, slots=True)
class Briefing:
    """What is known of a task when an episode of it starts."""

    instructions: str
    actions: Sequence[Action]
    free_text: bool
    max_steps: int
    manual: str = ""
    frame_rate: float = 0.0
    content: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frame:
    """What one `reset` or `step` gave."""

    observation: Observation
    hash: str
    progress: Progress
    reward: float = 0.0
    terminated: bool = False
    truncated: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        """Quicker than what a dataclass with slots does by itself: thousands travel between processes."""
        return Frame, (
            self.observation, self.hash, self.progress, self.reward, self.terminated, self.truncated
        )  # fmt: skip

    @property
    def over(self) -> bool:
        """Whether the game ended itself."""
        return self.terminated or self.truncated


_UNSEEN = Observation()

_BUILDING = threading.Lock()
"""One at a time: the first world of a game imports its engine, which registers things in shared tables."""


class World:
    """A task's environment with its episode limit.

    `observe` is ``text``, ``image`` or ``both``: what of an observation is made at all.
    """

    def __init__(self, task: str, *, observe: str = "text", step_limit: int | None = None) -> None:
        self._observe = observe
        with _BUILDING:
            self._env: Any = tasks.make(task, image=observe != "text")
        self._step_limit = step_limit

    def reset(self, seed: int, options: Mapping[str, Any] | None = None) -> tuple[Briefing, Frame]:
        """Start the episode of a seed, with options of how time passes (`harness.timing`)."""
        frame = self.begin(seed, options)
        return self.briefing(), replace(frame, observation=self.look())

    def step(self, move: str | int) -> Frame:
        """Execute one named action, or let so many frames go by while the player thinks.

        Raises:
            UnknownAction: the environment has no such action; it was not stepped.
        """
        frame = self.advance(move)
        return replace(frame, observation=self.look())

    # The same in parts: who checks a record needs the hashes of all steps, and the words of few.

    def begin(self, seed: int, options: Mapping[str, Any] | None = None) -> Frame:
        """Start the episode of a seed, as `reset` does, but for the words (`briefing`, `look`)."""
        raw, info = self._env.reset(seed=seed, options=dict(options) if options else None)
        self._seen = raw, info
        return Frame(_UNSEEN, observation_hash(raw), self._call("progress"))

    def briefing(self, *, manual: bool = True) -> Briefing:
        """What is known of the episode that has begun; the manual only where it is wanted."""
        own = int(self._env.get_wrapper_attr("max_steps"))
        limit = min(own, self._step_limit) if self._step_limit else own
        brief = self._call("brief")
        # What the engine takes is its own affair, and may be of a class that only it has.
        actions = tuple(replace(action, value=None) for action in self._env.get_wrapper_attr("actions"))
        free_text = bool(self._env.get_wrapper_attr("free_text"))
        facts = {**brief.facts, "actions": actions, "free_text": free_text, "max_steps": limit}
        facts["words"] = self._observe != "image"
        words = render(brief.template, **facts)
        if told := brief.facts.get("perturbations"):
            words += "\n\n" + render("games/perturbation.j2", perturbations=told)
        rules = render(brief.manual, **facts) if manual and brief.manual else ""
        rate = float(self._env.get_wrapper_attr("frame_rate"))
        content = dict(self._env.get_wrapper_attr("content"))
        return Briefing(words, actions, free_text, limit, rules, rate, content)

    def advance(self, move: str | int, *, hashed: bool = True) -> Frame:
        """Execute one move, as `step` does, but for what is observed then (`look`).

        A move is an action's name; or a number of frames that go by while the player thinks.

        With `hashed` false the hash is left empty; the caller makes it of `raw`.
        """
        if isinstance(move, int):
            raw, reward, terminated, truncated, info = self._call("wait", move)
        else:
            raw, reward, terminated, truncated, info = self._env.step(self._call("decode", move))
        self._seen = raw, info
        number = float(reward)
        if not math.isfinite(number):
            raise ValueError(f"the environment gave the reward {number}")
        progress: Progress = self._call("progress")
        digest = observation_hash(raw) if hashed else ""
        return Frame(_UNSEEN, digest, progress, number, bool(terminated), bool(truncated))

    @property
    def raw(self) -> Any:
        """The raw observation of now; the game may write the next one over it."""
        return self._seen[0]

    def look(self) -> Observation:
        """What is observed now, in words and pictures as was asked for."""
        observation: Observation = self._call("observe", *self._seen)
        if self._observe == "text":
            return replace(observation, image=None)
        if observation.image is None:
            observation = replace(observation, image=self.picture())
        return replace(observation, sections=()) if self._observe == "image" else observation

    def oracle(self) -> str:
        """The oracle's next action."""
        action: str = self._call("oracle")
        return action

    def checkpoint(self) -> bytes | None:
        """The whole state, None where the game has none that can be kept in a file."""
        if not self._env.get_wrapper_attr("savable"):
            return None
        state: bytes = self._call("checkpoint")
        return state

    def restore(self, state: bytes) -> None:
        """Go back to a checkpoint."""
        self._call("restore", state)

    def picture(self) -> NDArray[np.uint8]:
        """The frame as a player would see it (H × W × 3)."""
        return np.asarray(self._env.render(), dtype=np.uint8)

    def close(self) -> None:
        """Free the engine."""
        self._env.close()

    def _call(self, method: str, *arguments: Any) -> Any:
        return self._env.get_wrapper_attr(method)(*arguments)


def png(image: NDArray[np.uint8]) -> bytes:
    """The bytes of a PNG file of an H × W × 3 picture; the same picture gives the same bytes."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()
