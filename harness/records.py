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
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, SkipValidation, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from harness.errors import InputError
from harness.keys import scrub
from harness.storage import Appender, cut_at

SCHEMA = 3
"""Raised whenever lines get fields or change their meaning. Readers accept every version up to this one.

2: `Header.deterministic`, `TurnRecord.observation`.
3: time (`Header.time`, `TurnRecord.thinking`, `CallRecord.began`), `Start.content`, the outcome ``late``.
"""


class _Line(BaseModel):
    # What is not a number has no place in JSON: neither written nor read.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SectionRecord(_Line):
    """One named text section of an observation."""

    name: str = Field(description="What it is called in the prompt.")
    text: str = Field(description="Its words.")
    stability: str = Field(
        pattern="^(static|slow|volatile)$", description="How often it changes: static, slow or volatile."
    )


class ObservationRecord(_Line):
    """An observation as it was shown."""

    sections: tuple[SectionRecord, ...] = Field((), description="Its words, in order.")
    image: str | None = Field(None, description="SHA-256 (hex) of the picture's PNG, never the picture.")


class ProgressRecord(_Line):
    """Progress by the task's own measure."""

    value: float = Field(description="From 0 to 1.")
    parts: dict[str, float] = Field({}, description="The raw numbers that it was computed from.")


class UsageRecord(_Line):
    """Tokens as the provider counted them."""

    input: int = Field(0, description="Tokens of the request, cached and written ones included.")
    output: int = Field(0, description="Tokens of the answer, reasoning included.")
    cached: int = Field(0, description="Of the input: read from a prompt cache.")
    reasoning: int = Field(0, description="Of the output: reasoning.")
    written: int = Field(0, description="Of the input: stored in a prompt cache, where that costs extra.")


class MessageRecord(_Line):
    """One message of a request."""

    role: str = Field(description="system, user or assistant.")
    parts: tuple[dict[str, str], ...] = Field(
        description='In order: {"text": words} or {"image": SHA-256 (hex) of a PNG}.'
    )


class RequestRecord(_Line):
    """A request as a delta to the episode's request before it (in the order of asking)."""

    keep: int = Field(0, ge=0, description="So many leading messages of the request before are repeated.")
    add: tuple[MessageRecord, ...] = Field((), description="The messages that follow them.")
    choices: tuple[str, ...] | None = Field(None, description="The only answers that were allowed.")
    sampling: dict[str, Any] = Field(
        {}, description="How the answer was drawn: temperature, top_p, max_tokens, seed, … where set."
    )


class RetryRecord(_Line):
    """One failed try before a completion."""

    error: str = Field(description="The name of the failure's class.")
    message: str = Field(description="What it said.")
    waited: float = Field(description="Seconds until the next try.")


class CallRecord(_Line):
    """One completion: the exact request, the raw answer, what it took."""

    request: RequestRecord = Field(description="What was asked.")
    characters: int = Field(0, description="Characters of text in the whole request.")
    pictures: int = Field(0, description="Pictures in the whole request.")
    model: str = Field("", description="Who was asked (provider:name), where it is not the episode's model.")
    text: str = Field(description="The answer as it came.")
    reasoning: str = Field("", description="The model's reasoning, where the provider gives it.")
    finish: str = Field("stop", description="Why the answer ended: stop, length or refusal.")
    usage: UsageRecord = Field(UsageRecord(), description="Its tokens.")
    latency: float = Field(0.0, description="Seconds that the answering try took.")
    first_token: float | None = Field(
        None, description="Seconds to its first token; null where it was not streamed."
    )
    began: float = Field(
        0.0,
        description="Seconds into the turn's thinking at which it was asked, where the game runs meanwhile. "
        "Since schema 3.",
    )
    queued: float = Field(
        0.0, description="Seconds waited for a place among the requests under way; no part of the latency."
    )
    cost: float | None = Field(None, description="US dollars; null where the price is unknown.")
    retries: tuple[RetryRecord, ...] = Field((), description="The tries that failed before.")
    cached: bool = Field(False, description="Answered by the response cache: nobody was asked.")
    details: dict[str, Any] = Field({}, description="What else the provider tells of its answer.")


