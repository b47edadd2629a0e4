"""Turns as one text, for a model that looks back on them."""

from __future__ import annotations

from collections.abc import Sequence

from harness.api import PastTurn
from harness.histories._messages import assistant_message
from harness.histories._rendering import Rendering


def transcript(
    past: Sequence[PastTurn],
    *,
    start: int = 0,
    end: int | None = None,
    changes: bool = True,
    tokens: int | None = None,
) -> str:
    """What was observed, answered and earned in the turns from `start` to before `end`.

    The first one in full; with `changes`, of the others only what changed. With `tokens`, only the newest
    turns that fit into so many, but at least the last one.
    """
    rendering = Rendering(changes=changes, images=0)
    end = len(past) if end is None else end
    if tokens is not None:
        start = _fitting(rendering, past, start, end, tokens)
    return "\n\n".join(_told(rendering, past, at, whole=at == start) for at in range(start, end))


def _fitting(rendering: Rendering, past: Sequence[PastTurn], start: int, end: int, tokens: int) -> int:
    """The earliest turn from which all up to `end` fit."""
    later = 0
    for at in range(end - 1, start - 1, -1):
        count = past[at].meter.count
        if later + count(_told(rendering, past, at, whole=True)) > tokens:
            return min(at + 1, end - 1)
        later += count(_told(rendering, past, at, whole=at == 0))
    return start


def _told(rendering: Rendering, past: Sequence[PastTurn], at: int, *, whole: bool) -> str:
    turn = past[at]
    lines = [f"Turn {at + 1}"]
    if turn.notice:
        lines.append(turn.notice)
    if words := rendering.words(past, at, whole=whole or at == 0):
        lines.append(f"Observation:\n{words}")
    lines.append(f"Answer: {assistant_message(turn).text}")
    if turn.decision.actions and turn.decision.text.strip() != ", ".join(turn.decision.actions):
        lines.append(f"Carried out: {', '.join(turn.decision.actions)}")
    if turn.reward:
        lines.append(f"Reward: {turn.reward:g}")
    return "\n".join(lines)
