"""The newest turns in full, and what was before them in the model's own words."""

from __future__ import annotations

from collections.abc import Sequence

from harness.api import Message, PastTurn, Turn
from harness.errors import InputError
from harness.histories._layout import Block, Blocks
from harness.histories._rendering import Rendering
from harness.histories._settings import KEEP, TOKENS, check_budget
from harness.histories._transcript import transcript
from prompts import render

_WORDS_A_TOKEN = 0.6
_CHARACTERS_A_TOKEN = 4


class SummaryHistory:
    """Turns in full; where they break the budget, the older ones are folded into a summary.

    The summary is written by the model, in a call of its own.

    Settings: `tokens`, the most that the conversation may have; `summary`, how many of them are for the
    summary; `keep`, the share of the rest that stays in full when older turns are folded; `images`, how
    many of the last observations keep their pictures.
    """

    append_only = True

    def __init__(
        self, *, tokens: int = TOKENS, summary: int = 400, keep: float = KEEP, images: int = 1
    ) -> None:
        check_budget("summary", tokens, keep)
        if not 0 < summary < tokens:
            raise InputError(f"summary(summary={summary}): give it some of the {tokens} tokens, not all")
        self._summary = summary
        self._rendering = Rendering(changes=False, images=images)
        self._blocks = Blocks(self._rendering, tokens=tokens - summary, keep=keep)

    def fold(self, past: Sequence[PastTurn], turn: Turn) -> str | None:
        """The words that ask for a summary, at the turn at which older ones are dropped."""
        blocks = self._blocks.of(past, turn)
        if blocks[-1].since != len(past) or len(blocks) == 1:
            return None
        before, now = blocks[-2], blocks[-1]
        return render(
            "histories/fold.j2",
            summary=self._text(past, turn, before),
            transcript=transcript(past, start=before.start, end=now.start, changes=False),
            words=int(self._summary * _WORDS_A_TOKEN),
        )

    def messages(self, past: Sequence[PastTurn], turn: Turn) -> list[Message]:
        """The summary, where there is one, ahead of the first turn that is kept."""
        block = self._blocks.of(past, turn)[-1]
        summary = self._text(past, turn, block)
        before = render("histories/summary.j2", summary=summary) if summary else ""
        return self._rendering.messages(past, turn, block.start, before=before)

    def _text(self, past: Sequence[PastTurn], turn: Turn, block: Block) -> str:
        """The summary that was written when a block began; cut where it is much longer than was asked for."""
        if block.since == 0:
            return ""
        memo = turn.memo if block.since == len(past) else past[block.since].decision.memo
        return str(memo.get("summary", ""))[: self._summary * _CHARACTERS_A_TOKEN]
