"""Performance profiles and curves along training or play, with bands.

Definitions are rliable's (`rliable/library.py`, Agarwal et al. 2021): the run-score distribution is
the share of runs × tasks with a score above τ, the average-score distribution the share of tasks
whose mean score is above τ; above means >. Where run counts differ, every task weighs the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from scorers._aggregate import METRICS, Method, everything, interval, notes, statistics
from scorers._strata import Floats, Indices, Strata, strata, stream, task_means

Kind = Literal["runs", "average"]


def profile(
    scores: ArrayLike | Mapping[str, ArrayLike],
    thresholds: ArrayLike,
    *,
    kind: Kind = "runs",
    resamples: int = 2_000,
    seed: int = 0,
    confidence: float = 0.95,
    method: Method = "corrected",
    name: str = "",
) -> pd.DataFrame:
    """How much of the scores lies above each threshold, with bands that hold at each one by itself.

    Args:
        scores: runs × tasks, or task → scores; run counts may differ, NaN is missing.
        thresholds: τ, in any order.
        kind: ``runs`` is the share of runs × tasks, ``average`` the share of tasks by their means.
        resamples: bootstrap resamples; all thresholds are read off the same ones.
        seed: of the report; `name` gives each agent a stream of its own under it.
        confidence: nominal coverage at each threshold.
        method: as for `scorers.aggregates`; ``corrected`` bands are kept within [0, 1].
        name: whose scores they are.

    Returns:
        One row a threshold, ascending: ``threshold, estimate, low, high``. Where a task has one run
        there is no band (NaN). `attrs` as of `scorers.aggregates`.

    Raises:
        ValueError: the scores or the thresholds cannot be used.
    """
    data = strata(scores)
    levels = _levels(thresholds)
    if kind not in ("runs", "average"):
        raise ValueError(f"kind is 'runs' or 'average', not {kind!r}")
    shares = _run_shares if kind == "runs" else _task_shares
    estimate = shares(everything(data), data, levels)[0]
    low = high = np.full(len(levels), np.nan)
    if data.sizes.min() > 1:
        draws = [shares(index, data, levels) for index in data.indices(resamples, stream(seed, name))]
        low, high = np.clip(interval(estimate, np.concatenate(draws), data, method, confidence), 0, 1)
    table = pd.DataFrame({"threshold": levels, "estimate": estimate, "low": low, "high": high})
    table.attrs = {**notes(data, method, resamples, confidence), "kind": kind}
    return table


def _levels(thresholds: ArrayLike) -> Floats:
    levels = np.sort(np.asarray(thresholds, dtype=np.float64), axis=None)
    if not len(levels) or np.isnan(levels).any():
        raise ValueError("thresholds are one number or more, none of them NaN")
    return levels


def _run_shares(index: Indices, data: Strata, levels: Floats) -> Floats:
    passed = np.searchsorted(levels, data.values, side="left").take(index)
    if data.rectangular:
        return _above(passed, len(levels)) / len(data.values)
    weights = np.repeat(1.0 / (len(data.sizes) * data.sizes), data.sizes)
    # The weights' sum may be a last bit above one.
    return np.minimum(_above(passed, len(levels), np.tile(weights, len(index))), 1.0)


def _task_shares(index: Indices, data: Strata, levels: Floats) -> Floats:
    means = task_means(data.values.take(index), data)
    return _above(np.searchsorted(levels, means, side="left"), len(levels)) / len(data.sizes)


def _above(passed: Indices, levels: int, weights: Floats | None = None) -> Floats:
    """(rows, items) of how many thresholds an item passed → (rows, levels): the items above each.

    Counts of items by the thresholds they passed, summed from the top: every threshold in one go.
    """
    rows, bins = len(passed), levels + 1
    places = (passed + bins * np.arange(rows)[:, None]).ravel()
    counts = np.bincount(places, weights, minlength=rows * bins).reshape(rows, bins)
    return np.asarray(counts[:, :0:-1].cumsum(axis=1)[:, ::-1], dtype=np.float64)


def curves(
    scores: ArrayLike | Mapping[str, ArrayLike] | pd.DataFrame,
    *,
    steps: Sequence[Any] | None = None,
    metrics: Sequence[str] = ("iqm", "mean"),
    resamples: int = 2_000,
    seed: int = 0,
    confidence: float = 0.95,
    method: Method = "corrected",
    name: str = "",
) -> pd.DataFrame:
    """Aggregates at each point of runs that were scored several times (sample efficiency).

    A resample draws whole runs, each with all its points, so that a run's ups and downs stay
    together along the curve and the bands of neighbouring points move together. (rliable draws anew
    for each point. The bands hold at each point by itself either way.)

    Args:
        scores: runs × tasks × points, or task → runs × points, or a table with the columns
            ``task, run, step, score``. Run counts may differ between tasks.
        steps: what the points are called; by default 0, 1, … (a table names its own).
        metrics: of `scorers.METRICS`.
        resamples: bootstrap resamples; all points and metrics come from the same ones.
        seed: of the report; `name` gives each agent a stream of its own under it.
        confidence: nominal coverage at each point.
        method: as for `scorers.aggregates`.
        name: whose scores they are.

    Returns:
        ``step, metric, estimate, low, high`` by step. Where a task has one run there is no band
        (NaN). `attrs` as of `scorers.aggregates`.

    Raises:
        ValueError: a run lacks the score of a step, a score is infinite, tasks have different
            points, or a metric is unknown.
    """
    if unknown := set(metrics) - set(METRICS):
        raise ValueError(f"unknown metric {sorted(unknown)[0]!r}; there are {', '.join(METRICS)}")
    tasks, steps = _by_task(scores, steps)
    data = _rows(tasks, steps)
    points = [replace(data, values=data.values[:, point]) for point in range(len(steps))]
    estimates = [statistics(everything(point), point)[0] for point in points]
    ends = np.full((len(points), 2, len(METRICS)), np.nan)
    if data.sizes.min() > 1:
        drawn = [
            [statistics(index, point) for point in points]
            for index in data.indices(resamples, stream(seed, name))
        ]
        for place, point in enumerate(points):
            draws = np.concatenate([batch[place] for batch in drawn])
            ends[place] = interval(estimates[place], draws, point, method, confidence)
    chosen = [(metric, METRICS.index(metric)) for metric in metrics]
    table = pd.DataFrame(
        [
            (step, metric, estimate[column], low[column], high[column])
            for step, estimate, (low, high) in zip(steps, estimates, ends, strict=True)
            for metric, column in chosen
        ],
        columns=["step", "metric", "estimate", "low", "high"],
    )
    table.attrs = notes(data, method, resamples, confidence)
    return table


def _by_task(scores: Any, steps: Sequence[Any] | None) -> tuple[dict[str, Floats], list[Any]]:
    """Task → runs × points, and the steps."""
    if isinstance(scores, pd.DataFrame):
        return _from_table(scores)
    if isinstance(scores, Mapping):
        tasks = {str(task): np.asarray(scores[task], dtype=np.float64) for task in sorted(scores, key=str)}
    else:
        cube = np.asarray(scores, dtype=np.float64)
        if cube.ndim != 3:
            raise ValueError(f"expected a runs × tasks × points array, got {cube.ndim} dimension(s)")
        tasks = {str(task): cube[:, task] for task in range(cube.shape[1])}
    if not tasks:
        raise ValueError("no scores: there is no task")
    for task, rows in tasks.items():
        if rows.ndim != 2 or not rows.size:
            raise ValueError(f"task {task!r} is no runs × points array with a score in it")
    points = next(iter(tasks.values())).shape[1]
    return tasks, list(range(points)) if steps is None else list(steps)


def _from_table(table: pd.DataFrame) -> tuple[dict[str, Floats], list[Any]]:
    for column in ("task", "run", "step", "score"):
        if column not in table:
            raise ValueError(f"the table has no column {column!r}; it needs task, run, step and score")
    twice = table.duplicated(["task", "run", "step"])
    if twice.any():
        row = table[twice].iloc[0]
        raise ValueError(f"task {row['task']!r}, run {row['run']}, step {row['step']} stands twice")
    if table.empty:
        raise ValueError("no scores: there is no task")
    wide = table.pivot(index=["task", "run"], columns="step", values="score").astype(np.float64)
    return {str(task): rows.to_numpy() for task, rows in wide.groupby(level="task")}, list(wide.columns)


def _rows(tasks: dict[str, Floats], steps: list[Any]) -> Strata:
    """Strata whose values are whole curves: (runs of all tasks, points)."""
    for task, rows in tasks.items():
        if rows.shape[1] != len(steps):
            raise ValueError(f"task {task!r} has {rows.shape[1]} points, not {len(steps)}")
        wrong = np.argwhere(~np.isfinite(rows))
        if len(wrong):
            place = f"task {task!r}, run {wrong[0][0]}, step {steps[wrong[0][1]]}"
            raise ValueError(f"{place}: no score; leave out the run or the step")
    sizes: NDArray[np.intp] = np.array([len(rows) for rows in tasks.values()], dtype=np.intp)
    # Sorted, so that the order in which runs arrive moves no number.
    ordered = [rows[np.lexsort(rows.T[::-1])] for rows in tasks.values()]
    return Strata(tuple(tasks), np.concatenate(ordered), sizes, np.zeros_like(sizes))
