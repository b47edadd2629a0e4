"""How time passes in a game while its player thinks.

``paused``
    The game waits.
``realtime(overlap=…, deadline=…, fallback=…)``
    The game runs on: the measured latency of the answers is charged as frames of the game. Only measured
    seconds enter, never the clock on the wall, so a record of them is enough to play the episode again.
``simulated(ttft=…, tps=…, prefill=…, overlap=…, deadline=…, fallback=…)``
    The same with a latency that is computed from the tokens: `ttft` seconds to the first token, `tps` tokens
    of output a second, and `prefill` tokens of input (but those of a prompt cache) a second where it is
    given. The same for everyone, on every machine.

What waits for a place among the requests under way, or for a retry, is no thinking. Of calls that were asked
at the same time the slowest counts; those that were asked one after the other add up (`CallRecord.began`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from harness import settings
from harness.errors import InputError
from harness.plugins import unknown
from harness.records import CallRecord

_FALLBACKS = ("wait", "noop")
"""What is done in place of an answer that comes too late, where nothing else is said: the first there is."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How time passes. See the module for the modes.

    `overlap`: inputs are carried out while the player thinks about the next ones, and cut by the next answer.
    `deadline`: after so many seconds `fallback` is done in place of the answer, which is dropped.
    """

    mode: str = "paused"
    overlap: bool = False
    deadline: float | None = None
    fallback: str = ""
    ttft: float = 0.0
    tps: float = 0.0
    prefill: float = 0.0

    @property
    def runs(self) -> bool:
        """Whether the game runs on while the player thinks."""
        return self.mode != "paused"

    def __str__(self) -> str:
        """As a run's settings and records hold it."""
        named = [each for each in fields(self) if each.name != "mode"]
        given = {each.name: getattr(self, each.name) for each in named}
        changed = {each.name: given[each.name] for each in named if given[each.name] != each.default}
        return str(settings.Named(self.mode, {name: _short(value) for name, value in changed.items()}))

    def options(self) -> dict[str, Any]:
        """What an environment is told at its reset; nothing where it waits."""
        return {"clock": "running", "overlap": self.overlap} if self.runs else {}

    def duration(self, call: CallRecord) -> float:
        """The seconds of one answer."""
        if self.mode == "realtime":
            return call.latency
        prefill = (call.usage.input - call.usage.cached) / self.prefill if self.prefill else 0.0
        return self.ttft + prefill + call.usage.output / self.tps

    def thought(self, calls: Sequence[CallRecord]) -> float:
        """The seconds of a turn: until the last of its answers was there."""
        return max((call.began + self.duration(call) for call in calls), default=0.0)

    def late(self, seconds: float) -> bool:
        """Whether that is beyond the deadline."""
        return self.deadline is not None and seconds > self.deadline

    def frames(self, seconds: float, rate: float) -> int:
        """The frames of a game with `rate` of them a second that go by meanwhile, begun ones too."""
        spent = seconds if self.deadline is None else min(seconds, self.deadline)
        return math.ceil(round(spent * rate, 6))

    def instead(self, names: Sequence[str]) -> str:
        """What is done in place of a late answer, of a task with actions of these names.

        Raises:
            InputError: nothing was named, and the task has no way to wait.
        """
        found = self.fallback or next((name for name in _FALLBACKS if name in names), "")
        if not found:
            raise InputError(f"a deadline needs a fallback here, such as fallback={names[0]!r}")
        return found


def _short(value: Any) -> Any:
    """2 for 2.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _paused() -> Clock:
    return Clock()


def _realtime(*, overlap: bool = False, deadline: float | None = None, fallback: str = "") -> Clock:
    return Clock("realtime", overlap, deadline, fallback)


def _simulated(
    *,
    ttft: float = 0.0,
    tps: float = 0.0,
    prefill: float = 0.0,
    overlap: bool = False,
    deadline: float | None = None,
    fallback: str = "",
) -> Clock:
    return Clock("simulated", overlap, deadline, fallback, ttft, tps, prefill)


_MODES: dict[str, Callable[..., Clock]] = {
    "paused": _paused,
    "realtime": _realtime,
    "simulated": _simulated,
}


def parse(text: str) -> Clock:
    """Read ``paused``, ``realtime(…)`` or ``simulated(ttft=0.5,tps=50)``.

    Raises:
        InputError: there is no such mode or setting, or a number is out of its range.
    """
    named = settings.parse(text)
    if named.name not in _MODES:
        raise InputError(f"time: {unknown('mode', named.name, _MODES)}")
    mode = _MODES[named.name]
    clock = mode(**settings.resolve(mode, named.settings, f"time {named.name!r}"))
    numbers = (clock.ttft, clock.tps, clock.prefill, clock.deadline or 0.0)
    if not all(math.isfinite(number) and number >= 0 for number in numbers) or clock.deadline == 0:
        raise InputError(f"time {named.name!r}: seconds and tokens a second are positive numbers")
    if clock.mode == "simulated" and not clock.tps:
        raise InputError("time 'simulated': say how quick the model is, such as simulated(ttft=0.5,tps=50)")
    return clock
