"""How likely a run of one agent beats a run of another, where the runs share no seeds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from scorers._strata import Floats, Strata, strata, stream

_BATCH_BYTES = 1 << 20
"""Bytes of counts made at once. It is part of what a seed means, as in `scorers._strata`."""


def probability_of_improvement(
    x: ArrayLike | Mapping[str, ArrayLike],
    y: ArrayLike | Mapping[str, ArrayLike],
    *,
    resamples: int = 2_000,
    seed: int = 0,
) -> tuple[float, Floats]:
    """P(X > Y) + ½ P(X = Y) over all pairs of runs, the mean over tasks, and its bootstrap draws.

    As in rliable it is U / (n m) of Mann and Whitney for each task; a resample draws the runs of both
    anew, independently and within each task.

    Args:
        x: runs × tasks, or task → scores; run counts may differ.
        y: the same. Of two mappings the tasks in common count.
        resamples: how many draws.
        seed: of the draws.

    Returns:
        The estimate, and its draws of shape (resamples,), as they are: not widened.

    Raises:
        ValueError: no task in common, arrays of a different number of tasks, a missing or an infinite
            score.
    """
    left, right = _shared(x, y)
    rng = stream(seed, "improvement")
    tasks = list(zip(_split(left), _split(right), strict=True))
    estimate = float(np.mean([wins_of(a, b).mean() for a, b in tasks]))
    draws = np.zeros(resamples)
    for a, b in tasks:
        draws += _resampled(wins_of(a, b), resamples, rng)
    return estimate, draws / len(tasks)


def _shared(
    x: ArrayLike | Mapping[str, ArrayLike], y: ArrayLike | Mapping[str, ArrayLike]
) -> tuple[Strata, Strata]:
    left, right = strata(x), strata(y)
    for data in (left, right):
        if data.missing.any():
            task = data.tasks[int(np.flatnonzero(data.missing)[0])]
            raise ValueError(f"task {task!r} has a missing score: leave it out and say so")
    if left.tasks == right.tasks:
        return left, right
    if not (isinstance(x, Mapping) and isinstance(y, Mapping)):
        raise ValueError(f"the two have {len(left.tasks)} and {len(right.tasks)} tasks")
    both = [task for task in left.tasks if task in right.tasks]
    if not both:
        raise ValueError("the two have no task in common")
    return strata({task: x[task] for task in both}), strata({task: y[task] for task in both})


def _split(data: Strata) -> list[Floats]:
    return np.split(data.values, data.starts[1:])


def wins_of(a: Floats, b: Floats) -> Floats:
    """What each run of one scores against each of the other: 1, ½ for a tie, 0."""
    return np.asarray((a[:, None] > b) + 0.5 * (a[:, None] == b))


def _resampled(wins: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    # A resample is how often each run was drawn; it then needs no second look at the scores.
    n, m = wins.shape
    batch = max(1, _BATCH_BYTES // (8 * (n + m)))
    draws = [
        np.einsum("rj,rj->r", counts_of(rows, n, rng) @ wins, counts_of(rows, m, rng))
        for rows in (min(batch, resamples - begun) for begun in range(0, resamples, batch))
    ]
    return np.asarray(np.concatenate(draws) / (n * m))


def counts_of(rows: int, runs: int, rng: np.random.Generator) -> Floats:
    """(rows, runs): how often each run is in each resample."""
    chosen = rng.integers(0, runs, (rows, runs), dtype=np.uint32) + runs * np.arange(rows)[:, None]
    return np.bincount(chosen.ravel(), minlength=rows * runs).reshape(rows, runs).astype(np.float64)
