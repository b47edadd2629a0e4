"""Turns as one text, for a model that looks back on them."""

from __future__ import annotations

from collections.abc import Sequence

from harness.api import PastTurn
from harness.histories._messages import assistant_message
from harness.histories._rendering import Rendering


def transcript(past: Sequence[PastTurn], *, changes: bool = True, tokens: int | None = None) -> str:
    """What was observed, answered and earned, turn by turn; after the first only what changed.

    With `tokens`, only the newest turns that fit into so many.
    """
    rendering = Rendering(changes=changes, images=0)
    start, room = len(past), tokens
    for at in range(len(past) - 1, -1, -1):
        if room is not None:
            room -= past[at].meter.count(_told(rendering, past, at, whole=False))
            if room < 0:
                break
        start = at
    return "\n\n".join(_told(rendering, past, at, whole=at == start) for at in range(start, len(past)))


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
