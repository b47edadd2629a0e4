"""The last few turns only."""

from __future__ import annotations

from collections.abc import Sequence

from harness.api import Message, PastTurn, Turn
from harness.errors import InputError
from harness.histories._layout import Turns, earliest
from harness.histories._rendering import Rendering
from harness.histories._settings import TOKENS, check_budget


class WindowHistory:
    """The last `turns` turns in full, as far as `tokens` hold them. Slides, so a prefix cache hits little."""

    append_only = False

    def __init__(self, *, turns: int = 16, tokens: int = TOKENS, images: int = 1) -> None:
        if turns < 0:
            raise InputError(f"window(turns={turns}): the number of turns cannot be negative")
        check_budget("window", tokens)
        self._turns = turns
        self._tokens = tokens
        self._rendering = Rendering(changes=False, images=images)

    def messages(self, past: Sequence[PastTurn], turn: Turn) -> list[Message]:
        """Two messages for each of the last past turns, then the turn's observation."""
        turns: Turns = (*past, turn)
        start = earliest(self._rendering, turns, len(past), room=self._tokens, most=self._turns)
        return self._rendering.messages(past, turn, start)
