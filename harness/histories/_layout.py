"""Which past turns a request shows: two layouts, shared by the histories.

`Blocks` only ever appends. Where the next message would break the budget, the conversation begins anew at a
later turn, chosen so that what is kept fills at most a share of the budget; until then every request begins
with the one before it, and a server's prefix cache hits all of that. `sliding` keeps as many of the newest
turns as fit, so its beginning moves at nearly every turn once the budget is full.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.api import PastTurn, Turn

Turns = Sequence[PastTurn | Turn]
"""The past turns and the present one, which has no answer yet."""


class Costs(Protocol):
    """What turns cost in tokens."""

    def shown(self, turns: Turns, at: int, *, whole: bool) -> int:
        """What the user's message of a turn costs; `whole` where it begins the conversation."""
        ...

    def said(self, turns: Turns, at: int) -> int:
        """What the answer of a past turn costs."""
        ...

    def pictures(self, turns: Turns, at: int, start: int) -> int:
        """What the pictures cost that are shown at turn `at` of a conversation that begins at `start`."""
        ...


@dataclass(frozen=True, slots=True)
class Block:
    """A conversation that begins with turn `start`, as was decided at turn `since`."""

    start: int
    since: int


class Blocks:
    """The blocks of one episode, decided turn by turn from what was known then, so that none changes."""

    def __init__(self, costs: Costs, *, tokens: int, keep: float) -> None:
        self._costs = costs
        self._tokens = tokens
        self._room = int(tokens * keep)
        self._clear()

    def _clear(self) -> None:
        self._found = [Block(0, 0)]
        self._size = 0  # of the past turns from the last block's start on
        self._last: PastTurn | None = None
        self._done = 0

    def of(self, past: Sequence[PastTurn], turn: Turn) -> list[Block]:
        """The blocks up to the present turn, which the last one shows."""
        turns: Turns = (*past, turn)
        # Only what is new is walked; a turn that is not the very one of before means another episode.
        if self._done > len(past) or (self._done and past[self._done - 1] is not self._last):
            self._clear()
        while self._done < len(past):
            at = self._done
            if (block := self._at(turns, at)) is not self._found[-1]:
                self._found.append(block)
                self._size = sum(self._cost(turns, old, block.start) for old in range(block.start, at))
            self._size += self._cost(turns, at, block.start)
            self._last, self._done = past[at], at + 1
        # The present turn is decided again, the same way, once it is past.
        block = self._at(turns, len(past))
        return [*self._found] if block is self._found[-1] else [*self._found, block]

    def _at(self, turns: Turns, at: int) -> Block:
        """The block that shows a turn: the last one, or a new one where that would break the budget."""
        last, costs = self._found[-1], self._costs
        if at == last.start:
            return last
        size = self._size + costs.shown(turns, at, whole=False) + costs.pictures(turns, at, last.start)
        if size <= self._tokens:
            return last
        return Block(earliest(costs, turns, at, room=self._room), at)

    def _cost(self, turns: Turns, at: int, start: int) -> int:
        """What a past turn costs in a conversation that begins at `start`."""
        return self._costs.shown(turns, at, whole=at == start) + self._costs.said(turns, at)


def earliest(costs: Costs, turns: Turns, at: int, *, room: int, most: int | None = None) -> int:
    """The first of at most `most` past turns from which all up to turn `at` fits into `room` tokens.

    The turn itself where nothing fits, be it too long as well: what is observed now is always shown.
    """
    best = at
    tail = costs.shown(turns, at, whole=False)
    for start in range(at - 1, max(-1, at - 1 - (at if most is None else most)), -1):
        said = costs.said(turns, start)
        size = costs.shown(turns, start, whole=True) + said + tail
        if size + costs.pictures(turns, at, start) > room:
            break
        best = start
        tail += costs.shown(turns, start, whole=False) + said
    return best
