"""The game contract: what a game must offer so that a language model can play it.

A game plugin is an object with the attributes of `Game`, found through the entry-point group
``ludometer.games``. Listing tasks must not import the game's engine; `Game.make` imports it.

The environment that `make` returns is a real `gymnasium.Env`, so Gymnasium's wrappers apply to it
unchanged, plus what a language model needs (`GameEnv`). Wrapped environments reach the extra
methods through `env.get_wrapper_attr(name)`, which is how the harness always calls them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import gymnasium
import numpy as np
from numpy.typing import NDArray


class Stability(StrEnum):
    """How often a section's text changes: histories and prompt caches use it for ordering."""

    STATIC = "static"  # the same for the whole episode
    SLOW = "slow"  # changes now and then (an inventory)
    VOLATILE = "volatile"  # changes nearly every step (what is seen)


@dataclass(frozen=True, slots=True)
class Section:
    """One named part of a text observation."""

    name: str
    text: str
    stability: Stability = Stability.VOLATILE


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What the model gets: ordered text sections and/or one RGB image (H × W × 3, uint8)."""

    sections: tuple[Section, ...] = ()
    image: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One entry of a task's vocabulary.

    `value` is what `env.step` takes. `aliases` are synonyms that the tolerant parser accepts.
    """

    name: str
    description: str
    value: Any
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """The task's own measure in [0, 1], and the parts it was computed from (raw numbers)."""

    value: float
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Brief:
    """The facts of a task and the template that puts them into words.

    `template` is ``package:path`` (a Jinja template shipped in that Python package) or a path under
    the ``prompts`` package, such as ``games/crafter.j2``. `facts` are the template's variables and
    come from the task itself (limits, goals), never typed in. The harness adds ``actions``
    (a list of `Action`), ``free_text``, ``max_steps`` and ``words`` (whether sections are shown, or the
    picture alone). `manual` is a template of the same kind with the game's rules at length, for agents that
    study before they act; empty where there is none.
    """

    template: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    manual: str = ""


class Starts(StrEnum):
    """How many different first observations a task has over its seeds."""

    FIXED = "fixed"  # always the same start; only the play differs
    FEW = "few"  # fewer different starts than a suite has episodes
    MANY = "many"  # N indexes give N distinct starts


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """One playable task, described without importing its engine."""

    task: str  # "game/name"
    game: str
    text: bool = True
    image: bool = True
    deterministic: bool = True
    starts: Starts = Starts.MANY
    oracle: bool = False  # the environment can name a good next action
    max_steps: int | None = None  # None where only the built environment knows


class UnknownAction(ValueError):
    """The text names no action that the environment can execute now. Nothing was stepped."""


class MissingExtra(ImportError):
    """A package that the game needs is absent. `extra` is the ``ludometer[extra]`` to install."""

    def __init__(self, game: str, extra: str, cause: ImportError) -> None:
        super().__init__(f'{game} needs {cause.name or cause}: pip install "ludometer[{extra}]"')
        self.extra = extra


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


@runtime_checkable
class Game(Protocol):
    """A game plugin: a module-level object, named by the entry point.

    A game that cannot list all its tasks sets ``open_ended = True`` and has
    ``describe(task) -> TaskInfo``, which raises `ValueError` with one clear line.
    """

    name: str

    def tasks(self) -> Sequence[TaskInfo]:
        """Every task, without importing the engine."""
        ...

    def make(self, task: str, *, image: bool = False) -> GameEnv:
        """Build the environment of a task. `image` asks for `render()` to return RGB frames.

        Raises:
            MissingExtra: the engine is not installed.
        """
        ...
