"""One observation in full, and from there on only what changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from harness.api import Message, PastTurn, Turn
from harness.errors import InputError
from harness.histories._layout import Blocks, Turns, earliest
from harness.histories._rendering import Rendering
from harness.histories._settings import KEEP, TOKENS, check_budget
from prompts import render


class DiffHistory:
    """An anchor observation in full, then pairs of an answer and the diff to the next observation.

    Settings: `mode` is ``blocks`` (append-only: when `tokens` are used up, a later observation becomes the
    anchor, and turns worth the share `keep` of them stay) or ``sliding`` (as published in diff History,
    Piterbarg et al. 2023: the anchor moves with every turn, as far back as `tokens` and `turns` allow);
    `images`, how many of the last observations keep their pictures.
    """

    def __init__(
        self,
        *,
        mode: Literal["blocks", "sliding"] = "blocks",
        tokens: int = TOKENS,
        keep: float = KEEP,
        turns: int | None = None,
        images: int = 1,
    ) -> None:
        check_budget("diff", tokens, keep)
        if turns is not None and (turns < 0 or mode == "blocks"):
            raise InputError("diff(turns=…): a number of turns, at least 0, goes with mode=sliding only")
        self.append_only = mode == "blocks"
        self.note = render("histories/diff.j2")
        self._rendering = Rendering(changes=True, images=images)
        self._blocks = Blocks(self._rendering, tokens=tokens, keep=keep)
        self._tokens = tokens
        self._turns = turns

    def messages(self, past: Sequence[PastTurn], turn: Turn) -> list[Message]:
        """The anchor, then two messages a turn, the turn's own change last."""
        return self._rendering.messages(past, turn, self._start(past, turn))

    def _start(self, past: Sequence[PastTurn], turn: Turn) -> int:
        if self.append_only:
            return self._blocks.of(past, turn)[-1].start
        turns: Turns = (*past, turn)
        return earliest(self._rendering, turns, len(past), room=self._tokens, most=self._turns)
