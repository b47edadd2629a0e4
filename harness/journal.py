"""The answers of a turn that is not over: kept beside the episode, so that none is asked for twice.

A turn is written into its episode when it is over. Its answers have been paid for before: each goes into
``NNNN.calls`` the moment it is here, and is taken from there when the turn is played again after an
interruption. Once the turn is written the journal is emptied, and it goes when the episode ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.records import CallRecord, to_json
from harness.storage import Appender


class Kept(BaseModel):
    """One answer. `request` is the hash of what was asked; the call's own request is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    turn: int
    call: int
    request: str
    waited: float
    answer: CallRecord


class Journal:
    """The answers of one episode's turn under way."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._appender: Appender | None = None
        self._kept = {(kept.turn, kept.call): kept for kept in read(path)}
        self._used = bool(self._kept)

    def find(self, turn: int, call: int, request: str) -> Kept | None:
        """The answer to a question that was asked before; None where another one was asked."""
        kept = self._kept.get((turn, call))
        return kept if kept is not None and kept.request == request else None

    async def keep(self, kept: Kept) -> None:
        """Write an answer down.

        Raises:
            CannotWrite: there is no room for it.
        """
        self._used = True
        appender = self._opened()
        await appender.aside(appender.append, to_json(kept) + b"\n")

    async def clear(self) -> None:
        """The turn is in the episode: its answers are not needed here any more."""
        self._kept.clear()
        if self._used:
            appender = self._opened()
            await appender.aside(appender.clear)
            self._used = False

    def _opened(self) -> Appender:
        if self._appender is None:
            self._appender = Appender(self._path)
        return self._appender

    def close(self) -> None:
        """Close the file; an empty one goes."""
        if self._appender is not None:
            self._appender.close()
        if not self._used:
            self._path.unlink(missing_ok=True)


def journal_of(episode: Path) -> Path:
    """Where the journal of an episode's file is."""
    return episode.with_suffix(".calls")


def read(path: Path) -> Iterator[Kept]:
    """The answers that a journal holds; a torn line is none."""
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return
    for line in lines:
        try:
            if line.endswith(b"\n"):
                yield Kept.model_validate_json(line)
        except ValidationError:
            continue
