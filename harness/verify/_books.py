"""The books of an episode, added up from its turns as playing adds them up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import isclose
from typing import Any

from harness.api import Decision, Outcome
from harness.spec import Limits
from harness.state import notice
from harness.verify._lines import Plain

ACTING = (str(Outcome.OK), str(Outcome.REPAIRED))
"""Outcomes of turns in which the environment is stepped."""

_LATE = str(Outcome.LATE)
_LOST = tuple(str(outcome) for outcome in Outcome if not outcome.acts and not outcome.infrastructure)
_TOKENS = ("input", "output", "cached", "reasoning", "written")


@dataclass(slots=True)
class Books:
    """Where the recorded turns lead. `sizes` are the characters and pictures up to each message."""

    limits: Limits
    max_steps: int = 0
    turns: int = 0
    steps: int = 0
    episode_return: float = 0.0
    usage: list[int] = field(default_factory=lambda: [0] * len(_TOKENS))
    cost: float | None = 0.0
    seconds: float = 0.0
    notice: str = ""
    progress: Plain = field(default_factory=dict)
    terminated: bool = False
    truncated: bool = False
    sizes: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])

    @property
    def tokens(self) -> Plain:
        """What all calls used."""
        return dict(zip(_TOKENS, self.usage, strict=True))

    @property
    def over(self) -> bool:
        """Whether the game ended itself."""
        return self.terminated or self.truncated

    def ended(self) -> str:
        """Why no turn can follow: the game, or the name of the first limit that is reached."""
        return "the game" if self.terminated or self.truncated else self.limit()

    def limit(self) -> str:
        """The first limit that is reached, by name."""
        limits = self.limits
        if self.steps >= self.max_steps:
            return "steps"
        if self.turns >= (limits.turns or self.max_steps):
            return "turns"
        if limits.tokens is not None and self.usage[0] + self.usage[1] >= limits.tokens:
            return "tokens"
        if limits.dollars is not None and (self.cost or 0.0) >= limits.dollars:
            return "dollars"
        return "seconds" if limits.seconds is not None and self.seconds >= limits.seconds else ""

    def ask(self, request: Plain) -> tuple[int, int] | None:
        """Undo a request's delta: its characters and pictures. None where it keeps more than there was."""
        sizes, keep = self.sizes, request["keep"]
        if not 0 <= keep < len(sizes):
            return None
        del sizes[keep + 1 :]
        characters, pictures = sizes[-1]
        for message in request["add"]:
            for part in message["parts"]:
                if (text := part.get("text")) is not None:
                    characters += len(text)
                else:
                    pictures += 1
            sizes.append((characters, pictures))
        return characters, pictures

    def pay(self, call: Plain) -> None:
        """Count what a call used."""
        used, usage, cost = self.usage, call["usage"], call["cost"]
        for at, name in enumerate(_TOKENS):
            used[at] += usage[name]
        self.seconds += call["latency"]
        self.cost = None if cost is None or self.cost is None else self.cost + cost

    def turn(self, turn: Plain, reward: float) -> None:
        """Move on past a turn that was rewarded; its calls are paid after it."""
        self.turns += 1
        self.episode_return += reward
        self.seconds += turn["seconds_env"]
        self.notice = _told(turn["decision"])


def odd(decision: Plain, steps: Sequence[Plain], books: Books) -> Sequence[tuple[str, Any, Any]]:
    """What does not fit in a decision and its steps: the field, the recorded value and what it should be.

    `books` hold the steps already.
    """
    actions = tuple([step["action"] for step in steps])
    outcome, planned = decision["outcome"], decision["planned"]
    fits = outcome in (ACTING if steps else _LOST) or outcome == _LATE
    right = decision["actions"] == actions and fits
    if right and not planned and not decision["cut"] and books.steps <= books.max_steps:
        return ()
    found: list[tuple[str, Any, Any]] = []
    if decision["actions"] != actions:
        found.append(("decision.actions", decision["actions"], actions))
    if not fits:
        found.append(("decision.outcome", outcome, f"{'a' if steps else 'no'} step was taken"))
    if books.steps > books.max_steps:
        found.append(("steps", books.steps, f"at most {books.max_steps}"))
    return [*found, *_oddly_cut(decision, actions, books)]


def _oddly_cut(decision: Plain, actions: tuple[str, ...], books: Books) -> Iterator[tuple[str, Any, Any]]:
    planned, cut = decision["planned"], decision["cut"]
    if not planned:
        if cut:
            yield "decision.cut", cut, ""
    elif planned[: len(actions)] != actions or len(planned) == len(actions):
        yield "decision.planned", planned, actions
    elif not cut and not books.over and books.steps < books.max_steps:
        yield "decision.cut", cut, "neither the game nor the limit of steps ended the plan"


def same_number(recorded: float | None, now: float | None) -> bool:
    """Whether two sums are the same but for the order of adding."""
    if recorded is None or now is None:
        return recorded is now
    return recorded == now or isclose(recorded, now, rel_tol=1e-9, abs_tol=1e-9)


def _told(decision: Mapping[str, Any]) -> str:
    """What the model is told of a decision at its next turn."""
    if decision["planned"]:
        return _notice(decision["actions"], "ok", "", decision["planned"], decision["cut"])
    if decision["outcome"] in ACTING:
        return ""
    done = decision["actions"] if decision["outcome"] == _LATE else ()
    return _notice(done, decision["outcome"], decision["repair"], (), "")


@lru_cache(256)
def _notice(actions: tuple[str, ...], outcome: str, repair: str, planned: tuple[str, ...], cut: str) -> str:
    if outcome not in (*ACTING, *_LOST):
        return ""  # told as a difference already
    return notice(Decision(actions, Outcome(outcome), repair=repair, planned=planned, cut=cut))