class StepRecord(_Line):
    """One `env.step`: what was executed and what came of it."""

    action: str = Field(description="The action's name, or the text where the game takes text.")
    reward: float = Field(description="The environment's own.")
    terminated: bool = Field(description="The game ended with this step.")
    truncated: bool = Field(description="The environment's own limit ended it with this step.")
    progress: ProgressRecord = Field(description="After the step.")
    hash: str = Field(description="Of the raw observation after the step.")


class ThinkingRecord(StepRecord):
    """What went on in the game while the player thought: as a step, but none of the player's."""

    action: Literal[""] = Field("", description="Nothing: it is no action.")
    frames: int = Field(ge=0, description="Frames of the game that went by.")


class DecisionRecord(_Line):
    """What the agent made of the turn."""

    actions: tuple[str, ...] = Field(description="What was executed, one step each; none for a lost turn.")
    outcome: str = Field(
        description="ok or repaired (it acted); parse_error, invalid_action, empty, truncated, refusal, late."
    )
    text: str = Field("", description="The answer as histories show it to the model.")
    repair: str = Field("", description="What was mended in the answer, or why it was no action.")
    memo: dict[str, Any] = Field({}, description="The agent's note to its later turns.")
    planned: tuple[str, ...] = Field((), description="All actions of the plan, where not all were executed.")
    cut: str = Field("", description="Why the rest of the plan was not executed.")


class Header(_Line):
    """The first line: what is played, by whom, with which seed, by which versions."""

    kind: Literal["header"] = "header"
    schema_version: int = Field(SCHEMA, description="The version of this format.")
    episode: str = Field(
        description="AGENT/TASK/INDEX: unique in a run, and the path of the file in episodes/."
    )
    suite: str = Field(description="Its name; adhoc where tasks were picked by hand.")
    suite_version: str = Field(description="Its version; another one may hold other tasks, limits or seeds.")
    task: str = Field(
        description="game/name, with the perturbations (+name(settings)) that it is played with."
    )
    index: int = Field(ge=0, description="Of the episode among those of its agent and task, from 0.")
    seed: int = Field(description="Of the environment.")
    agent: str = Field(description="With the settings that are not the default: direct(history=window).")
    resolved: str = Field(description="The agent with every setting spelled out.")
    model: str | None = Field(description="provider:name; null for an agent that asks none.")
    config_hash: str = Field(description="That of run.json.")
    versions: dict[str, str] = Field(description="Python and the packages that matter, as installed.")
    time: str = Field(
        "paused", description="How time passes while the player thinks: --time. Since schema 3."
    )
    started: str = Field(description="When the episode began: ISO 8601, UTC.")
    price: str = Field("", description="Where the model's price is from.")
    series: str = Field("", description="What the seeds are drawn from: suite and version, or a name.")
    deterministic: bool = Field(
        True, description="Whether seed and actions give the same hashes again. Since schema 2."
    )

    @property
    def entrant(self) -> str:
        """Who played, as reports name it: the agent, and its model where it has one."""
        return self.agent if self.model is None else f"{self.agent} @ {self.model}"


class Start(_Line):
    """The reset: the instructions and the first observation."""

    kind: Literal["start"] = "start"
    instructions: str = Field(description="The task in words, as it is told to the model.")
    observation: ObservationRecord = Field(description="The first one.")
    hash: str = Field(description="Of the raw first observation.")
    progress: ProgressRecord = Field(description="At the start.")
    max_steps: int = Field(description="The episode ends after so many steps.")
    content: dict[str, str] = Field(
        {}, description="SHA-1 of the files that the game was played from, such as its ROM. Since schema 3."
    )


