"""Everything that was seen and answered, as far as it fits."""

from __future__ import annotations

from collections.abc import Sequence

from harness.api import Message, PastTurn, Turn
from harness.histories._layout import Blocks
from harness.histories._rendering import Rendering
from harness.histories._settings import KEEP, TOKENS, check_budget


class FullHistory:
    """All turns in full, up to `tokens`; then the older ones are dropped in one block (append-only).

    Settings: `tokens`, the most that the conversation may have, instructions not counted; `keep`, the
    share of them that is kept when older turns are dropped; `images`, how many of the last observations
    keep their pictures.
    """

    append_only = True

    def __init__(self, *, tokens: int = TOKENS, keep: float = KEEP, images: int = 1) -> None:
        check_budget("full", tokens, keep)
        self._rendering = Rendering(changes=False, images=images)
        self._blocks = Blocks(self._rendering, tokens=tokens, keep=keep)

    def messages(self, past: Sequence[PastTurn], turn: Turn) -> list[Message]:
        """Two messages for every turn that is kept, then the turn's observation."""
        return self._rendering.messages(past, turn, self._blocks.of(past, turn)[-1].start)
