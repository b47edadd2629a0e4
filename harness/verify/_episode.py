"""One episode checked, line by line: its steps executed again, its books added up again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.convert import progress_record, step_record
from harness.errors import InputError
from harness.plan import EpisodeSpec
from harness.records import SCHEMA, CallRecord, Ending, Status, TornLine
from harness.verify._books import Books, odd, same_number
from harness.verify._evidence import Checked, Difference, difference, differing
from harness.verify._execution import Execution, Played
from harness.verify._lines import Plain, plain, plain_lines
from harness.verify._planned import Planned
from harness.verify._versions import others_than
from harness.verify._worlds import Worlds

_MOST = 5
"""Differences of an episode that are told one by one."""

_BATCH = 64
"""Turns that are executed and looked at together."""

_FAILURES = ("api_error", "timeout", "env_error")
_BOOKS_ONLY = "not deterministic, so only its books were checked"


def check_episode(file: Path, name: str, planned: Planned, worlds: Worlds) -> Checked:
    """Check a file that stands where the episode called `name` belongs.

    A world that was played in before, in the quick way, gives the same as a new one. What differs is looked
    at once more in a new one, in the careful way.
    """
    spec = planned.specs.get(name)
    if spec is None:
        return _stranger(file, name, planned)
    if not spec.info.deterministic:
        return _Check(spec, planned, None, note=_BOOKS_ONLY).of(file)
    asks = bool(getattr(spec.entrant.factory, "needs_oracle", False))
    try:
        checked = _Check(spec, planned, Execution(worlds.get(spec))).of(file)
        if checked.differences:
            careful = Execution(worlds.fresh(spec), careful=True, asks_oracle=asks)
            checked = _Check(spec, planned, careful).of(file)
        return checked
    except Exception as error:  # whatever an engine that cannot be built raises
        return _Check(spec, planned, None, unchecked=f"not executed again: {error}").of(file)


def _stranger(file: Path, name: str, planned: Planned) -> Checked:
    """A file of an episode that is not in the plan: one too many, or of an agent that is not here."""
    try:
        header = next(plain_lines(file), None)
    except InputError as error:
        return Checked(name, "unreadable", differences=(Difference("file", str(error)),))
    if header is None:
        return Checked(name, str(Status.UNFINISHED), note="nothing is written yet")
    entrant = f"{header.get('resolved')} @ {header.get('model')}"
    if entrant in planned.unknown:
        return Checked(name, "unknown", unchecked=planned.unknown[entrant])
    return Checked(name, "unknown", differences=(Difference("file", "run.json asks for no such episode"),))


def _batches(lines: Iterator[Plain]) -> Iterator[tuple[list[Plain], Plain | None]]:
    """The turns that follow one another, up to so many, and the other line after them, where there is one."""
    turns: list[Plain] = []
    try:
        for line in lines:
            if line["kind"] != "turn":
                yield turns, line
                turns = []
                continue
            turns.append(line)
            if len(turns) == _BATCH or line["observation"] is not None:
                yield turns, None
                turns = []
    except InputError:  # what stands before a line that cannot be read is looked at all the same
        yield turns, None
        raise
    yield turns, None


class _Broken(Exception):
    """What follows in the file cannot be looked at."""


class _Check:
    """An episode under check; without an execution only its books are."""

    def __init__(
        self,
        spec: EpisodeSpec,
        planned: Planned,
        execution: Execution | None,
        *,
        unchecked: str = "",
        note: str = "",
    ) -> None:
        self._spec = spec
        self._planned = planned
        self._execution = execution
        self._unchecked = unchecked
        self._notes = [note] if note else []
        self._learns = bool(getattr(spec.entrant.factory, "trials", False))
        self._books = Books(spec.limits)
        self._seen: Plain | None = None  # what was recorded as observed last
        self._header: Plain | None = None
        self._started = self._remembered = self._ended = False
        self._failed = ""  # at the turn after the last one
        self._where: str | int = "file"  # or the number of a turn
        self._found: list[Difference] = []
        self._more = 0

    def of(self, file: Path) -> Checked:
        """Check every line of a file."""
        readable = True
        checks: Mapping[str, Callable[[Plain], None]] = {
            "header": self._head,
            "start": self._start,
            "memory": self._memory,
            "failure": self._failure,
            "end": self._end,
        }
        try:
            for turns, line in _batches(plain_lines(file)):
                if turns:
                    self._turns(turns)
                if line is not None:
                    checks[line["kind"]](line)
        except TornLine:
            self._notes.append("its last line is torn")
        except (InputError, _Broken) as error:
            readable, self._where = False, "file"
            self._tell(str(error))
        return Checked(
            episode=self._spec.id,
            status=self._status() if readable else "unreadable",
            turns=self._books.turns,
            steps=self._books.steps,
            executed=self._execution is not None,
            differences=tuple(self._found),
            more=self._more,
            unchecked=self._unchecked,
            note="; ".join(filter(None, [self._failed, *self._notes, *self._versions()])),
        )

    def _status(self) -> str:
        if self._ended:
            return str(Status.DONE)
        return str(Status.FAILED if self._failed else Status.UNFINISHED)

    def _versions(self) -> Iterator[str]:
        """Other versions of games than were played, where that may be the reason for a difference."""
        if self._found and self._header is not None and (told := others_than(self._header["versions"])):
            yield told

    # ---------------------------------------------------------------------------------- telling

    def _tell(self, what: str, *values: Any) -> None:
        """Note a difference, of two values where there are any."""
        turn = self._where if isinstance(self._where, int) else None
        where = str(self._where) if turn is None else f"turn {turn}"
        if len(self._found) == _MOST:
            self._more += 1
        elif values:
            recorded, now = values
            self._found.append(difference(where, what, recorded, now, turn))
        else:
            self._found.append(Difference(where, what, turn=turn))

    def _compare(self, recorded: Any, now: Any, path: str = "") -> None:
        for what, before, after in differing(recorded, now, path):
            self._tell(what, before, after)

    def _refuse(self, what: str, *, started: bool = False) -> None:
        """Refuse what stands before the header, after the end, or (with `started`) before the start."""
        if self._header is None:
            raise _Broken("no header; the file is not an episode")
        if self._ended:
            raise _Broken(f"{what} after the end; the file was changed")
        if started and not self._started:
            raise _Broken(f"{what} before the start; the file was changed")

    # --------------------------------------------------------------------- before and after turns

    def _head(self, line: Plain) -> None:
        if self._header is not None:
            raise _Broken("a second header; the file is not one episode")
        if line["schema_version"] > SCHEMA:
            raise _Broken(
                f"written by a newer Ludometer (schema {line['schema_version']}); upgrade to read it"
            )
        self._header, self._where = line, "header"
        for name, value in self._planned_header(line).items():
            if line[name] != value:
                self._tell(name, line[name], value)
        if line["task"] != self._spec.task:
            self._stop("another task than planned, so its steps were not executed")
        elif not line["deterministic"]:
            self._stop(_BOOKS_ONLY)

    def _planned_header(self, line: Plain) -> dict[str, Any]:
        spec, planned = self._spec, self._planned
        now: dict[str, Any] = {
            "episode": spec.id,
            "suite": planned.suite,
            "suite_version": planned.suite_version,
            "task": spec.task,
            "index": spec.index,
            "seed": spec.seed,
            "agent": spec.entrant.short,
            "model": spec.entrant.model,
            "config_hash": planned.digest,
        }
        spelled = planned.entrants[spec.entrant.label]
        if f"{line['resolved']} @ {line['model']}" != spelled:
            now["resolved"] = spelled.removesuffix(f" @ {spec.entrant.model}")
        if line["schema_version"] > 1:
            now |= {"series": spec.series, "deterministic": spec.info.deterministic}
        if line["schema_version"] > 2 or spec.clock.runs:
            now["time"] = str(spec.clock)
        return now

    def _start(self, line: Plain) -> None:
        self._refuse("a start")
        if self._started:
            raise _Broken("a second start; the file is not one episode")
        self._started, self._where = True, "start"
        books, header = self._books, self._header
        books.max_steps, books.progress, self._seen = line["max_steps"], line["progress"], line["observation"]
        if self._execution is not None and header is not None:
            now = self._execution.begin(header["seed"], self._spec.clock.options())
            if now is None:
                self._give_up()
            else:
                books.max_steps = now.max_steps
                self._compare(line, plain(now))

    def _memory(self, line: Plain) -> None:
        self._refuse("a memory", started=True)
        self._where = "memory"
        if not self._learns:
            self._tell("this agent takes none along")
        if self._remembered:
            self._tell("a second memory")
        if not self._books.ended():
            self._tell("learned before the episode was over")
        self._remembered, self._failed = True, ""
        self._calls(line["calls"])

    def _failure(self, line: Plain) -> None:
        self._refuse("a failure")
        self._where = "failure"
        if line["turn"] != self._books.turns:
            self._tell("turn", line["turn"], self._books.turns)
        if line["outcome"] not in _FAILURES:
            self._tell("outcome", line["outcome"], " or ".join(_FAILURES))
        self._failed = f"failed at turn {self._books.turns}: {line['outcome']}: {line['message']}"

    def _end(self, line: Plain) -> None:
        self._refuse("an end", started=True)
        self._ended, self._failed, self._where = True, "", "end"
        books = self._books
        if not books.ended():
            self._tell("neither the game nor a limit ended it")
        if self._learns and not self._remembered:
            self._tell("nothing was learned from it")
        now = {
            "ending": str(Ending.TERMINATED if books.terminated else Ending.TRUNCATED),
            "limit": None if books.terminated else books.limit() or "steps",
            "progress": self._progress(),
            "steps": books.steps,
            "turns": books.turns,
            "usage": books.tokens,
            "observation": self._look() or self._seen,
        }
        for name, value in now.items():
            self._compare(line[name], value, name)
        for name in ("episode_return", "cost", "seconds"):
            if not same_number(line[name], getattr(books, name)):
                self._tell(name, line[name], getattr(books, name))

    def _progress(self) -> Plain:
        """The progress after the last step."""
        if self._execution is None or self._execution.frame is None:
            return self._books.progress
        return plain(progress_record(self._execution.frame.progress))

    def _look(self) -> Plain | None:
        """What is observed now, where the steps were executed."""
        if self._execution is None:
            return None
        if (record := self._execution.look()) is None:
            self._give_up()
            return None
        return plain(record)

    def _give_up(self) -> None:
        """Tell what the game did not take, and execute nothing further."""
        if self._execution is not None:
            self._tell(self._execution.trouble)
            self._stop("executed up to there only")

    def _stop(self, note: str) -> None:
        if self._execution is not None:
            self._execution = None
            self._notes.append(note)

    # ------------------------------------------------------------------------------------ turns

    def _turns(self, turns: Sequence[Plain]) -> None:
        """Some turns that follow one another: executed together, then looked at together.

        Going back and forth between the game and its records at every step takes longer.
        """
        self._refuse("a turn", started=True)
        if self._remembered:
            raise _Broken("a turn after the memory; the file was changed")
        played = iter(self._execution.play(turns) if self._execution is not None else ())
        for turn in turns:
            self._turn(turn, played)

    def _turn(self, line: Plain, played: Iterator[Played]) -> None:
        books, steps, calls = self._books, line["steps"], line["calls"]
        self._where = books.turns
        if line["index"] != books.turns:
            self._tell("index", line["index"], books.turns)
        if ended := books.ended():
            self._tell(f"a turn after {ended if ended == 'the game' else f'the limit of {ended}'} ended it")
        if line["notice"] != books.notice:
            self._tell("notice", line["notice"], books.notice)
        reward = self._thinking(line, played)
        for number, step in enumerate(steps):
            reward += self._step(f"steps.{number}", step, next(played, None))
        books.steps += len(steps)
        for what, recorded, now in odd(line["decision"], steps, books):
            self._tell(what, recorded, now)
        self._failed = ""
        books.turn(line, reward)
        if calls or line["seconds_model"]:
            self._calls(calls)
            latency = sum([call["latency"] for call in calls])
            if not same_number(line["seconds_model"], latency):
                self._tell("seconds_model", line["seconds_model"], latency)
        if line["observation"] is not None:
            self._seen = line["observation"]
            self._compare(self._seen, self._look() or self._seen, "observation")

    def _thinking(self, line: Plain, played: Iterator[Played]) -> float:
        """Compare what went on while the player thought: its frames are those of the recorded latencies."""
        clock, thinking = self._spec.clock, line["thinking"]
        if (thinking is not None) != clock.runs:
            self._tell("thinking", thinking, f"time is {clock}")
        if thinking is None:
            return 0.0
        if self._execution is not None and clock.runs:
            calls = [CallRecord.model_validate(call) for call in line["calls"]]
            now = clock.frames(clock.thought(calls), self._execution.frame_rate)
            self._compare(thinking["frames"], now, "thinking.frames")
        return self._step("thinking", thinking, next(played, None))

    def _step(self, where: str, step: Plain, played: Played | None) -> float:
        """Compare a step with what it gives now; its reward."""
        books = self._books
        books.progress = recorded = step["progress"]
        if played is None:
            self._give_up()
            books.terminated, books.truncated = step["terminated"], step["truncated"]
            return float(step["reward"])
        frame, digest = played
        progress, reward = frame.progress, frame.reward
        books.terminated, books.truncated = frame.terminated, frame.truncated
        if not (
            digest == step["hash"]
            and reward == step["reward"]
            and frame.terminated == step["terminated"]
            and frame.truncated == step["truncated"]
            and progress.value == recorded["value"]
            and progress.parts == recorded["parts"]
        ):
            now = {**step, **plain(step_record(step["action"], frame)), "hash": digest}
            self._compare(step, now, where)
        return reward

    def _calls(self, calls: Sequence[Plain]) -> None:
        """Undo the deltas of requests and add up what their answers took."""
        books = self._books
        for number, call in enumerate(calls):
            asked = books.ask(call["request"])
            if asked is None:
                self._tell(f"calls.{number}.request.keep", call["request"]["keep"], "what there was")
            elif asked != (call["characters"], call["pictures"]):
                for name, now in zip(("characters", "pictures"), asked, strict=True):
                    self._compare(call[name], now, f"calls.{number}.{name}")
            if self._spec.entrant.model is None or call["model"]:
                self._whose(number, call["model"])
            books.pay(call)

    def _whose(self, number: int, model: str) -> None:
        """Look whether an answer is of a model that this agent may ask."""
        entrant = self._spec.entrant
        if entrant.model is None or model not in entrant.others:
            self._tell(f"calls.{number}.model", model, list(entrant.models))
