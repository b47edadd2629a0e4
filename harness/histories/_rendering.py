"""Turns as messages, in full or as what changed, and what they cost in tokens."""

from __future__ import annotations

from collections.abc import Sequence

from harness.api import Message, PastTurn, Turn
from harness.errors import InputError
from harness.histories._delta import delta
from harness.histories._layout import Turns
from harness.histories._messages import assistant_message, observation_text, user_message

UNCHANGED = "(nothing changed)"


class Rendering:
    """How one history writes turns. `changes` shows only what changed since the turn before."""

    def __init__(self, *, changes: bool, images: int) -> None:
        if images < 0:
            raise InputError(f"images={images}: the number of pictures cannot be negative")
        self._changes = changes
        self._images = images

    def words(self, turns: Turns, at: int, *, whole: bool) -> str:
        """The words of an observation."""
        sections = turns[at].observation.sections
        full = observation_text(turns[at].observation)
        if whole or not self._changes or not sections:
            return full
        changes = delta(turns[at - 1].observation.sections, sections)
        if changes is None:
            return full
        told = "\n\n".join(change.words for change in changes) or UNCHANGED
        return told if len(told) < len(full) else full

    def shown(self, turns: Turns, at: int, *, whole: bool) -> int:
        """Tokens of the words of a turn's message."""
        seen = turns[at]
        notice = f"{seen.notice}\n\n" if seen.notice else ""
        return seen.meter.count(notice + self.words(turns, at, whole=whole))

    def said(self, turns: Turns, at: int) -> int:
        """Tokens of the answer of a past turn."""
        turn = turns[at]
        assert isinstance(turn, PastTurn)  # noqa: S101 - only the last is present
        return turn.meter.count(assistant_message(turn).text)

    def pictures(self, turns: Turns, at: int, start: int) -> int:
        """Tokens of the pictures that are shown at a turn."""
        kept = turns[max(start, at + 1 - self._images) : at + 1] if self._images else ()
        return round(sum(turn.observation.image is not None for turn in kept) * turns[at].meter.picture)

    def messages(
        self, past: Sequence[PastTurn], turn: Turn, start: int, *, before: str = ""
    ) -> list[Message]:
        """The conversation from a turn on; the last `images` observations keep their pictures.

        `before` is said ahead of the first observation.
        """
        turns: Turns = (*past, turn)
        messages: list[Message] = []
        for at in range(start, len(turns)):
            words = self.words(turns, at, whole=at == start)
            picture = at > len(past) - self._images
            first = before if at == start else ""
            messages.append(user_message(words, turns[at], picture=picture, before=first))
            if at < len(past):
                messages.append(assistant_message(past[at]))
        return messages
