"""An episode file, one turn at a time: an index of its lines, and no more of them read than is asked for."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.errors import InputError
from harness.records import (
    CallRecord,
    End,
    Failure,
    Header,
    MemoryRecord,
    MessageRecord,
    Start,
    Status,
    TurnRecord,
    read_outline,
)

M = TypeVar("M", bound=BaseModel)

_KIND = re.compile(rb'\{"kind":"([a-z]+)"')


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Message(_Part):
    """Counted, and not kept."""


class _Request(_Part):
    keep: int = 0
    add: list[_Message] = []


class _Call(_Part):
    request: _Request


class _Calls(_Part):
    calls: list[_Call] = []


class _Decision(_Part):
    outcome: str


class _Progress(_Part):
    value: float


class _Step(_Part):
    reward: float
    progress: _Progress


class _Turn(_Calls):
    index: int
    decision: _Decision
    thinking: _Step | None = None
    steps: list[_Step] = []


class Span(NamedTuple):
    """Where a line is: its first byte and its length."""

    offset: int
    size: int


class Asked(NamedTuple):
    """A call: the line and the place in it, and how its request continues the one before."""

    line: Span
    call: int
    kept: int
    added: int


class Glance(NamedTuple):
    """A turn at a glance: its line, how it ended, which calls are its own; progress and return after it."""

    line: Span
    outcome: str
    asked: range
    progress: float
    total: float


class EpisodeFile:
    """One episode file, read as far as it was written; `refresh` reads what has come since.

    `generation` changes when the file was replaced by another one.

    Raises:
        InputError: the file is no episode.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.generation = 0
        self._lock = threading.RLock()
        self._forget()
        self.refresh()

    def _forget(self) -> None:
        self.start: Start | None = None
        self.end: End | None = None
        self.failures: list[Failure] = []
        self.turns: list[Glance] = []
        self.memory_asked = range(0)
        self._header: Header | None = None
        self._memory: Span | None = None
        self._asked: list[Asked] = []
        self._messages = 0  # how many the last request had
        self._read = self._count = 0
        self._inode: int | None = None

    @property
    def header(self) -> Header:
        """The first line."""
        if self._header is None:
            raise InputError(f"{self.path} holds no episode yet")
        return self._header

    @property
    def status(self) -> Status:
        """Where the episode stands, as `harness.records.Episode.status` says it."""
        if self.end is not None:
            return Status.DONE
        failed = bool(self.failures) and self.failures[-1].turn >= len(self.turns)
        return Status.FAILED if failed else Status.UNFINISHED

    @property
    def version(self) -> str:
        """Changes whenever anything came."""
        return f"{self.generation}-{self._count}"

    def refresh(self) -> None:
        """Read the lines that were written since.

        Raises:
            InputError: the file is gone, or a line is not an episode's.
        """
        with self._lock:
            try:
                self._refresh()
            except OSError as error:
                raise InputError(f"cannot read {self.path}: {error.strerror}") from None

    def _refresh(self) -> None:
        state = self.path.stat()
        if self._inode is not None and (state.st_ino != self._inode or state.st_size < self._read):
            self._forget()
            self.generation += 1
        if state.st_size == self._read:
            return
        if self._header is None:
            read_outline(self.path)  # says in its own words what is no episode, or a newer one
        self._inode = state.st_ino
        with self.path.open("rb") as stream:
            stream.seek(self._read)
            for raw in stream:
                if _is_torn(raw):
                    break
                self._take(Span(self._read, len(raw)), raw)
                self._read += len(raw)

    def _take(self, span: Span, raw: bytes) -> None:
        if not raw.strip():  # the line feed that the line before lacked
            return
        try:
            self._add(_kind(raw), span, raw)
        except (ValidationError, ValueError):
            raise self._damaged() from None
        self._count += 1

    def _damaged(self) -> InputError:
        return InputError(f"{self.path}, line {self._count + 1}: the file was damaged or changed")

    def _add(self, kind: str, span: Span, raw: bytes) -> None:
        match kind:
            case "turn":
                self._add_turn(span, _Turn.model_validate_json(raw))
            case "header":
                self._header = Header.model_validate_json(raw, strict=True)
            case "start":
                self.start = Start.model_validate_json(raw, strict=True)
            case "failure":
                self.failures.append(Failure.model_validate_json(raw, strict=True))
            case "memory":
                self.memory_asked = self._add_calls(span, _Calls.model_validate_json(raw))
                self._memory = span
            case "end":
                self.end = End.model_validate_json(raw, strict=True)
            case _:
                raise ValueError(kind)

    def _add_turn(self, span: Span, turn: _Turn) -> None:
        if turn.index != len(self.turns):
            raise ValueError(turn.index)
        progress, total = self.standing(turn.index)
        moves = turn.steps if turn.thinking is None else [turn.thinking, *turn.steps]
        if moves:
            progress, total = moves[-1].progress.value, total + sum(step.reward for step in moves)
        asked = self._add_calls(span, turn)
        self.turns.append(Glance(span, turn.decision.outcome, asked, progress, total))

    def standing(self, number: int) -> tuple[float, float]:
        """Progress and return before a turn."""
        if number:
            return self.turns[number - 1].progress, self.turns[number - 1].total
        return (self.start.progress.value if self.start else 0.0), 0.0

    def _add_calls(self, span: Span, line: _Calls) -> range:
        before = len(self._asked)
        for number, call in enumerate(line.calls):
            kept = min(max(call.request.keep, 0), self._messages)
            self._messages = kept + len(call.request.add)
            self._asked.append(Asked(span, number, kept, len(call.request.add)))
        return range(before, len(self._asked))

    def turn(self, number: int) -> TurnRecord:
        """One turn, whole.

        Raises:
            IndexError: there is none of that number.
            InputError: its line was changed.
        """
        return self._parsed(self.turns[number].line, TurnRecord)

    def memory(self) -> MemoryRecord | None:
        """What the episode hands on, None where it hands on nothing."""
        return None if self._memory is None else self._parsed(self._memory, MemoryRecord)

    def request(self, asked: int) -> tuple[MessageRecord, ...]:
        """The messages of a call, counted over the episode; only the lines that hold them are read.

        Raises:
            InputError: a line was changed.
        """
        lines: dict[Span, tuple[CallRecord, ...]] = {}
        parts = []
        for line, call, first, last in self._sources(asked):
            if line not in lines:
                lines[line] = self._calls(line)
            parts.append(lines[line][call].request.add[first:last])
        return tuple(message for part in reversed(parts) for message in part)

    def _sources(self, asked: int) -> Iterator[tuple[Span, int, int, int]]:
        """Where the messages of a request stand, the last ones first: line, call, and which of those it adds.

        Each request repeats the beginning of the one before. Going back, only that much of the earlier
        ones is still wanted, so most of them add nothing.
        """
        wanted = self._asked[asked].kept + self._asked[asked].added
        for before in range(asked, -1, -1):
            line, call, kept, _ = self._asked[before]
            if wanted > kept:
                yield line, call, 0, wanted - kept
                wanted = kept
            if not wanted:
                return

    def kept(self, asked: int) -> int:
        """How many messages of a call's request the one before it had too."""
        return self._asked[asked].kept

    def _calls(self, line: Span) -> tuple[CallRecord, ...]:
        if line == self._memory:
            return self._parsed(line, MemoryRecord).calls
        return self._parsed(line, TurnRecord).calls

    def _parsed(self, line: Span, model: type[M]) -> M:
        try:
            with self.path.open("rb") as stream:
                stream.seek(line.offset)
                return model.model_validate_json(stream.read(line.size), strict=True)
        except OSError as error:
            raise InputError(f"cannot read {self.path}: {error.strerror}") from None
        except ValidationError:
            raise InputError(f"{self.path}, at byte {line.offset}: the file was damaged or changed") from None


def _kind(raw: bytes) -> str:
    if match := _KIND.match(raw):
        return match[1].decode()
    line = json.loads(raw)
    return str(line.get("kind")) if isinstance(line, dict) else ""


def _is_torn(raw: bytes) -> bool:
    """Whether a line is not written to its end yet, or lost a page in a crash."""
    if b"\0" in raw:
        return True
    if raw.endswith(b"\n"):
        return False
    try:
        json.loads(raw)
    except ValueError:
        return True
    return False
