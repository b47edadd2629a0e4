"""Aggregates over tasks with intervals: mean, median of task means, IQM, optimality gap.

Definitions are rliable's (`rliable/metrics.py`): the interquartile mean cuts ⌊N/4⌋ of the N pooled
scores at each end; with different run counts a task, where pooling would let the task with the most
runs count most, every task weighs the same and exactly a quarter of the weight is cut at each end.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from scorers._population import Population, draws_of_tasks
from scorers._strata import Floats, Indices, Strata, strata, stream, task_means

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
    population: Population = "these tasks",
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
        population: what else an interval speaks of. ``these tasks``: the same ones with new seeds; runs
            are resampled within each. ``tasks like these``: whole tasks are resampled (with
            ``rliable`` their runs as well, its ``task_bootstrap``), and the factor is √(M/(M−1)) of M
            tasks.
        name: whose scores they are.

    Returns:
        One row a metric: ``metric, estimate, low, high``. Where a task has one run there is no
        interval (NaN); for ``tasks like these``, where there is one task. `attrs` holds the method,
        flags, and the runs and missing scores by task.

    Raises:
        ValueError: the scores cannot be aggregated (`scorers._strata.strata` says why).
    """
    data = strata(scores)
    estimate = statistics(everything(data), data)[0]
    low = high = np.full(len(METRICS), np.nan)
    if population == "tasks like these" and len(data.tasks) > 1:
        rng, runs = stream(seed, name), method == "rliable"
        draws = np.concatenate([*draws_of_tasks(statistics, data, resamples, rng, runs=runs)])
        wider = np.sqrt(len(data.tasks) / (len(data.tasks) - 1)) if method == "corrected" else 1.0
        low, high = ends(estimate, draws, wider, confidence)
    elif population == "these tasks" and data.sizes.min() > 1:
        draws = np.concatenate([statistics(i, data) for i in data.indices(resamples, stream(seed, name))])
        low, high = interval(estimate, draws, data, method, confidence)
    table = pd.DataFrame({"metric": METRICS, "estimate": estimate, "low": low, "high": high})
    table.attrs = notes(data, method, resamples, confidence, population)
    return table


def everything(data: Strata) -> Indices:
    """The scores as they are, in the shape of one resample."""
    return np.arange(len(data.values))[None, :]


def interval(
    estimate: Floats, draws: Floats, data: Strata, method: Method, confidence: float
) -> tuple[Floats, Floats]:
    """Low and high ends for each column of `draws` (resamples × statistics); `draws` is used up."""
    return ends(estimate, draws, 1.0 if method == "rliable" else _widening(data), confidence)


def ends(estimate: Floats, draws: Floats, wider: float, confidence: float) -> tuple[Floats, Floats]:
    """The interval's ends, its deviations from the estimate widened; `draws` is used up."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0, overwrite_input=True)
    if wider == 1.0:  # to the last bit what rliable gives
        return low, high
    return estimate + wider * (low - estimate), estimate + wider * (high - estimate)


def notes(
    data: Strata, method: Method, resamples: int, confidence: float, population: Population = "these tasks"
) -> dict[Hashable | None, Any]:
    """What stands beside the numbers as `attrs`."""
    return {
        "method": method,
        "resamples": resamples,
        "confidence": confidence,
        "population": f"{population}, new seeds",
        "runs": dict(zip(data.tasks, data.sizes.tolist(), strict=True)),
        "missing": dict(zip(data.tasks, data.missing.tolist(), strict=True)),
        "flags": flags(data, population),
    }


def flags(data: Strata, population: Population = "these tasks") -> list[str]:
    """What a reader has to know about the numbers."""
    found = []
    if population == "tasks like these" and len(data.tasks) == 1:
        found.append("one task: no interval for others like it")
    elif population == "these tasks" and data.sizes.min() == 1:
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


def statistics(index: Indices, data: Strata) -> Floats:
    """The four aggregates of each resample: (resamples, scores) → (resamples, 4), as in `METRICS`."""
    values = data.values.take(index)
    means = task_means(values, data)
    found = np.empty((len(index), len(METRICS)))
    found[:, 0] = means.sum(axis=1) / len(data.sizes)
    found[:, 1] = _median(means)
    found[:, 3] = 1.0 - task_means(np.minimum(values, 1.0), data).sum(axis=1) / len(data.sizes)
    found[:, 2] = _iqm(values) if data.rectangular else _weighted_iqm(index, data)
    return found


def _median(means: Floats) -> Floats:
    """The median of each row; `numpy.median` is three times slower on rows as short as these."""
    tasks = means.shape[1]
    ordered = np.sort(means, axis=1)
    return np.asarray((ordered[:, (tasks - 1) // 2] + ordered[:, tasks // 2]) / 2)


def _iqm(values: Floats) -> Floats:
    """The interquartile mean of each row; it sorts `values` where they are."""
    size = values.shape[1]
    cut = size // 4
    # A full sort beats two partitions on today's CPUs (vectorised sorting in NumPy).
    values.sort(axis=1)
    return np.asarray(values[:, cut : size - cut].sum(axis=1) / (size - 2 * cut))


def _weighted_iqm(index: Indices, data: Strata) -> Floats:
    """The IQM where a run weighs 1 / (tasks × its task's runs).

    The scores are sorted once; a resample is then how often each of them was drawn.
    """
    rows, size = index.shape
    order = np.argsort(data.values, kind="stable")
    rank = np.argsort(order)
    weights = np.repeat(1.0 / (len(data.sizes) * data.sizes), data.sizes)[order]
    drawn = np.bincount((rank.take(index) + size * np.arange(rows)[:, None]).ravel(), minlength=rows * size)
    upper = np.clip(np.cumsum(drawn.reshape(rows, size) * weights, axis=1), 0.25, 0.75)
    inside = np.diff(upper, axis=1, prepend=0.25)
    return np.asarray((inside * data.values[order]).sum(axis=1) / inside.sum(axis=1))


def _widening(data: Strata) -> float:
    """√ of the unbiased over the resampled variance of the mean, strata weighed by their part in it.

    With equal run counts this is √(n/(n−1)); with different ones it is exact for the mean and taken
    over to the other aggregates.
    """
    biased = np.array([v.var() for v in np.split(data.values, data.starts[1:])]) / data.sizes
    if biased.sum() == 0:
        return 1.0
    return float(np.sqrt((biased * data.sizes / (data.sizes - 1)).sum() / biased.sum()))
