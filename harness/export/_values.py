"""What a turn was worth."""

from __future__ import annotations

from collections.abc import Sequence

from harness.records import Episode, TurnRecord


def reward(turn: TurnRecord) -> float:
    """The sum of its steps' rewards."""
    return float(sum(step.reward for step in turn.moves))


def returns_to_go(turns: Sequence[TurnRecord]) -> list[float]:
    """The rewards from each turn on, it included, not discounted."""
    returns: list[float] = []
    for turn in reversed(turns):
        returns.append(reward(turn) + (returns[-1] if returns else 0.0))
    return returns[::-1]


def progress_after(episode: Episode) -> list[float]:
    """The progress after each turn; a turn that did nothing leaves it as it was."""
    now = episode.start.progress.value if episode.start is not None else 0.0
    found = []
    for turn in episode.turns:
        now = turn.moves[-1].progress.value if turn.moves else now
        found.append(now)
    return found
