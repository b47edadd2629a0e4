"""Aggregates over tasks with intervals: mean, median of task means, IQM, optimality gap.

Definitions are rliable's (`rliable/metrics.py`): the interquartile mean cuts ⌊N/4⌋ of the N pooled
scores at each end; with different run counts a task, where pooling would let the task with the most
runs count most, every task weighs the same and exactly a quarter of the weight is cut at each end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from scorers._strata import Floats, Strata, strata, stream, task_means

METRICS = ("mean", "median", "iqm", "optimality_gap")
Method = Literal["corrected", "rliable"]
FEW_RUNS = 5
"""Below this many runs a task, nominal 95 % intervals cover less (docs/statistics.md)."""


def aggregates(
    scores: ArrayLike | Mapping[str, ArrayLike],
    *,
    resamples: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
    method: Method = "corrected",
    name: str = "",
) -> pd.DataFrame:
    """Aggregate scores with stratified bootstrap intervals.

    Args:
        scores: runs × tasks, or task → scores; run counts may differ, NaN is missing.
        resamples: bootstrap resamples.
        seed: of the report; `name` gives each agent a stream of its own under it.
        confidence: nominal coverage of the intervals.
        method: ``rliable`` is the percentile interval. ``corrected`` widens the same resamples'
            deviations by √(n/(n−1)), since resampling n runs has only (n−1)/n of their unbiased
            variance (the rescaling bootstrap of stratified surveys, Rao and Wu 1988).
        name: whose scores they are.

    Returns:
        One row a metric: ``metric, estimate, low, high``. Where a task has one run there is no
        interval (NaN). `attrs` holds the method, flags, and the runs and missing scores by task.

    Raises:
        ValueError: the scores cannot be aggregated (`scorers._strata.strata` says why).
    """
    data = strata(scores)
    estimate = statistics(data.values[None, :], data)[0]
    low = high = np.full(len(METRICS), np.nan)
    if data.sizes.min() > 1:
        draws = np.concatenate([statistics(v, data) for v in data.resample(resamples, stream(seed, name))])
        if method == "corrected":
            draws = estimate + _widening(data) * (draws - estimate)
        tail = (1 - confidence) / 2
        low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    table = pd.DataFrame({"metric": METRICS, "estimate": estimate, "low": low, "high": high})
    table.attrs = {
        "method": method,
        "resamples": resamples,
        "confidence": confidence,
        "population": "these tasks, new seeds",
        "runs": dict(zip(data.tasks, data.sizes.tolist(), strict=True)),
        "missing": dict(zip(data.tasks, data.missing.tolist(), strict=True)),
        "flags": flags(data),
    }
    return table


def flags(data: Strata) -> list[str]:
    """What a reader has to know about the numbers."""
    found = []
    if data.sizes.min() == 1:
        found.append("one run: no interval")
    elif data.sizes.min() < FEW_RUNS:
        found.append(f"fewer than {FEW_RUNS} runs")
    if data.sizes.min() > 1 and np.ptp(data.values) == 0:
        found.append("all scores are equal: the interval says nothing about other seeds")
    if not data.rectangular:
        found.append("different run counts")
    if data.missing.any():
        found.append(f"{int(data.missing.sum())} missing")
    return found


def statistics(values: Floats, data: Strata) -> Floats:
    """The four aggregates of each row: (rows, scores) → (rows, 4), in the order of `METRICS`."""
    means = task_means(values, data.sizes)
    gap = 1.0 - task_means(np.minimum(values, 1.0), data.sizes).mean(axis=1)
    iqm = _iqm(values) if data.rectangular else _weighted_iqm(values, data)
    return np.stack([means.mean(axis=1), np.median(means, axis=1), iqm, gap], axis=1)


def _iqm(values: Floats) -> Floats:
    size = values.shape[1]
    cut = size // 4
    # A full sort beats two partitions on today's CPUs (vectorised sorting in NumPy).
    return np.asarray(np.sort(values, axis=1)[:, cut : size - cut].mean(axis=1))


def _weighted_iqm(values: Floats, data: Strata) -> Floats:
    weights = np.repeat(1.0 / (len(data.sizes) * data.sizes), data.sizes)
    order = np.argsort(values, axis=1, kind="stable")
    upper = np.cumsum(weights[order], axis=1)
    lower = upper - weights[order]
    inside = np.clip(upper, 0.25, 0.75) - np.clip(lower, 0.25, 0.75)
    return np.asarray((inside * np.take_along_axis(values, order, axis=1)).sum(axis=1) / inside.sum(axis=1))


def _widening(data: Strata) -> float:
    """√ of the unbiased over the resampled variance of the mean, strata weighed by their part in it.

    With equal run counts this is √(n/(n−1)); with different ones it is exact for the mean and taken
    over to the other aggregates.
    """
    biased = np.array([v.var() for v in np.split(data.values, data.starts[1:])]) / data.sizes
    if biased.sum() == 0:
        return 1.0
    return float(np.sqrt((biased * data.sizes / (data.sizes - 1)).sum() / biased.sum()))
