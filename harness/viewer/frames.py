"""What was seen at each turn, by playing the episode again, as far as somebody looks."""

from __future__ import annotations

import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import cast, overload

from harness.errors import InputError
from harness.records import Episode, TurnRecord
from harness.replay import Moment, moments
from harness.viewer.lines import EpisodeFile

_BACK = 32
"""So many turns before the one that is asked for are kept too: who looks there soon goes back."""

_AHEAD = 128
"""From so many turns on it is quicker to begin anew than to draw all that lies between."""

_KEPT = 256


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation: its sections (name and words) and the PNG of its picture, where it has one."""

    sections: tuple[tuple[str, str], ...]
    picture: bytes | None


class Player:
    """One episode, played again bit by bit. One thread at a time plays; others wait for it."""

    def __init__(self, file: EpisodeFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._generation = self._file.generation
        self._seen: OrderedDict[int, Seen] = OrderedDict()
        self._played: Generator[Moment] | None = None
        self._first = 0  # the first turn that is looked at
        self._next = 0  # the turn that is played next

    def seen(self, turn: int, seconds: float) -> Seen | None:
        """What was seen at a turn (after the last one: at the end); None where playing takes longer.

        What was played until then is kept, so that asking again goes on from there.

        Raises:
            InputError: the episode cannot be played again.
        """
        deadline = time.monotonic() + seconds
        if not self._lock.acquire(timeout=seconds):
            return None
        try:
            if self._generation != self._file.generation:
                self._stop()
                self._forget()
            if turn not in self._seen and not self._play(turn, deadline):
                return None
            self._seen.move_to_end(turn)
            return self._seen[turn]
        finally:
            self._lock.release()

    def close(self) -> None:
        """Free the engine."""
        with self._lock:
            self._stop()

    @property
    def reached(self) -> int:
        """The turn that is played next."""
        return self._next

    def _stop(self) -> None:
        if self._played is not None:
            self._played.close()
        self._played = None

    def _play(self, turn: int, deadline: float) -> bool:
        if self._played is None or not 0 <= turn - max(self._next, self._first) <= _AHEAD:
            self._begin(turn)
        while self._played is not None and self._next <= turn:
            if time.monotonic() > deadline:
                return False
            self._advance(self._played)
        return turn in self._seen

    def _begin(self, turn: int) -> None:
        self._stop()
        self._first, self._next = max(0, turn - _BACK), 0
        self._played = moments(
            _light(self._file), observe=_observed(self._file), turns=range(self._first, sys.maxsize)
        )

    def _advance(self, played: Generator[Moment]) -> None:
        try:
            moment = next(played)
        except Exception as error:
            self._stop()
            if isinstance(error, InputError):
                raise
            raise InputError(f"the game failed: {type(error).__name__}: {error}") from error
        if moment.number:
            return
        at = self._next if moment.turn is None else moment.turn.index
        self._next = at + 1
        if at >= self._first:
            self._keep(at, moment)
        if moment.turn is None:
            self._stop()

    def _keep(self, at: int, moment: Moment) -> None:
        from harness.world import png

        observation = moment.frame.observation
        sections = tuple((section.name, section.text) for section in observation.sections)
        self._seen[at] = Seen(sections, None if observation.image is None else png(observation.image))
        while len(self._seen) > _KEPT:
            self._seen.popitem(last=False)


def _observed(file: EpisodeFile) -> str:
    from harness import tasks

    info = tasks.info(file.header.task)
    return "both" if info.text and info.image else "image" if info.image else "text"


def _light(file: EpisodeFile) -> Episode:
    """The episode for playing it again: its turns are read when they come."""
    turns = cast("list[TurnRecord]", _Turns(file))
    return Episode.model_construct(
        path=file.path, header=file.header, start=file.start, turns=turns, failures=[], end=file.end
    )


class _Turns(Sequence[TurnRecord]):
    def __init__(self, file: EpisodeFile) -> None:
        self._file = file

    def __len__(self) -> int:
        return len(self._file.turns)

    @overload
    def __getitem__(self, at: int) -> TurnRecord: ...
    @overload
    def __getitem__(self, at: slice) -> list[TurnRecord]: ...
    def __getitem__(self, at: int | slice) -> TurnRecord | list[TurnRecord]:
        if isinstance(at, slice):
            return [self._file.turn(number) for number in range(len(self))[at]]
        return self._file.turn(at)
