"""What the pages show, as plain values for the templates."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from harness.errors import InputError
from harness.records import CallRecord, End, Failure, MessageRecord, ObservationRecord, TurnRecord
from harness.viewer.frames import Player, Seen
from harness.viewer.index import Row, RunIndex
from harness.viewer.lines import EpisodeFile
from harness.viewer.words import LONGEST, Block

PATIENCE = 0.5
"""Seconds that a page waits for the game to be played again; after that it comes without what was seen."""

LONG_PATIENCE = 20.0
"""Seconds that a picture, or what a page asks for later, waits."""

_PAGE = 1_000_000
"""Characters of all messages of a request together that a page shows."""

_ACTED = ("ok", "repaired")


@dataclass(frozen=True, slots=True)
class Open:
    """An episode that somebody looks at."""

    run: RunIndex
    row: Row
    file: EpisodeFile
    player: Player

    @property
    def key(self) -> str:
        """Names it among all runs: ``0:1f…``."""
        return f"{self.run.number}:{self.row.id}"

    def address(self, page: str = "", **query: object) -> str:
        """The address of one of its pages."""
        text = urlencode({name: value for name, value in query.items() if value is not None})
        return f"/run/{self.run.number}/episode/{self.row.id}{page}" + (f"?{text}" if text else "")


@dataclass(frozen=True, slots=True)
class Call:
    """One completion, and the messages that its request added to the one before."""

    number: int
    record: CallRecord
    kept: int
    added: Sequence[Block]
    answers: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen: texts, the names of those that are gone, whether there is a picture.

    `waiting`: the game is still being played up to here. `why`: it cannot be.
    """

    sections: Sequence[Block] = ()
    gone: Sequence[str] = ()
    picture: bool = False
    waiting: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """An episode at a turn; at `last`, which comes after the last turn, nothing was done any more."""

    opened: Open
    number: int
    last: int
    sight: Sight
    turn: TurnRecord | None
    calls: Sequence[Call]
    notes: Sequence[Block]
    failures: Sequence[Failure]
    end: End | None
    progress: float
    total: float
    lost: Sequence[int]

    def at(self, number: int) -> str:
        """The address of another turn."""
        return self.opened.address(turn=min(max(number, 0), self.last))

    def whole(self, block: Block) -> str:
        """The address of all of a text."""
        return self.opened.address("/text", turn=self.number, part=block.part)

    def blocks(self) -> Iterator[Block]:
        """Every text on the page."""
        yield from self.sight.sections
        for call in self.calls:
            yield from (*call.added, *call.answers)
        yield from self.notes


def clamp(asked: str, last: int) -> int:
    """The turn that an address names: a number, or ``last``; for one that is not there the nearest.

    Raises:
        ValueError: it is neither.
    """
    return last if asked == "last" else min(max(int(asked or 0), 0), last)


def position(opened: Open, asked: str, *, patience: float = PATIENCE) -> Position:
    """An episode at the turn that an address names.

    Args:
        opened: the episode.
        asked: the turn.
        patience: seconds to wait for what was seen there; without it the page says so.

    Raises:
        ValueError: the address names no turn.
        InputError: the file was changed.
    """
    file = opened.file
    last = len(file.turns)
    number = clamp(asked, last)
    turn = file.turn(number) if number < last else None
    progress, total = file.standing(number)
    return Position(
        opened,
        number,
        last,
        sight=_sight(opened, number, patience),
        turn=turn,
        calls=_calls(file, number),
        notes=_notes(file, turn),
        failures=[failure for failure in file.failures if failure.turn == number],
        end=file.end if turn is None else None,
        progress=progress,
        total=total,
        lost=[at for at, glance in enumerate(file.turns) if glance.outcome not in _ACTED],
    )


def _sight(opened: Open, number: int, patience: float) -> Sight:
    """What was seen at a turn, compared with the turn before; what was recorded where playing fails."""
    deadline = time.monotonic() + patience
    try:
        seen = opened.player.seen(number, patience)
        before = opened.player.seen(number - 1, max(0.0, deadline - time.monotonic())) if number else None
    except InputError as error:
        return replace(_recorded(opened.file, number), why=str(error))
    if seen is None:
        return replace(_recorded(opened.file, number), waiting=True)
    sections = _sections(seen.sections, before.sections if before else None)
    return Sight(sections, _gone(seen, before), picture=seen.picture is not None)


