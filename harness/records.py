"""The schema of an episode file: what is written line by line, and what readers get back.

An episode is one append-only JSONL file. Its lines are, in order: one `Header`, one `Start`, a
`TurnRecord` for each decision, any number of `Failure` lines (the episode can go on after them), a
`MemoryRecord` where the agent learns from trial to trial, and one `End`. Each line holds ``kind``.
`Episode` is the whole of it, read back.

This module imports neither providers nor agents nor games: scorers and reports read through it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from harness.errors import InputError
from harness.keys import scrub
from harness.storage import Appender

SCHEMA = 2
"""Raised whenever lines get fields or change their meaning. Readers accept every version up to this one.

2: `Header.deterministic`, `TurnRecord.observation`.
"""


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SectionRecord(_Line):
    """One named text section of an observation."""

    name: str
    text: str
    stability: str


class ObservationRecord(_Line):
    """An observation as it was shown. `image` is the SHA-256 of the frame's PNG, never the frame."""

    sections: tuple[SectionRecord, ...] = ()
    image: str | None = None


class ProgressRecord(_Line):
    """Progress in [0, 1] and the raw numbers that it was computed from."""

    value: float
    parts: dict[str, float] = {}


class UsageRecord(_Line):
    """Tokens as the provider counted them."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    written: int = 0


class MessageRecord(_Line):
    """One message of a request. Each part is ``{"text": …}`` or ``{"image": sha256}``."""

    role: str
    parts: tuple[dict[str, str], ...]


class RequestRecord(_Line):
    """A request as a delta: the first `keep` messages of the episode's previous request, then `add`."""

    keep: int = 0
    add: tuple[MessageRecord, ...] = ()
    choices: tuple[str, ...] | None = None
    sampling: dict[str, Any] = {}


class RetryRecord(_Line):
    """One failed try before a completion: what failed and how long we waited, in seconds."""

    error: str
    message: str
    waited: float


class CallRecord(_Line):
    """One completion: the exact request, the raw answer, what it took."""

    request: RequestRecord
    characters: int = 0  # of text in the whole request
    pictures: int = 0
    model: str = ""  # where it is not the episode's
    text: str
    reasoning: str = ""
    finish: str = "stop"
    usage: UsageRecord = UsageRecord()
    latency: float = 0.0  # seconds of the answering try
    first_token: float | None = None  # seconds to its first token, where it was streamed
    queued: float = 0.0  # seconds waited for a place among the requests under way
    cost: float | None = None  # US dollars; None: the price is unknown
    retries: tuple[RetryRecord, ...] = ()
    cached: bool = False  # answered by the response cache
    details: dict[str, Any] = {}


class StepRecord(_Line):
    """One `env.step`: what was executed and what came of it."""

    action: str
    reward: float
    terminated: bool
    truncated: bool
    progress: ProgressRecord
    hash: str  # of the raw observation


class DecisionRecord(_Line):
    """What the agent made of the turn."""

    actions: tuple[str, ...]
    outcome: str
    text: str = ""
    repair: str = ""
    memo: dict[str, Any] = {}
    planned: tuple[str, ...] = ()  # where not all of it was executed
    cut: str = ""  # why not


class Header(_Line):
    """The first line: what is played, by whom, with which seed, by which versions."""

    kind: Literal["header"] = "header"
    schema_version: int = SCHEMA
    episode: str  # "<agent slug>/<task slug>/<index>", unique in a run folder
    suite: str
    suite_version: str
    task: str
    index: int
    seed: int
    agent: str  # with the settings that are not the default: "direct(history=window)"
    resolved: str  # with every setting spelled out
    model: str | None  # "provider:name"
    config_hash: str
    versions: dict[str, str]
    started: str  # ISO 8601, UTC
    price: str = ""  # where the model's price is from
    series: str = ""  # what the seeds are drawn from: the suite and its version, or a name
    deterministic: bool = True  # whether seed and actions give the same hashes again

    @property
    def entrant(self) -> str:
        """Who played, as reports name it: the agent, and its model where it has one."""
        return self.agent if self.model is None else f"{self.agent} @ {self.model}"


class Start(_Line):
    """The reset: the instructions and the first observation."""

    kind: Literal["start"] = "start"
    instructions: str
    observation: ObservationRecord
    hash: str
    progress: ProgressRecord
    max_steps: int


class TurnRecord(_Line):
    """One decision, whole. Its presence in the file means that the turn is done."""

    kind: Literal["turn"] = "turn"
    index: int
    notice: str = ""
    decision: DecisionRecord
    calls: tuple[CallRecord, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    observation: ObservationRecord | None = None  # after the steps, where replaying could not give it
    seconds_model: float = 0.0
    seconds_env: float = 0.0
    seconds_wait: float = 0.0  # waiting on the provider's limits and retries


class MemoryRecord(_Line):
    """What an agent takes along from this episode to its next trials, after the last turn."""

    kind: Literal["memory"] = "memory"
    content: dict[str, Any]
    calls: tuple[CallRecord, ...] = ()


class Failure(_Line):
    """The episode could not go on. It is missing from the scores until it is resumed and ended."""

    kind: Literal["failure"] = "failure"
    turn: int
    outcome: str  # api_error, timeout, or env_error
    error: str
    message: str


class Ending(StrEnum):
    """Why an episode is over."""

    TERMINATED = "terminated"  # the game ended
    TRUNCATED = "truncated"  # a limit was reached; `End.limit` says which


class End(_Line):
    """The last line: the result."""

    kind: Literal["end"] = "end"
    ending: Ending
    limit: str | None = None  # steps, turns, tokens, dollars, seconds
    progress: ProgressRecord
    episode_return: float  # the sum of rewards
    steps: int
    turns: int
    usage: UsageRecord
    cost: float | None
    seconds: float
    observation: ObservationRecord  # the terminal one


Line = Header | Start | TurnRecord | MemoryRecord | Failure | End
"""One line of an episode file."""

_LINE: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])


