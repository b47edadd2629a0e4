"""Everything that was seen and answered, from the first turn on."""

from __future__ import annotations

from collections.abc import Sequence

from harness.api import Message, PastTurn, Turn
from harness.histories._messages import conversation


class FullHistory:
    """All turns in full. Append-only, as long as pictures are not dropped."""

    append_only = True

    def __init__(self, *, images: int = 1) -> None:
        self._images = images

    def messages(self, past: Sequence[PastTurn], turn: Turn) -> list[Message]:
        """Two messages for every past turn, then the turn's observation."""
        return conversation(past, turn, images=self._images)
