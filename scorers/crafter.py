"""Crafter's own score: how many of its achievements are reached, the rare ones counted like the common.

The success rate of each achievement is the share of episodes in which it was unlocked at least once; the
score is the geometric mean of one plus the rates in percent, less one: S = exp(1/N · Σ ln(1 + sᵢ)) − 1, in
percent (D. Hafner, "Benchmarking the Spectrum of Agent Capabilities", 2022, arXiv 2109.06780, section 3). It
depends on how many episodes it rests on: a rare achievement has a rate of zero until it is first seen.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorers._rates import rate_words, wilson
from scorers._strata import Floats, stream

_GAME = "crafter"
_COUNT = "unlocked"
"""The part of the progress that is no achievement but their number."""


def crafter_score(unlocked: NDArray[np.bool_] | Floats) -> Floats:
    """The score in percent of unlocked achievements: (…, episodes, achievements) → (…)."""
    rates = 100 * np.asarray(unlocked, dtype=np.float64).mean(axis=-2)
    return np.asarray(np.expm1(np.log1p(rates).mean(axis=-1)))


def unlocked(episodes: pd.DataFrame) -> pd.DataFrame:
    """What was unlocked in each scored episode of Crafter: ``agent, task, seed`` and a column an achievement.

    Args:
        episodes: a table of episodes (`scorers.runs.read_runs`).
    """
    played = episodes[(episodes["game"] == _GAME) & episodes["score"].notna()]
    rows = [
        {
            "agent": row["agent"], "task": row["task"], "seed": row["seed"],
            **{name: count > 0 for name, count in json.loads(row["parts"]).items() if name != _COUNT},
        }
        for row in played.to_dict("records")
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=None if rows else ["agent", "task", "seed"])


def crafter_scores(
    table: pd.DataFrame, *, resamples: int = 10_000, seed: int = 0, confidence: float = 0.95
) -> pd.DataFrame:
    """One row an agent and task of a table of `unlocked` achievements, the best score first.

    Returns:
        ``agent, task, score, low, high, episodes``, in percent. The interval resamples episodes, with the
        deviations widened by √(n/(n−1)); with one episode there is none (NaN). The score of few episodes is
        biased, and so is the interval: compare scores of as many episodes only.
    """
    tail = (1 - confidence) / 2
    rows = []
    for (agent, task), played in table.groupby(["agent", "task"], sort=True):
        seen = played[_achievements(table)].to_numpy(dtype=bool)
        n, score = len(seen), float(crafter_score(seen))
        low = high = np.nan
        if n > 1:
            index = stream(seed, str(agent), str(task)).integers(0, n, (resamples, n))
            draws = np.concatenate([crafter_score(seen[part]) for part in np.array_split(index, 1 + n // 50)])
            deviations = np.sqrt(n / (n - 1)) * (draws - score)
            low, high = np.clip(score + np.quantile(deviations, [tail, 1 - tail]), 0, 100)
        rows.append({"agent": agent, "task": task, "score": score, "low": low, "high": high, "episodes": n})
    found = pd.DataFrame(rows, columns=["agent", "task", "score", "low", "high", "episodes"])
    return found.sort_values(["task", "score"], ascending=[True, False], ignore_index=True)


def achievement_rates(table: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """``agent, task, achievement, rate, low, high, words``: success rates with Wilson's intervals."""
    rows = []
    for (agent, task), played in table.groupby(["agent", "task"], sort=True):
        for name in _achievements(table):
            counts = int(played[name].sum()), len(played), confidence
            low, high = wilson(*counts)
            rate = counts[0] / counts[1]
            rows.append([agent, task, name, rate, low, high, rate_words(*counts)])
    return pd.DataFrame(rows, columns=["agent", "task", "achievement", "rate", "low", "high", "words"])


def _achievements(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table.columns if name not in ("agent", "task", "seed")]