class TurnRecord(_Line):
    """One decision, whole. Its presence in the file means that the turn is done."""

    kind: Literal["turn"] = "turn"
    index: int = Field(description="From 0, without gaps.")
    notice: str = Field("", description="What the harness told the model at the start of the turn.")
    decision: DecisionRecord = Field(description="What was decided, and what came of it.")
    calls: tuple[CallRecord, ...] = Field((), description="The completions, in the order of asking.")
    thinking: ThinkingRecord | None = Field(
        None,
        description="What went on before the answer, where the game runs meanwhile. Since schema 3.",
    )
    steps: tuple[StepRecord, ...] = Field((), description="One for each executed action.")
    observation: ObservationRecord | None = Field(
        None, description="After the steps, where the game is not deterministic. Since schema 2."
    )
    seconds_model: float = Field(0.0, description="Seconds of the calls' latency.")
    seconds_env: float = Field(0.0, description="Seconds in the environment.")
    seconds_wait: float = Field(0.0, description="Seconds waited for the provider's limits and for retries.")

    @property
    def moves(self) -> tuple[StepRecord, ...]:
        """All that moved the game, in order: what went on while the player thought, and the steps."""
        return self.steps if self.thinking is None else (self.thinking, *self.steps)


class MemoryRecord(_Line):
    """What an agent takes along from this episode to its next trials, after the last turn."""

    kind: Literal["memory"] = "memory"
    content: dict[str, Any] = Field(description="The agent's own values.")
    calls: tuple[CallRecord, ...] = Field((), description="The completions that it was made with.")


class Failure(_Line):
    """The episode could not go on. It is missing from the scores until it is resumed and ended."""

    kind: Literal["failure"] = "failure"
    turn: int = Field(description="The turn that could not be made.")
    outcome: str = Field(description="api_error, timeout or env_error.")
    error: str = Field(description="The name of the error's class.")
    message: str = Field(description="What it said, up to 2,000 characters.")


class Ending(StrEnum):
    """Why an episode is over."""

    TERMINATED = "terminated"  # the game ended
    TRUNCATED = "truncated"  # a limit was reached; `End.limit` says which


class End(_Line):
    """The last line: the result."""

    kind: Literal["end"] = "end"
    ending: Ending = Field(description="terminated: the game ended; truncated: a limit was reached.")
    limit: str | None = Field(None, description="Which: steps, turns, tokens, dollars or seconds.")
    progress: ProgressRecord = Field(description="At the end: the score.")
    episode_return: float = Field(description="The sum of all rewards.")
    steps: int = Field(description="How many were executed.")
    turns: int = Field(description="How many there were, lost ones included.")
    usage: UsageRecord = Field(description="Of all calls together.")
    cost: float | None = Field(description="US dollars of all calls; null where a price is unknown.")
    seconds: float = Field(description="Model and environment time, without waiting for a provider.")
    observation: ObservationRecord = Field(description="The terminal one.")


Line = Header | Start | TurnRecord | MemoryRecord | Failure | End
"""One line of an episode file."""

_LINE: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])
_KINDS = ("header", "start", "turn", "memory", "failure", "end")


class Status(StrEnum):
    """Where an episode stands."""

    DONE = "done"
    FAILED = "failed"
    UNFINISHED = "unfinished"


class Episode(BaseModel):
    """An episode file, read back."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    path: SkipValidation[Path | None] = None  # or a UPath
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
    """The end of a file was cut by a crash. `offset` is where the whole lines end, in bytes."""

    def __init__(self, path: Path, offset: int) -> None:
        super().__init__(f"{path}: the last line is torn; run the same command again to mend it")
        self.offset = offset


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of an episode file, each checked to be one and to stand where it can.

    Raises:
        TornLine: the last line is torn; all lines before it were yielded.
        InputError: the file cannot be read, or is not one episode.
    """
    seen = _Seen()
    for number, raw in _raw_lines(path):
        line = _parse(path, number, raw)
        if fault := seen.fault(line):
            raise _refusal(path, number, fault)
        seen.add(line)
        yield line


