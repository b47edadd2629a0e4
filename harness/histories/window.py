"""The last few turns only."""

from __future__ import annotations

from collections.abc import Sequence

from harness.api import Message, PastTurn, Turn
from harness.errors import InputError
from harness.histories._messages import conversation


class WindowHistory:
    """The last `turns` turns in full. It slides by one each turn, so a prefix cache hits little."""

    append_only = False

    def __init__(self, *, turns: int = 16, images: int = 1) -> None:
        if turns < 0:
            raise InputError(f"window(turns={turns}): the number of turns cannot be negative")
        self._turns = turns
        self._images = images

    def messages(self, past: Sequence[PastTurn], turn: Turn) -> list[Message]:
        """Two messages for each of the last past turns, then the turn's observation."""
        kept = past[max(0, len(past) - self._turns) :]
        return conversation(kept, turn, images=self._images)
