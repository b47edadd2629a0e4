"""The two ends of an episode file, read as quickly as a list of ten thousand needs it.

Only the plain case: a whole first line that is a header, and a whole last line that is an end. All else is
left to `harness.records.read_outline`, which takes longer and says in its own words what is wrong.
"""

from __future__ import annotations

import os
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.records import SCHEMA

_ONE_READ = 1 << 16
"""Bytes of a file that is read at once; of a longer one, its first and its last so many."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class Head(_Part):
    """What a list shows of a header."""

    kind: Literal["header"]
    schema_version: int = Field(le=SCHEMA)
    agent: str
    model: str | None = None
    task: str
    index: int
    seed: int

    @property
    def entrant(self) -> str:
        """Who played, as `harness.records.Header.entrant` says it."""
        return self.agent if self.model is None else f"{self.agent} @ {self.model}"


class _Progress(_Part):
    value: float


class Tail(_Part):
    """What a list shows of an end."""

    kind: Literal["end"]
    progress: _Progress
    turns: int


class Quick(NamedTuple):
    """An episode that is done."""

    head: Head
    tail: Tail


def quick_outline(path: str, size: int) -> Quick | None:
    """The outline of an episode that is done; None where it takes a closer look."""
    try:
        first, last = _ends(path, size)
    except OSError:
        return None
    if not last.startswith(b'{"kind":"end"') or b"\0" in first or b"\0" in last:
        return None
    try:
        return Quick(Head.model_validate_json(first), Tail.model_validate_json(last))
    except ValidationError:
        return None


def _ends(path: str, size: int) -> tuple[bytes, bytes]:
    """The first line, and the last one where it ends in a line feed; empty where longer than a read."""
    file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        start = os.read(file, _ONE_READ)
        rest = start
        if size > _ONE_READ:
            os.lseek(file, -_ONE_READ, os.SEEK_END)
            rest = os.read(file, _ONE_READ)
    finally:
        os.close(file)
    at = rest.rfind(b"\n", 0, -1)
    return start[: start.find(b"\n") + 1], rest[at + 1 :] if at >= 0 and rest.endswith(b"\n") else b""
