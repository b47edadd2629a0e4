"""What a run may use up: checked before a request, booked after it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.api import BudgetExhausted, Completion, Request


@dataclass(frozen=True, slots=True)
class Caps:
    """The most of each kind. None: no limit of that kind. Seconds are of whatever the caps are for."""

    tokens: int | None = None
    dollars: float | None = None
    seconds: float | None = None


@dataclass(slots=True)
class _Used:
    """What was used up. A completion of unknown price adds nothing to the dollars."""

    tokens: int = 0
    dollars: float = 0.0
    seconds: float = 0.0

    def add(self, tokens: int, cost: float | None, seconds: float) -> None:
        self.tokens += tokens
        self.dollars += cost or 0.0
        self.seconds += seconds


class Budget:
    """Tokens, dollars and seconds: of all models of the run together, of each episode, of each call.

    A run's seconds pass on the clock from when the budget was made, so that a job ends in its time; an
    episode's and a call's are seconds of waiting for the model. Once a cap is reached nothing more is
    asked: the run stops, and goes on with a larger budget. Requests that are under way at that moment
    are still answered and booked, so a cap can be exceeded by as much as they take.
    """

    def __init__(
        self,
        run: Caps = Caps(),
        *,
        episode: Caps = Caps(),
        call: Caps = Caps(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run, self._episode, self._call = self.caps = (run, episode, call)
        self._clock, self._begun = clock, clock()
        self._episodes: dict[str, _Used] = defaultdict(_Used)
        self._allowed: dict[str, int] = {}  # the turn that each episode may finish
        self._overrun = ""
        self.used = _Used()

    def __getstate__(self) -> dict[str, Any]:
        """Clocks differ between machines: what travels is how long the run has lasted."""
        return {**vars(self), "_begun": self._clock() - self._begun}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._begun = self._clock() - self._begun

    @property
    def call_seconds(self) -> float | None:
        """How long one call may take."""
        return self._call.seconds

    @property
    def in_dollars(self) -> bool:
        """Whether anything is limited in dollars, so that prices have to be known."""
        return any(caps.dollars is not None for caps in (self._run, self._episode, self._call))

    def check(self, request: Request) -> None:
        """Refuse to ask when a budget is used up.

        A turn of several calls is not broken off after its first: it would have to wait for the next run.

        Raises:
            BudgetExhausted: it is; the line names which, and how to go on.
        """
        if request.call > 0 and self._allowed.get(request.episode) == request.turn:
            return
        if self._overrun:
            raise BudgetExhausted(self._overrun)
        now = _Used(self.used.tokens, self.used.dollars, self._clock() - self._begun)
        over = _reached("the run", self._run, now, "--budget-")
        episode = self._episodes.get(request.episode, _Used())
        over = over or _reached("an episode", self._episode, episode, "budget.episode.")
        if over:
            raise BudgetExhausted(over)
        self._allowed[request.episode] = request.turn

    def book(self, episode: str, tokens: int, cost: float | None, seconds: float) -> None:
        """Count what was used in an episode, in this process or before it."""
        self.used.add(tokens, cost, seconds)
        self._episodes[episode].add(tokens, cost, seconds)

    def book_call(self, request: Request, completion: Completion) -> None:
        """Count a completion, from the response cache or not.

        It is paid for, so it is kept and used even where it breaks the cap of a call; what follows is not
        asked any more.
        """
        tokens = completion.usage.input + completion.usage.output
        self.book(request.episode, tokens, completion.cost, completion.latency)
        took = _Used(tokens, completion.cost or 0.0, 0.0)
        self._overrun = self._overrun or _exceeded(self._call, took)


def _reached(whose: str, caps: Caps, used: _Used, option: str) -> str:
    for kind, most in (("tokens", caps.tokens), ("dollars", caps.dollars), ("seconds", caps.seconds)):
        value = getattr(used, kind)
        if most is not None and value >= most:
            amounts = f"{_amount(kind, most)} for {whose} is used up ({_amount(kind, value)})"
            return f"the budget of {amounts}; raise {option}{kind} to go on"
    return ""


def _exceeded(caps: Caps, used: _Used) -> str:
    for kind, most in (("tokens", caps.tokens), ("dollars", caps.dollars)):
        value = getattr(used, kind)
        if most is not None and value > most:
            return (
                f"a call took {_amount(kind, value)}, its budget is {_amount(kind, most)}; "
                f"raise budget.call.{kind} to go on"
            )
    return ""


def _amount(kind: str, value: float) -> str:
    forms = {"tokens": f"{value:,.0f} tokens", "dollars": f"${value:.2f}", "seconds": f"{value:,.0f} s"}
    return forms[kind]
