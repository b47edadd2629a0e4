"""The scorer of the box: an episode's score is its progress."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import pandas as pd

from harness.records import Episode, Status

OUTCOMES = ("ok", "repaired", "parse_error", "invalid_action", "empty", "truncated", "refusal", "late")
"""Outcomes of turns that belong to the agent; failures of the infrastructure are no turns."""


class ProgressScorer:
    """One row an episode; what failed or broke off has no score (NaN), never a zero."""

    def score(self, episodes: Iterable[Episode]) -> pd.DataFrame:
        """The table of episodes."""
        return pd.DataFrame([row(episode) for episode in episodes], columns=COLUMNS)


def row(episode: Episode) -> dict[str, Any]:
    """The row of an episode: times in seconds, cost in US dollars (NaN: unknown)."""
    header, end = episode.header, episode.end
    calls = episode.calls
    outcomes = [turn.decision.outcome for turn in episode.turns]
    costs = [call.cost for call in calls]
    return {
        "agent": header.entrant,
        "agent_spec": header.resolved,
        "model": header.model,
        "suite": header.suite,
        "suite_version": header.suite_version,
        "task": header.task,
        "game": header.task.partition("/")[0],
        "index": header.index,
        "seed": header.seed,
        "status": str(episode.status),
        "ending": str(end.ending) if end else None,
        "limit": end.limit if end else None,
        "score": end.progress.value if end and episode.status is Status.DONE else float("nan"),
        # Where the measure is success or failure the game says so itself: a 0 alone does not tell.
        "binary": "success" in end.progress.parts if end else None,
        "parts": json.dumps(end.progress.parts) if end else None,
        "episode_return": end.episode_return if end else float("nan"),
        "steps": sum(len(turn.steps) for turn in episode.turns),
        "turns": len(episode.turns),
        "input_tokens": sum(call.usage.input for call in calls),
        "cached_tokens": sum(call.usage.cached for call in calls),
        "output_tokens": sum(call.usage.output for call in calls),
        "reasoning_tokens": sum(call.usage.reasoning for call in calls),
        "cost": float("nan") if None in costs else float(sum(cost for cost in costs if cost is not None)),
        "seconds": sum(turn.seconds_model + turn.seconds_env for turn in episode.turns),
        "retries": sum(len(call.retries) for call in calls),
        "trajectory": _trajectory(episode),
        **{name: outcomes.count(name) for name in OUTCOMES},
        "path": str(episode.path) if episode.path else None,
    }


def _trajectory(episode: Episode) -> str:
    """A digest of all that was seen, in order: equal where two episodes went the same way."""
    digest = blake2b(digest_size=8)
    if episode.start is not None:
        digest.update(episode.start.hash.encode())
    for turn in episode.turns:
        for step in turn.moves:
            digest.update(step.hash.encode())
    return digest.hexdigest()


COLUMNS = [
    "agent", "agent_spec", "model", "suite", "suite_version", "task", "game", "index", "seed", "status",
    "ending", "limit", "score", "binary", "parts", "episode_return", "steps", "turns", "input_tokens",
    "cached_tokens",
    "output_tokens", "reasoning_tokens", "cost", "seconds", "retries", "trajectory", *OUTCOMES, "path",
]  # fmt: skip
