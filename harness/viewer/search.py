"""Words looked for in what models wrote."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from harness.viewer.index import Row

_AROUND = 80


class _Call(BaseModel):
    text: str
    reasoning: str = ""


class _Said(BaseModel):
    kind: str
    index: int = 0
    calls: list[_Call] = []


@dataclass(frozen=True, slots=True)
class Hit:
    """Where the words stand first in an episode: the turn (None: after the last one) and what is around."""

    row: Row
    turn: int | None
    before: str
    words: str
    after: str


@dataclass(frozen=True, slots=True)
class Found:
    """The episodes that hold the words, of the first `searched` of those that were to be searched."""

    hits: list[Hit]
    searched: int


def search(rows: Sequence[Row], words: str, *, seconds: float, most: int) -> Found:
    """Look for words in the answers and the reasoning of episodes, whatever their case.

    It ends after so many seconds or hits; `Found.searched` says how far it came.
    """
    deadline = time.monotonic() + seconds
    hits: list[Hit] = []
    for number, row in enumerate(rows):
        if len(hits) >= most or (number and time.monotonic() > deadline):
            return Found(hits, number)
        hits += [hit for hit in [_first(row, words)] if hit is not None]
    return Found(hits, len(rows))


def _first(row: Row, words: str) -> Hit | None:
    try:
        return next(_hits(row, words), None)
    except (OSError, ValidationError):
        return None  # its own page says what is wrong with the file


def _hits(row: Row, words: str) -> Iterator[Hit]:
    for raw in _lines(row.path, words):
        said = _Said.model_validate_json(raw)
        for text in (text for call in said.calls for text in (call.reasoning, call.text)):
            at = text.lower().find(words.lower())
            if at >= 0:
                end = at + len(words)
                turn = said.index if said.kind == "turn" else None
                yield Hit(row, turn, text[max(0, at - _AROUND) : at], text[at:end], text[end : end + _AROUND])


def _lines(path: Path, words: str) -> Iterator[bytes]:
    """The lines that may hold the words: most files and lines can be passed over unread.

    JSON has one spelling for most characters of ASCII, so what is not in the bytes is not in the text.
    """
    raw = path.read_bytes()
    spelled = json.dumps(words)[1:-1].lower().encode() if words.isascii() else b""
    if spelled not in raw.lower():
        return
    for line in raw.splitlines():
        if line.endswith(b"}") and b"\0" not in line and spelled in line.lower():
            yield line