class Status(StrEnum):
    """Where an episode stands."""

    DONE = "done"
    FAILED = "failed"
    UNFINISHED = "unfinished"


class Episode(BaseModel):
    """An episode file, read back."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    path: Path | None = None
    header: Header
    start: Start | None = None
    turns: list[TurnRecord] = []
    memory: MemoryRecord | None = None
    failures: list[Failure] = []
    end: End | None = None

    @property
    def status(self) -> Status:
        """Done, or failed (its last line is a failure), or broken off."""
        if self.end is not None:
            return Status.DONE
        last_turn = self.turns[-1].index if self.turns else -1
        if self.failures and self.failures[-1].turn > last_turn:
            return Status.FAILED
        return Status.UNFINISHED

    @property
    def calls(self) -> list[CallRecord]:
        """Every completion, in the order of asking."""
        return [call for _, call in self._asked()]

    def requests(self) -> Iterator[tuple[int | None, CallRecord, tuple[MessageRecord, ...]]]:
        """Every call with its turn (None: after the last one) and its messages, the deltas undone."""
        previous: tuple[MessageRecord, ...] = ()
        for turn, call in self._asked():
            previous = previous[: call.request.keep] + call.request.add
            yield turn, call, previous

    def _asked(self) -> Iterator[tuple[int | None, CallRecord]]:
        for turn in self.turns:
            for call in turn.calls:
                yield turn.index, call
        for call in self.memory.calls if self.memory is not None else ():
            yield None, call


class TornLine(InputError):
    """The last line of a file was cut by a crash. `offset` is where the whole lines end, in bytes."""

    def __init__(self, path: Path, offset: int) -> None:
        super().__init__(f"{path}: the last line is torn; run the same command again to mend it")
        self.offset = offset


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of an episode file.

    Raises:
        TornLine: the last line has no end; all lines before it were yielded.
        InputError: another line is not one of ours.
    """
    offset = 0
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, 1):
            if not raw.endswith(b"\n"):
                raise TornLine(path, offset)
            try:
                yield _LINE.validate_json(raw)
            except ValidationError as error:
                raise InputError(f"{path}, line {number}: {_first(error)}") from None
            offset += len(raw)


def read_episode(path: Path, *, tolerate_torn: bool = True) -> Episode | None:
    """The whole of an episode file, None where it holds no header yet.

    Raises:
        InputError: the file is not an episode, or (unless tolerated) its last line is torn.
    """
    episode: Episode | None = None
    try:
        for line in read_lines(path):
            if isinstance(line, Header):
                if episode is not None:
                    raise InputError(f"{path}: a second header; the file is not one episode")
                if line.schema_version > SCHEMA:
                    newer = f"written by a newer Ludometer (schema {line.schema_version})"
                    raise InputError(f"{path}: {newer}; upgrade to read it")
                episode = Episode(path=path, header=line)
            elif episode is None:
                raise InputError(f"{path}: no header; the file is not an episode")
            else:
                _add(episode, line, path)
    except TornLine:
        if not tolerate_torn:
            raise
    return episode


def _add(episode: Episode, line: Start | TurnRecord | MemoryRecord | Failure | End, path: Path) -> None:
    if episode.end is not None:
        raise InputError(f"{path}: lines after the end; the file was changed")
    match line:
        case Start():
            episode.start = line
        case TurnRecord():
            if line.index != len(episode.turns):
                raise InputError(f"{path}: turn {line.index} follows turn {len(episode.turns) - 1}")
            episode.turns.append(line)
        case MemoryRecord():
            episode.memory = line
        case Failure():
            episode.failures.append(line)
        case End():
            episode.end = line


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in detail["loc"])
    return f"{where}: {detail['msg']}" if where else detail["msg"]


def mend(path: Path) -> bool:
    """Cut off a torn last line. True where there was one."""
    try:
        for _ in read_lines(path):
            pass
    except TornLine as torn:
        os.truncate(path, torn.offset)
        return True
    return False


def to_json(line: _Line) -> bytes:
    """One line of JSON in UTF-8. Keys are taken out; a lone surrogate becomes ``?``, since UTF-8 has none."""
    data = line.model_dump(mode="json")
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return scrub(text).encode("utf-8", "replace")


class EpisodeWriter:
    """Appends whole lines to one episode file. One writer a file."""

    def __init__(self, path: Path) -> None:
        self._appender = Appender(path)

    def write(self, line: Line) -> None:
        """Append one line, whole, and hand it to the operating system.

        Raises:
            CannotWrite: it cannot be written; nothing of it stays in the file.
        """
        self._appender.append(to_json(line) + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._appender.close()

    def __enter__(self) -> EpisodeWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_run(folder: Path) -> list[Episode]:
    """Every episode of a run folder, in the order of their files.

    Raises:
        InputError: the folder is not a run.
    """
    if not (folder / "run.json").is_file():
        raise InputError(f"{folder} is not a run folder: it has no run.json")
    episodes = (read_episode(path) for path in sorted((folder / "episodes").rglob("*.jsonl")))
    return [episode for episode in episodes if episode is not None]
