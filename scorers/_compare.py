"""Is one agent better than another: differences with intervals, on the same seeds where there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from scorers._improvement import counts_of, wins_of
from scorers._strata import Floats, _columns, stream

_BATCH_BYTES = 1 << 22
"""Bytes of resampled scores made at once."""


def compare(
    a: ArrayLike | Mapping[str, ArrayLike],
    b: ArrayLike | Mapping[str, ArrayLike],
    *,
    paired: bool = True,
    weights: Mapping[str, float] | None = None,
    resamples: int = 10_000,
    permutations: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare two agents' scores on the tasks that both have.

    Args:
        a: runs × tasks, or task → scores.
        b: the same; where `paired`, run i of a task is the same seed in both.
        paired: pair run by run (a pair with a missing half is left out); else the two are independent.
        weights: what each task counts in the means, relative to the others; equal by default.
        resamples: bootstrap resamples of runs within each task.
        permutations: random ones for the test; the smallest p-value is 1 / (1 + permutations).
        seed: of the generator.
        confidence: nominal coverage.

    Returns:
        ``metric, estimate, low, high, p_value``: the difference of means (a − b) with a corrected
        stratified interval and a two-sided permutation p-value (signs of pairs flipped, or runs
        exchanged, within each task), and the probability of improvement P(a > b) + ½ P(a = b), the
        mean over tasks (for pairs: of the same seed; else of all pairs of runs, Mann–Whitney).
        `attrs` holds the tasks, the verdict in ``words``, and how many runs were left out.

    Raises:
        ValueError: no task in common, a task with fewer than two runs, or paired runs of different number.
    """
    left, right = _columns(a), _columns(b)
    shared = [task for task in left if task in right]
    if not shared:
        raise ValueError("the two have no task in common")
    tasks = [_prepare(task, left[task], right[task], paired) for task in shared]
    shares = _shares(shared, weights)
    draw = _paired if paired else _independent
    drawn = [draw(task, stream(seed, "compare", task.name), resamples, permutations) for task in tasks]
    table = _table(_Drawn.mean(drawn, shares), confidence)
    table.attrs = {
        "tasks": shared,
        "paired": paired,
        "left_out": sum(task.left_out for task in tasks),
        "words": words(table["low"][0], table["high"][0], table["p_value"][0], confidence),
    }
    return table


