"""The environment's side of the game contract (`games.api`)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import gymnasium

from games.api import Action, Brief, Observation, Progress, UnknownAction


class GameEnv(gymnasium.Env[Any, Any]):
    """A Gymnasium environment that a language model can play.

    Raw observations (`reset`, `step`) are NumPy arrays, numbers, strings, or dicts, lists and tuples
    of them: enough of the state that two different states nearly never look alike, cheap to make, and
    never a rendered picture where the engine draws on demand: `render()` draws the picture.
    `step` on an ended episode is an error of the caller.
    """

    actions: Sequence[Action]
    """The vocabulary. Every name in it executes without error from a fresh episode."""

    free_text: bool = False
    """True where `decode` takes more than the names in `actions` (a grammar of keys)."""

    savable: bool = False
    """True where `checkpoint` gives bytes that are safe to restore from a stranger's file (no pickle)."""

    max_steps: int
    """The true step limit: the environment truncates itself after so many `step` calls."""

    frame_rate: float = 0.0
    """Frames a second, where the game runs in frames and has `wait`; else 0."""

    content: Mapping[str, str] = MappingProxyType({})
    """The SHA-1 of the files that the game is played from, by what they are (``rom``)."""

    @abstractmethod
    def brief(self) -> Brief:
        """The facts of the current episode for its instructions. Valid after `reset`."""

    @abstractmethod
    def observe(self, raw: Any, info: Mapping[str, Any]) -> Observation:
        """Put one raw observation into words. Pure: no state is read but the arguments' own.

        `Observation.image` is left None where `render()` makes the picture.
        """

    @abstractmethod
    def progress(self) -> Progress:
        """The measure of the episode so far, read from the environment's own state."""

    def decode(self, action: str) -> Any:
        """The env action of a name in the vocabulary (or of a text, where `free_text`).

        Raises:
            UnknownAction: the text names no action.
        """
        for known in self.actions:
            if known.name == action:
                return known.value
        raise UnknownAction(f'no action is called "{action}"')

    def wait(self, frames: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Let frames go by in which the player thinks; gives what `step` gives, and is no step.

        Only where `TaskInfo.frames`. `reset` is then told by its options that the ``clock`` is ``running``,
        and whether inputs ``overlap`` with thinking: `step` only begins them, and `wait` goes on with them.
        """
        raise NotImplementedError(f"{type(self).__name__} has no frames")

    def _seeded(self, seed: int | None) -> int:
        """Seed Gymnasium's generator, and give the seed of the episode: drawn from it where none is given."""
        super().reset(seed=seed)
        return int(self.np_random.integers(2**31)) if seed is None else seed

    def oracle(self) -> str:
        """A good next action, called at most once before each step. Only where `TaskInfo.oracle`."""
        raise NotImplementedError(f"{type(self).__name__} has no oracle")

    def checkpoint(self) -> bytes:
        """The whole state, the random generators' included, where the engine can give it."""
        raise NotImplementedError(f"{type(self).__name__} makes no checkpoints")

    def restore(self, state: bytes) -> None:
        """Go back to a `checkpoint` (also one made by another instance of the same task)."""
        raise NotImplementedError(f"{type(self).__name__} makes no checkpoints")