def read_episode(path: Path, *, tolerate_torn: bool = True) -> Episode | None:
    """The whole of an episode file, None where it holds no header yet.

    Raises:
        InputError: the file is not an episode, or (unless tolerated) its last line is torn.
    """
    episode: Episode | None = None
    try:
        for line in read_lines(path):
            if isinstance(line, Header):
                episode = Episode(path=path, header=line)
            elif episode is not None:
                _add(episode, line)
    except TornLine:
        if not tolerate_torn:
            raise
    return episode


def _add(episode: Episode, line: Start | TurnRecord | MemoryRecord | Failure | End) -> None:
    match line:
        case Start():
            episode.start = line
        case TurnRecord():
            episode.turns.append(line)
        case MemoryRecord():
            episode.memory = line
        case Failure():
            episode.failures.append(line)
        case End():
            episode.end = line


class Outline(NamedTuple):
    """The two ends of an episode file: what is played, and the result where it is done."""

    header: Header
    end: End | None


def read_outline(path: Path) -> Outline | None:
    """Whether an episode is done, from its first and its last line alone; None where it has no header yet.

    What lies between is not looked at: `read_episode` does. Where that accepts a file, the two agree.

    Raises:
        InputError: the file cannot be read, or these lines are not an episode's.
    """
    first = next(_until_torn(path), None)
    if first is None:
        return None
    header = _header(path, first)
    with _opened(path) as stream:
        last = next(raw for raw in _from_the_end(stream) if not _is_torn(raw))
    # Long turns are not parsed to find that they are no end.
    line = _parse(path, None, last) if b'"end"' in last else None
    return Outline(header, line if isinstance(line, End) else None)


def mend(path: Path) -> bool:
    """Cut off the torn end of a file, or add the line feed that its last line lacks. True where it had to be.

    Raises:
        InputError: the file is not an episode; it is left as it is.
    """
    last = b"\n"
    try:
        for number, last in _raw_lines(path):
            if number == 1:
                _header(path, last)
    except TornLine as torn:
        cut_at(path, torn.offset)
        return True
    if last.endswith(b"\n"):
        return False
    appender = Appender(path)
    appender.append(b"\n")
    appender.close()
    return True


@dataclass(slots=True)
class _Seen:
    """Which lines came before."""

    header: bool = False
    start: bool = False
    turns: int = 0
    memory: bool = False
    end: bool = False

    def fault(self, line: Line) -> str:
        """Why a line cannot come now; empty where it can."""
        if isinstance(line, Header):
            return "a second header" if self.header else ""
        if not self.header:
            return f"{line.kind} before any header"
        if self.end:
            return f"{line.kind} after the end"
        if not (self.start or isinstance(line, Start | Failure)):
            return f"{line.kind} before the start"
        match line:
            case Start() if self.start:
                return "a second start"
            case TurnRecord() if self.memory:
                return "a turn after the memory"
            case TurnRecord() if line.index != self.turns:
                return f"turn {line.index} stands where turn {self.turns} should"
            case MemoryRecord() if self.memory:
                return "a second memory"
            case End() if line.turns != self.turns:
                return f"the end tells of {line.turns} turns, but {self.turns} came before it"
        return ""

    def add(self, line: Line) -> None:
        """It came."""
        if isinstance(line, TurnRecord):
            self.turns += 1
        elif not isinstance(line, Failure):
            setattr(self, line.kind, True)