def compare_by_task(
    a: ArrayLike | Mapping[str, ArrayLike],
    b: ArrayLike | Mapping[str, ArrayLike],
    *,
    paired: bool = True,
    resamples: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """`compare`, task by task; p-values corrected for the number of tasks by Holm's method.

    Returns:
        ``task, difference, low, high, probability, probability_low, probability_high, p_value, p_holm,
        words``, one row a task that both have at least two runs of.

    Raises:
        ValueError: as `compare`; or no task has two runs.
    """
    from scorers._pairs import holm

    left, right = _columns(a), _columns(b)
    rows = []
    for task in (task for task in left if task in right):
        x, y = _kept(left[task], right[task], paired)
        if min(len(x), len(y)) < 2:
            continue
        found = compare(
            {task: left[task]}, {task: right[task]},
            paired=paired, resamples=resamples, seed=seed, confidence=confidence,
        )  # fmt: skip
        rows.append([task, *found.iloc[0, 1:4], *found.iloc[1, 1:4], found["p_value"][0]])
    if not rows:
        raise ValueError("the two have no task in common with two runs each")
    table = pd.DataFrame(rows, columns=_BY_TASK)
    table["p_holm"] = holm(table["p_value"])
    table["words"] = [
        words(row["low"], row["high"], row["p_holm"], confidence) for row in table.to_dict("records")
    ]
    return table


_BY_TASK = [
    "task", "difference", "low", "high", "probability", "probability_low", "probability_high", "p_value",
]  # fmt: skip


def words(low: float, high: float, p_value: float, confidence: float = 0.95) -> str:
    """The verdict: both the interval and the test have to exclude that there is no difference."""
    if p_value > 1 - confidence or low <= 0 <= high:
        return "cannot be told apart"
    return "better" if low > 0 else "worse"


@dataclass(frozen=True, slots=True)
class _Task:
    """The scores of two agents on one task, what is missing left out."""

    name: str
    x: Floats
    y: Floats
    left_out: int


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Difference and probability of improvement: estimates (2,) and draws (resamples, 2).

    `null` is the difference when the two are exchanged at random (permutations,).
    """

    estimate: Floats
    draws: Floats
    null: Floats

    @staticmethod
    def mean(parts: Sequence[_Drawn], shares: Floats) -> _Drawn:
        """The mean over tasks, which are independent of one another."""

        def weighted(values: Iterator[Floats]) -> Floats:
            return np.asarray(sum(share * value for share, value in zip(shares, values, strict=True)))

        return _Drawn(
            weighted(part.estimate for part in parts),
            weighted(part.draws for part in parts),
            weighted(part.null for part in parts),
        )


def _table(drawn: _Drawn, confidence: float) -> pd.DataFrame:
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn.draws, [tail, 1 - tail], axis=0)
    low[1], high[1] = np.clip([low[1], high[1]], 0, 1)
    return pd.DataFrame(
        {
            "metric": ["difference", "probability_of_improvement"],
            "estimate": drawn.estimate,
            "low": low,
            "high": high,
            "p_value": [_p_value(drawn.null, drawn.estimate[0]), np.nan],
        }
    )


def _shares(tasks: Sequence[str], weights: Mapping[str, float] | None) -> Floats:
    raw = np.array([1.0 if weights is None else weights[task] for task in tasks])
    return np.asarray(raw / raw.sum())


def _prepare(task: str, x: Floats, y: Floats, paired: bool) -> _Task:
    if paired and len(x) != len(y):
        raise ValueError(f"task {task!r}: {len(x)} and {len(y)} runs cannot be paired")
    there = len(x) + len(y)
    x, y = _kept(x, y, paired)
    if min(len(x), len(y)) < 2:
        raise ValueError(f"task {task!r} has fewer than two runs to compare")
    return _Task(task, x, y, there - len(x) - len(y))


def _kept(x: Floats, y: Floats, paired: bool) -> tuple[Floats, Floats]:
    """Without what is missing; a pair goes as a whole."""
    if not paired:
        return x[~np.isnan(x)], y[~np.isnan(y)]
    both = ~(np.isnan(x) | np.isnan(y)) if len(x) == len(y) else np.zeros(0, dtype=bool)
    return (x[both], y[both]) if len(both) else (x[:0], y[:0])


def _widening(*sizes: int) -> float:
    """√ of the unbiased over the resampled variance (see `scorers.aggregates`), both sides' mean."""
    return float(np.sqrt(np.mean([n / (n - 1) for n in sizes])))


def _paired(task: _Task, rng: np.random.Generator, resamples: int, permutations: int) -> _Drawn:
    differences = task.x - task.y
    n = len(differences)
    values = np.stack([differences, (differences > 0) + 0.5 * (differences == 0)])
    estimate = values.mean(axis=1)
    draws, null = np.empty((resamples, 2)), np.empty(permutations)
    for part in _batches(resamples, 2 * n):
        index = rng.integers(0, n, (part.stop - part.start, n))
        draws[part] = values[:, index].mean(axis=2).T
    for part in _batches(permutations, n):
        signs = rng.integers(0, 2, (part.stop - part.start, n), dtype=np.int8) * 2 - 1
        null[part] = signs @ differences / n
    return _Drawn(estimate, estimate + _widening(n) * (draws - estimate), null)


def _independent(task: _Task, rng: np.random.Generator, resamples: int, permutations: int) -> _Drawn:
    x, y = task.x, task.y
    wins = wins_of(x, y)
    estimate = np.array([x.mean() - y.mean(), wins.mean()])
    draws, null = np.empty((resamples, 2)), np.empty(permutations)
    for part in _batches(resamples, len(x) + len(y)):
        # A resample is how often each run was drawn; it then needs no second look at the scores.
        counts_x, counts_y = (counts_of(part.stop - part.start, len(v), rng) / len(v) for v in (x, y))
        deviation_x, deviation_y = counts_x @ (x - x.mean()), counts_y @ (y - y.mean())
        draws[part, 0] = _widening(len(x)) * deviation_x - _widening(len(y)) * deviation_y
        draws[part, 1] = np.einsum("rj,rj->r", counts_x @ wins, counts_y) - estimate[1]
    draws[:, 1] *= _widening(len(x), len(y))
    pooled, n, m = np.concatenate([x, y]), len(x), len(y)
    for part in _batches(permutations, n + m):
        # The n smallest of random keys: as good as a shuffle, and vectorised.
        first = np.argsort(rng.random((part.stop - part.start, n + m)), axis=1)[:, :n]
        null[part] = pooled[first].sum(axis=1) * (1 / n + 1 / m) - pooled.sum() / m
    return _Drawn(estimate, estimate + draws, null)


def _batches(count: int, width: int) -> Iterator[slice]:
    """Slices of a range, each of so many rows as fit into memory."""
    size = max(1, _BATCH_BYTES // (8 * width))
    return (slice(begun, min(begun + size, count)) for begun in range(0, count, size))


def _p_value(null: NDArray[np.float64], observed: float) -> float:
    """Two-sided; the observed arrangement counts as one (Phipson and Smyth 2010), so it is never 0."""
    extreme = np.abs(null) >= abs(observed) - 1e-12
    return float((extreme.sum() + 1) / (len(null) + 1))
