"""Every agent against every other, on the same seeds, and what ranks that leaves open.

Pairs are episodes of the same task and seed; where an agent played a seed more than once (trials), the
mean of its scores. p-values of all pairs are corrected by Holm's step-down method. Rank sets are
simultaneous: the differences of all pairs are bootstrapped together, and the largest studentised
deviation sets one critical value for all of them
(max-t; Mogstad, Romano, Shaikh and Wilhelm 2024, "Inference for Ranks"), so that with the stated
confidence all true ranks lie in their sets at once. Bootstrapping ranks themselves does not hold
this near ties.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import norm, t

from scorers._compare import compare, compare_by_task, words
from scorers._strata import Floats, stream

COLUMNS = [
    "a",
    "b",
    "difference",
    "low",
    "high",
    "probability",
    "probability_low",
    "probability_high",
    "p_value",
    "p_holm",
    "tasks",
    "pairs",
    "words",
]


def holm(p_values: ArrayLike) -> Floats:
    """p-values adjusted for the number of tests (S. Holm, Scand. J. Statist. 6, 1979)."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def pairwise(
    table: pd.DataFrame, *, resamples: int = 10_000, seed: int = 0, confidence: float = 0.95
) -> pd.DataFrame:
    """Compare every two agents of a table of episodes on the seeds that both have a score for.

    Returns:
        One row a pair, the higher mean first: the difference of means a − b and the probability that a
        does better on a seed, both with intervals, the permutation p-value and Holm's, how many tasks
        and seeds it rests on, and the verdict in words. A pair without two seeds in common on any task
        is left out.
    """
    scores = _by_seed(table)
    settings: dict[str, Any] = {"resamples": resamples, "seed": seed, "confidence": confidence}
    found = (_pair(scores, *two, **settings) for two in combinations(scores.columns, 2))
    rows = [row for row in found if row is not None]
    pairs = pd.DataFrame(rows, columns=COLUMNS)
    if rows:
        pairs["p_holm"] = holm(pairs["p_value"])
        pairs["words"] = [_words(row, 1 - confidence) for row in pairs.to_dict("records")]
    return pairs


def pairwise_by_task(
    table: pd.DataFrame, *, resamples: int = 10_000, seed: int = 0, confidence: float = 0.95
) -> pd.DataFrame:
    """`pairwise`, task by task: a row a pair and task that share two seeds.

    The p-values of all rows are corrected together by Holm's method. `pairs` is the number of seeds.
    """
    scores = _by_seed(table)
    rows: list[dict[str, Any]] = []
    for a, b in combinations(scores.columns, 2):
        both = _shared(scores[[a, b]])
        if both.empty:
            continue
        left, right = _mapping(both, a), _mapping(both, b)
        found = compare_by_task(left, right, resamples=resamples, seed=seed, confidence=confidence)
        found[["low", "high"]] = found[["low", "high"]].clip(*_bounds(both))
        rows += [{"a": a, "b": b, **row, "pairs": len(left[row["task"]])} for row in _records(found)]
    pairs = pd.DataFrame(rows, columns=["a", "b", *_BY_TASK])
    if rows:
        pairs["p_holm"] = holm(pairs["p_value"])
        pairs["words"] = [_words(row, 1 - confidence) for row in pairs.to_dict("records")]
    return pairs


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


_BY_TASK = [
    "task", "difference", "low", "high", "probability", "probability_low", "probability_high", "p_value",
    "p_holm", "pairs", "words",
]  # fmt: skip


def _pair(scores: pd.DataFrame, one: str, two: str, **settings: Any) -> list[Any] | None:
    """A row for two agents, None where they have no two seeds in common on any task."""
    both = _shared(scores[[one, two]])
    if both.empty:
        return None
    # The higher mean stands first, so that differences are never negative.
    means = both.groupby(level="task").mean().mean()
    a, b = (one, two) if means[one] >= means[two] else (two, one)
    left, right = _mapping(both, a), _mapping(both, b)
    difference, better = compare(left, right, paired=True, **settings).to_dict("records")
    low, high = np.clip([difference["low"], difference["high"]], *_bounds(both))
    improvement = [better["estimate"], better["low"], better["high"]]
    tests = [difference["p_value"], np.nan]
    return [a, b, difference["estimate"], low, high, *improvement, *tests, len(left), len(both), ""]


def _bounds(scores: pd.DataFrame) -> tuple[float, float]:
    """What a difference can be: scores in [0, 1] differ by 1 at most, and the correction can widen beyond."""
    inside = scores.to_numpy().min() >= 0 and scores.to_numpy().max() <= 1
    return (-1.0, 1.0) if inside else (-np.inf, np.inf)


def _words(row: dict[Any, Any], level: float) -> str:
    verdict = words(row["low"], row["high"], row["p_holm"], 1 - level)
    if verdict == "cannot be told apart":
        return f"{row['a']} and {row['b']} cannot be told apart"
    return f"{row['a']} is {verdict} than {row['b']}"


