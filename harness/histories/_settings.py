"""Settings that histories share."""

from __future__ import annotations

from harness.errors import InputError

TOKENS = 6000
"""Fits a context of 8,192 tokens with instructions and an answer; most models take many times more."""

KEEP = 0.5
"""Of the budget, when a block is dropped: half the turns stay, and the next drop is half a budget away."""


def check_budget(name: str, tokens: int, keep: float = KEEP) -> None:
    """Refuse a budget that holds nothing."""
    if tokens < 1:
        raise InputError(f"{name}(tokens={tokens}): a history needs at least one token")
    if not 0 <= keep < 1:
        raise InputError(f"{name}(keep={keep}): the share that is kept is at least 0 and less than 1")
