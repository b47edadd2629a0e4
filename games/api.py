"""The game contract: what a game must offer so that a language model can play it.

A game plugin is an object with the attributes of `Game`, found through the entry-point group
``ludometer.games``. Listing tasks must not import the game's engine; `Game.make` imports it.

The environment that `make` returns is a real `gymnasium.Env`, so Gymnasium's wrappers apply to it
unchanged, plus what a language model needs (`GameEnv`). Wrapped environments reach the extra
methods through `env.get_wrapper_attr(name)`, which is how the harness always calls them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from games.env import GameEnv as GameEnv  # noqa: PLC0414 - given on


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

    def __reduce__(self) -> tuple[Any, ...]:
        """Quicker than what a dataclass with slots does by itself: thousands travel between processes."""
        return Section, (self.name, self.text, self.stability)


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What the model gets: ordered text sections and/or one RGB image (H × W × 3, uint8)."""

    sections: tuple[Section, ...] = ()
    image: NDArray[np.uint8] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """As for sections."""
        return Observation, (self.sections, self.image)


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

    def __reduce__(self) -> tuple[Any, ...]:
        """As for sections."""
        return Progress, (self.value, self.parts)


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
    frames: bool = False  # it runs in frames, and has `GameEnv.wait`
    overlap: bool = False  # its inputs can go on while the player thinks (`GameEnv.wait`)
    needs: str = ""  # what is not here and the user has to bring, in a few words


class UnknownAction(ValueError):
    """The text names no action that the environment can execute now. Nothing was stepped."""


class MissingExtra(ImportError):
    """A package that the game needs is absent. `extra` is the ``ludometer[extra]`` to install."""

    def __init__(self, game: str, extra: str, cause: ImportError) -> None:
        super().__init__(f'{game} needs {cause.name or cause}: pip install "ludometer[{extra}]"')
        self.extra = extra


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


def __getattr__(name: str) -> Any:
    """`GameEnv`, imported when it is asked for: Gymnasium is not needed to list tasks."""
    if name == "GameEnv":
        from games.env import GameEnv

        return GameEnv
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