def _raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The whole lines of a file with their numbers, as they stand.

    Raises:
        TornLine: nothing but a torn line or two follows.
        InputError: the file cannot be read, is none of ours, or is damaged before its end.
    """
    offset = 0
    with _opened(path) as stream:
        _check_beginning(path, stream)
        for number, raw in enumerate(stream, 1):
            if _is_torn(raw):
                if not all(map(_is_torn, stream)):
                    raise _refusal(path, number, _LOST_PAGE)
                if number == 1:
                    _check_torn_header(path, raw)
                raise TornLine(path, offset)
            yield number, raw
            offset += len(raw)


def _until_torn(path: Path) -> Iterator[bytes]:
    try:
        for _, raw in _raw_lines(path):
            yield raw
    except TornLine:
        return


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        stream = path.open("rb")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    with stream:
        yield stream


def _from_the_end(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a file as they stand, the last one first; only what is asked for is read."""
    position, rest, size = stream.seek(0, os.SEEK_END), b"", 1 << 14
    while position:
        size = min(2 * size, position)  # twice as much each time, so that a long line is no square of work
        position -= size
        stream.seek(position)
        rest = stream.read(size) + rest
        while (at := rest.rfind(b"\n", 0, len(rest) - 1)) >= 0:
            yield rest[at + 1 :]
            rest = rest[: at + 1]
    if rest:
        yield rest


def _is_torn(raw: bytes) -> bool:
    """Whether a line was not written to its end, or lost a page: JSON holds no NUL."""
    if b"\0" in raw:
        return True
    return not raw.endswith(b"\n") and not _is_line(raw)


def _is_line(raw: bytes) -> bool:
    try:
        _LINE.validate_json(raw, strict=True)
    except ValidationError:
        return False
    return True


_LOST_PAGE = "NUL bytes, as a crash of the machine leaves them, with whole lines after them"
_FOREIGN = "this is no episode of Ludometer; take it out of the run folder"
_DAMAGED = "the file was damaged or changed; put back a copy, or move it away to have the episode played anew"
_BEGINNING = b'{"kind":"header",'
_PACKED = {b"\x1f\x8b": "gzip", b"PK": "zip", b"BZ": "bzip2", b"\xfd7": "xz", b"(\xb5": "zstd"}


def _check_torn_header(path: Path, raw: bytes) -> None:
    """Refuse a torn first line that cannot be what is left of a header: it is somebody else's file."""
    _check_schema(path, _schema_of(raw))
    kept = raw.rstrip(b"\0\n")
    if b"\0" in kept or not (kept.startswith(_BEGINNING) or _BEGINNING.startswith(kept)):
        raise _refusal(path, 1, "this is not the beginning of an episode")


def _check_beginning(path: Path, stream: BinaryIO) -> None:
    """Refuse what is no JSON before a line of it is looked for: it may have none."""
    first = stream.read(2)
    stream.seek(0)
    if packing := _PACKED.get(first):
        raise _refusal(path, 1, f"packed with {packing}, and not an episode as it stands")
    if first[:1] not in (b"", b"\0", b"{"):
        raise _refusal(path, 1, "not JSON")


def _header(path: Path, raw: bytes) -> Header:
    line = _parse(path, 1, raw)
    if not isinstance(line, Header):
        raise _refusal(path, 1, _Seen().fault(line))
    return line


def _parse(path: Path, number: int | None, raw: bytes) -> Line:
    """Read a line. `number` is None for the last line of a file, which nobody counted."""
    try:
        line = _LINE.validate_json(raw, strict=True)
    except ValidationError as error:
        _check_schema(path, _schema_of(raw))
        raise _refusal(path, number, _why(error)) from None
    if isinstance(line, Header):
        _check_schema(path, line.schema_version)
    return line


def _check_schema(path: Path, version: int) -> None:
    if version > SCHEMA:
        raise InputError(f"{path}: written by a newer Ludometer (schema {version}); upgrade to read it")


