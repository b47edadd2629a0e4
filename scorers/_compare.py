"""Is one agent better than another: differences with intervals, on the same seeds where there are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from scorers._strata import Floats, _columns, stream

_PERMUTATIONS = 10_000


def compare(
    a: ArrayLike | Mapping[str, ArrayLike],
    b: ArrayLike | Mapping[str, ArrayLike],
    *,
    paired: bool = True,
    resamples: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare two agents' scores on the tasks that both have.

    Args:
        a: runs × tasks, or task → scores.
        b: the same; where `paired`, run i of a task is the same seed in both.
        paired: pair run by run (a pair with a missing half is left out); else the two are independent.
        resamples: bootstrap resamples of runs within each task.
        seed: of the generator.
        confidence: nominal coverage.

    Returns:
        ``metric, estimate, low, high, p_value``: the difference of means (a − b) with a corrected
        stratified interval and a two-sided permutation p-value (signs of pairs flipped, or runs
        exchanged, within each task), and the probability of improvement P(a > b) + ½ P(a = b), the
        mean over tasks (for pairs: of the same seed; else of all pairs of runs, Mann–Whitney).

    Raises:
        ValueError: no task in common, or paired runs of different number.
    """
    left, right = _columns(a), _columns(b)
    shared = [task for task in left if task in right]
    if not shared:
        raise ValueError("the two have no task in common")
    pairs = [_prepare(task, left[task], right[task], paired) for task in shared]
    rng = stream(seed, "compare")
    rows = _paired(pairs, rng, resamples) if paired else _independent(pairs, rng, resamples)
    estimate, draws, p_value = rows
    widen = np.sqrt(np.mean([_factor(len(x), len(y)) for x, y in pairs]))
    tail = (1 - confidence) / 2
    low, high = np.quantile(estimate + widen * (draws - estimate), [tail, 1 - tail], axis=0)
    low[1], high[1] = np.clip([low[1], high[1]], 0, 1)
    table = pd.DataFrame(
        {
            "metric": ["difference", "probability_of_improvement"],
            "estimate": estimate,
            "low": low,
            "high": high,
            "p_value": [p_value, np.nan],
        }
    )
    table.attrs = {"tasks": shared, "paired": paired, "words": words(low[0], high[0])}
    return table


def words(low: float, high: float) -> str:
    """What an interval of the difference says."""
    if low > 0:
        return "better"
    return "worse" if high < 0 else "cannot be told apart"


def _prepare(task: str, x: Floats, y: Floats, paired: bool) -> tuple[Floats, Floats]:
    if paired:
        if len(x) != len(y):
            raise ValueError(f"task {task!r}: {len(x)} and {len(y)} runs cannot be paired")
        both = ~(np.isnan(x) | np.isnan(y))
        x, y = x[both], y[both]
    else:
        x, y = x[~np.isnan(x)], y[~np.isnan(y)]
    if min(len(x), len(y)) < 2:
        raise ValueError(f"task {task!r} has fewer than two runs to compare")
    return x, y


def _factor(n: int, m: int) -> float:
    return (n / (n - 1) + m / (m - 1)) / 2


def _paired(
    pairs: list[tuple[Floats, Floats]], rng: np.random.Generator, resamples: int
) -> tuple[Floats, Floats, float]:
    differences = [x - y for x, y in pairs]
    wins = [(d > 0) + 0.5 * (d == 0) for d in differences]
    estimate = np.array([np.mean([d.mean() for d in differences]), np.mean([w.mean() for w in wins])])
    draws = np.zeros((resamples, 2))
    flipped = np.zeros(_PERMUTATIONS)
    for d, w in zip(differences, wins, strict=True):
        index = rng.integers(0, len(d), (resamples, len(d)))
        draws += np.stack([d[index].mean(axis=1), w[index].mean(axis=1)], axis=1) / len(pairs)
        signs = rng.choice([-1.0, 1.0], (_PERMUTATIONS, len(d)))
        flipped += (signs * d).mean(axis=1) / len(pairs)
    return estimate, draws, _p_value(flipped, estimate[0])


def _independent(
    pairs: list[tuple[Floats, Floats]], rng: np.random.Generator, resamples: int
) -> tuple[Floats, Floats, float]:
    estimate = np.zeros(2)
    draws = np.zeros((resamples, 2))
    exchanged = np.zeros(_PERMUTATIONS)
    for x, y in pairs:
        kernel = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
        estimate += np.array([x.mean() - y.mean(), kernel.mean()]) / len(pairs)
        # A resample is how often each run was drawn; the kernel then needs no second look at scores.
        cx = rng.multinomial(len(x), np.full(len(x), 1 / len(x)), resamples) / len(x)
        cy = rng.multinomial(len(y), np.full(len(y), 1 / len(y)), resamples) / len(y)
        draws[:, 0] += (cx @ x - cy @ y) / len(pairs)
        draws[:, 1] += np.einsum("ri,ij,rj->r", cx, kernel, cy, optimize=True) / len(pairs)
        pooled = np.tile(np.concatenate([x, y]), (_PERMUTATIONS, 1))
        shuffled = rng.permuted(pooled, axis=1)
        exchanged += (shuffled[:, : len(x)].mean(axis=1) - shuffled[:, len(x) :].mean(axis=1)) / len(pairs)
    return estimate, draws, _p_value(exchanged, estimate[0])


def _p_value(null: Floats, observed: float) -> float:
    """Two-sided; the observed arrangement counts as one (Phipson and Smyth 2010), so it is never 0."""
    extreme = np.abs(null) >= abs(observed) - 1e-12
    return float((extreme.sum() + 1) / (len(null) + 1))
