"""What a run shows while it goes: episodes, running scores, tokens, cost, failures, time left."""

from __future__ import annotations

import time
from collections import defaultdict
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from harness.keys import scrub
from harness.plan import EpisodeSpec
from harness.records import End, Failure, MemoryRecord, TurnRecord
from harness.run import Watcher
from harness.terminal import safe_text

_LINE_EVERY = 15.0
"""Seconds between two lines of progress where no terminal shows a moving bar (a pipe, a CI log)."""

_REFRESH_EVERY = 0.1
"""Seconds between two looks at the numbers."""


class Live(Watcher):
    """Writes to standard error; standard output is kept for results."""

    def __init__(self, *, quiet: bool = False, bar: bool = True) -> None:
        self.console = Console(stderr=True, quiet=quiet, highlight=False)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[numbers]}"),
            TimeRemainingColumn(),
            console=self.console,
            disable=quiet or not bar or not self.console.is_terminal,
        )
        self._task: TaskID | None = None
        self._scores: dict[str, tuple[int, float]] = defaultdict(lambda: (0, 0.0))  # how many, their sum
        self._tokens = self._failed = self._done = self._total = 0
        self._cost: float | None = 0.0
        self._last_line = time.monotonic()
        self._refreshed = 0.0

    def __enter__(self) -> Live:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def planned(self, done: int, total: int) -> None:
        """Start counting."""
        self._done, self._total = done, total
        self._task = self._bar.add_task("episodes", total=total, completed=done, numbers="")
        if done:
            self.say(f"{done} of {total} episodes are done already")

    def turn(self, spec: EpisodeSpec, record: TurnRecord | MemoryRecord) -> None:
        """Count a turn's tokens and price."""
        for call in record.calls:
            self._tokens += call.usage.input + call.usage.output
            self._cost = None if self._cost is None or call.cost is None else self._cost + call.cost
        self._refresh()

    def ended(self, spec: EpisodeSpec, last: End | Failure) -> None:
        """Count an episode."""
        if isinstance(last, End):
            self._done += 1
            count, total = self._scores[spec.entrant.label]
            self._scores[spec.entrant.label] = (count + 1, total + last.progress.value)
        else:
            self._failed += 1
            self.say(f"failed, not scored: {spec.id}: {last.outcome}: {last.message}")
        if self._task is not None:
            self._bar.update(self._task, completed=self._done + self._failed)
        self._refresh()

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self.console.print(safe_text(scrub(line)), markup=False, highlight=False, soft_wrap=True)

    def _refresh(self) -> None:
        now = time.monotonic()
        if now - self._refreshed < _REFRESH_EVERY:  # there may be hundreds of turns a second
            return
        self._refreshed = now
        if self._task is not None:
            self._bar.update(self._task, numbers=self._numbers())
        quiet_terminal = self._bar.disable and not self.console.quiet
        if quiet_terminal and now - self._last_line > _LINE_EVERY:
            self._last_line = now
            self.say(f"{self._done + self._failed}/{self._total} episodes · {self._numbers()}")

    def _numbers(self) -> str:
        parts = [f"{name.partition('(')[0]} {total / n:.2f}" for name, (n, total) in self._scores.items()]
        if self._tokens:
            parts.append(f"{self._tokens:,} tokens")
            parts.append("cost unknown" if self._cost is None else f"${self._cost:.2f}")
        if self._failed:
            parts.append(f"{self._failed} failed")
        return " · ".join(parts)