def worse_than_baseline(
    table: pd.DataFrame,
    baseline: Collection[str],
    *,
    resamples: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """The pairs of a baseline's agent (`a`) and another one (`b`) in which the other is worse.

    Agents that differ only in what stands in brackets at the end of their names (the same agent in two
    run folders, `scorers.runs.read_runs`) are held against each other; where there are none, every agent
    against every one of the baseline. p-values are corrected for those pairs only.

    Raises:
        ValueError: no such pair has seeds in common.
    """
    pairs = pairwise(table, resamples=resamples, seed=seed, confidence=confidence)
    across = pairs[pairs["a"].isin(baseline) != pairs["b"].isin(baseline)]
    same = across[across["a"].map(_plain) == across["b"].map(_plain)]
    held = (same if len(same) else across).copy()
    if held.empty:
        raise ValueError(
            "no agent of the baseline has two seeds of a task in common with another run's agent"
        )
    held["p_holm"] = holm(held["p_value"])
    held["words"] = [_words(row, 1 - confidence) for row in held.to_dict("records")]
    # The higher mean stands first.
    return held[held["a"].isin(baseline) & held["words"].str.contains(" is better than ")]


def _plain(agent: str) -> str:
    """The agent without the folder that `read_runs` puts behind it."""
    return re.sub(r" \([^()]*\)$", "", agent)


def _by_seed(table: pd.DataFrame) -> pd.DataFrame:
    """Scores with a row for each (suite, version, task, seed) and a column for each agent.

    A table without seeds (a scorer need not give them) is paired by index.
    """
    keys = ["suite", "suite_version", "task", "seed" if "seed" in table else "index"]
    scored = table.dropna(subset=["score"])
    wide = scored.pivot_table(index=keys, columns="agent", values="score", aggfunc="mean")
    return wide.droplevel(["suite", "suite_version"])


def _shared(scores: pd.DataFrame) -> pd.DataFrame:
    """The seeds that all columns have a score for, on tasks with at least two of them."""
    whole = scores.dropna()
    counts = whole.groupby(level="task").size()
    return whole[whole.index.get_level_values("task").isin(counts[counts > 1].index)]


def _mapping(scores: pd.DataFrame, agent: str) -> dict[str, Floats]:
    groups = scores.groupby(level="task")
    return {str(task): rows[agent].to_numpy(dtype=np.float64) for task, rows in groups}


def rank_sets(
    table: pd.DataFrame, *, resamples: int = 10_000, seed: int = 0, confidence: float = 0.95
) -> pd.DataFrame:
    """The ranks that each agent's mean may truly have, all at once with the stated confidence.

    Rests on the seeds that every agent has a score for. With none in common, or one agent, all
    ranks stay open.

    Returns:
        ``agent, best, worst``: the best and the worst rank that cannot be excluded (1 is the top).
    """
    scores = _by_seed(table)
    agents = [str(name) for name in sorted(table["agent"].unique())]
    shared = _shared(scores.reindex(columns=agents))
    beats = np.zeros((len(agents), len(agents)), dtype=bool)
    if len(agents) > 1 and not shared.empty:
        beats = _beats(shared, resamples, stream(seed, "ranks"), confidence)
    best = 1 + beats.sum(axis=0)
    worst = len(agents) - beats.sum(axis=1)
    return pd.DataFrame({"agent": agents, "best": best, "worst": worst})


def _beats(
    shared: pd.DataFrame, resamples: int, rng: np.random.Generator, confidence: float
) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """``[i, j]``: agent i is better than agent j beyond the simultaneous critical value."""
    tasks = [rows.to_numpy() for _, rows in shared.groupby(level="task")]
    means = np.mean([rows.mean(axis=0) for rows in tasks], axis=0)
    draws = np.zeros((resamples, shared.shape[1]))
    for rows in tasks:
        index = rng.integers(0, len(rows), (resamples, len(rows)))
        widened = np.sqrt(len(rows) / (len(rows) - 1))
        draws += widened * (rows[index].mean(axis=1) - rows.mean(axis=0)) / len(tasks)
    gaps = means[:, None] - means[None, :]
    deviations = draws[:, :, None] - draws[:, None, :]
    errors = deviations.std(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        largest = np.nanmax(np.abs(deviations) / errors, axis=(1, 2), initial=0.0, where=errors > 0)
    critical = _for_few_runs(np.quantile(largest, confidence), sum(len(rows) - 1 for rows in tasks))
    return np.asarray(gaps > critical * errors)


def _for_few_runs(critical: float, freedom: int) -> float:
    """A critical value for errors that are estimated: Student's t with the same tail as the normal's.

    The bootstrap takes the errors for known, which leaves ranks too narrow with few runs.
    """
    return float(t.isf(norm.sf(critical), freedom))