def _recorded(file: EpisodeFile, number: int) -> Sight:
    """What the file itself holds of what was seen: the first and the last observation at least."""
    record: ObservationRecord | None = None
    if number == 0:
        record = file.start.observation if file.start else None
    elif number == len(file.turns) and file.end is not None:
        record = file.end.observation
    else:
        record = file.turn(number - 1).observation
    return Sight(_sections([(s.name, s.text) for s in record.sections], None) if record else ())


def _sections(now: Sequence[tuple[str, str]], before: Sequence[tuple[str, str]] | None) -> list[Block]:
    old = None if before is None else dict(before)
    return [
        Block(f"seen.{number}", name, text, None if old is None else old.get(name, ""))
        for number, (name, text) in enumerate(now)
    ]


def _gone(seen: Seen, before: Seen | None) -> list[str]:
    names = {name for name, _ in seen.sections}
    return [name for name, _ in before.sections if name not in names] if before else []


def _calls(file: EpisodeFile, number: int) -> list[Call]:
    """The completions of a turn; after the last one, those of what is handed on."""
    if number < len(file.turns):
        records, asked = file.turn(number).calls, file.turns[number].asked
    else:
        memory = file.memory()
        records, asked = (memory.calls if memory else ()), file.memory_asked
    return [
        _call(place, record, file.kept(at))
        for place, (record, at) in enumerate(zip(records, asked, strict=True))
    ]


def _call(number: int, record: CallRecord, kept: int) -> Call:
    answers = [Block(f"answer.{number}", "answer", record.text)]
    if record.reasoning:
        answers.insert(0, Block(f"reasoning.{number}", "reasoning", record.reasoning))
    return Call(number, record, kept, messages(number, record.request.add, kept), answers)


def messages(call: int, records: Sequence[MessageRecord], first: int = 0) -> list[Block]:
    """Messages as texts, numbered from `first` on; pictures in them by their hash."""
    limit = max(200, min(LONGEST, _PAGE // max(1, len(records))))
    return [
        Block(f"message.{call}.{number}", record.role, _said(record), limit=limit)
        for number, record in enumerate(records, first)
    ]


def _said(record: MessageRecord) -> str:
    parts = (part.get("text", f"[picture {part.get('image', '')[:12]}]") for part in record.parts)
    return "\n".join(parts)


def _notes(file: EpisodeFile, turn: TurnRecord | None) -> list[Block]:
    """What the agent noted for its later turns or, after the last one, for its next trials."""
    if turn is not None:
        return [Block("memo", "noted by the agent", _json(turn.decision.memo))] if turn.decision.memo else []
    memory = file.memory()
    return [Block("memory", "taken along to the next trials", _json(memory.content))] if memory else []


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def asked_of(opened: Open, number: int, call: int) -> list[Block]:
    """The whole request of a call, the messages that it repeats included.

    Raises:
        IndexError: there is no such turn or call.
        InputError: the file was changed.
    """
    file = opened.file
    asked = file.turns[number].asked if number < len(file.turns) else file.memory_asked
    return messages(call, file.request(asked[call]))


def text_of(opened: Open, asked: str, part: str) -> str:
    """The whole of a text on a page, by the name of its part.

    Raises:
        KeyError: the page has no such part.
        ValueError: the address names no turn.
        InputError: the file was changed.
    """
    number = clamp(asked, len(opened.file.turns))
    if part.startswith("message."):
        call = part.split(".")[1]
        blocks = asked_of(opened, number, int(call)) if call.isdecimal() else []
    elif part == "instructions":
        blocks = [instructions(opened.file)]
    else:
        blocks = list(position(opened, asked, patience=LONG_PATIENCE).blocks())
    return {block.part: block.text for block in blocks}[part]


def instructions(file: EpisodeFile) -> Block:
    """What the task was said to be."""
    return Block("instructions", "instructions", file.start.instructions if file.start else "")