def _schema_of(raw: bytes) -> int:
    """The version that a line says it is of, 0 where it says none: a newer one may have fields of its own."""
    try:
        version = json.loads(raw)["schema_version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0
    return version if isinstance(version, int) else 0


def _refusal(path: Path, number: int | None, fault: str) -> InputError:
    where = "the last line" if number is None else f"line {number}"
    advice = _FOREIGN if number == 1 else _DAMAGED
    return InputError(f"{path}, {where}: {fault}; {advice}")


def _why(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    if detail["type"] == "json_invalid":
        return "not JSON"
    if detail["type"].startswith("union_tag") or not detail["loc"]:
        return f"no kind of line that an episode has ({', '.join(_KINDS)})"
    # Names of fields are the file's own: what steers a terminal or breaks the line is not passed on.
    where = ".".join(map(str, detail["loc"])).encode("unicode_escape").decode()
    return f"{where[:100]}: {detail['msg']}"


def to_json(line: BaseModel) -> bytes:
    """One line of JSON in UTF-8. Keys are taken out; a lone surrogate becomes ``?``, since UTF-8 has none.

    What is no number (an infinite log-probability among a provider's details) becomes null.
    """
    try:
        text = line.model_dump_json()
    except PydanticSerializationError:  # it refuses surrogates
        data = line.model_dump(mode="json")
        return scrub(json.dumps(data, ensure_ascii=False, separators=(",", ":"))).encode("utf-8", "replace")
    return scrub(text).encode()


class EpisodeWriter:
    """Appends whole lines to one episode file. One writer a file."""

    def __init__(self, path: Path) -> None:
        self._appender = Appender(path)

    def write(self, line: Line) -> None:
        """Append one line, whole, and hand it to the operating system or the store.

        Raises:
            CannotWrite: it cannot be written; nothing of it stays in the file.
        """
        self._appender.append(to_json(line) + b"\n")

    async def awrite(self, line: Line) -> None:
        """The same from an event loop, which is not held up by a store behind a network."""
        await self._appender.aside(self.write, line)

    def close(self) -> None:
        """Close the file."""
        self._appender.close()

    def __enter__(self) -> EpisodeWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class RunRecord(_Line):
    """run.json: what is played. Written once, when the folder is made."""

    schema_version: int = Field(description="The version of this format.")
    config_hash: str = Field(description="Of the config; in the header of every episode too.")
    config: dict[str, Any] = Field(description="What is played, with every name and setting resolved.")
    versions: dict[str, str] = Field(description="Python and the packages that matter, as installed.")


def read_record(folder: Path) -> RunRecord:
    """The run.json of a run folder.

    Raises:
        InputError: the folder is not a run, or the file was changed.
    """
    path = _run_file(folder)
    with _opened(path) as stream:
        raw = stream.read()
    try:
        record = RunRecord.model_validate_json(raw, strict=True)
    except ValidationError as error:
        _check_schema(path, _schema_of(raw))
        raise InputError(f"{path}: {_why(error)}; the folder is not a run, or was changed") from None
    _check_schema(path, record.schema_version)
    return record


def _run_file(folder: Path) -> Path:
    if not (path := folder / "run.json").is_file():
        raise InputError(f"{folder} is not a run folder: it has no run.json")
    return path


def episode_files(folder: Path) -> list[Path]:
    """The episode files of a run folder, sorted.

    Raises:
        InputError: the folder is not a run.
    """
    _run_file(folder)
    return sorted((folder / "episodes").rglob("*.jsonl"))


def iter_run(folder: Path) -> Iterator[Episode]:
    """Every episode of a run folder, one at a time, in the order of their files.

    Raises:
        InputError: the folder is not a run (at once), or a file is not an episode (when it comes to it).
    """
    episodes = map(read_episode, episode_files(folder))
    return (episode for episode in episodes if episode is not None)


def read_run(folder: Path) -> list[Episode]:
    """Every episode of a run folder at once; `iter_run` needs no more memory than the largest.

    Raises:
        InputError: the folder is not a run, or a file is not an episode.
    """
    return list(iter_run(folder))
