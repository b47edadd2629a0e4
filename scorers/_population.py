"""Which other scores an interval speaks of: the same tasks with new seeds, or tasks like these."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np

from scorers._strata import Floats, Indices, Strata

Population = Literal["these tasks", "tasks like these"]
Statistics = Callable[[Indices, Strata], Floats]
"""(resamples, scores) indices → (resamples, statistics)."""

_BATCH = 256
"""Resamples made at once."""


def draws_of_tasks(
    statistics: Statistics, data: Strata, resamples: int, rng: np.random.Generator, *, runs: bool
) -> Iterator[Floats]:
    """Statistics of resamples of whole tasks, batch by batch.

    With `runs` the runs of each drawn task are resampled too, as rliable's ``task_bootstrap`` does. That
    counts the noise of runs twice, since the means of tasks hold it already; without, the resamples of the
    mean have (M−1)/M of the variance of the mean of M tasks.
    """
    tasks = len(data.tasks)
    for begun in range(0, resamples, _BATCH):
        drawn = rng.integers(0, tasks, (min(_BATCH, resamples - begun), tasks))
        if data.rectangular:
            size = int(data.sizes[0])
            shape = (*drawn.shape, size)
            run = rng.integers(0, size, shape) if runs else np.broadcast_to(np.arange(size), shape)
            yield statistics((data.starts[drawn][:, :, None] + run).reshape(len(drawn), -1), data)
        else:
            yield np.concatenate([_ragged(statistics, data, row, rng, runs) for row in drawn])


def _ragged(
    statistics: Statistics, data: Strata, drawn: Indices, rng: np.random.Generator, runs: bool
) -> Floats:
    """One resample where tasks differ in their number of runs, and so do resamples."""
    sizes = data.sizes[drawn]
    run = [rng.integers(0, n, n) if runs else np.arange(n) for n in sizes]
    values = data.values[
        np.concatenate([start + r for start, r in zip(data.starts[drawn], run, strict=True)])
    ]
    made = Strata(data.tasks, values, sizes, np.zeros_like(sizes))
    return statistics(np.arange(len(values))[None, :], made)
