"""Scores of one agent as strata, one for each task, and the stratified bootstrap over them.

A stratum holds the scores of a task's runs; strata may differ in size. Runs are resampled with
replacement within each stratum, independently (Agarwal et al. 2021, "Deep Reinforcement Learning at
the Edge of the Statistical Precipice", and its library rliable). All statistics of an agent come
from one and the same draw of indices.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_BATCH_BYTES = 1 << 18
"""Bytes of resampled scores made at once: small enough to stay in a core's cache.

It is part of what a seed means: the generator's draws are spread over scores batch by batch.
"""
_SHORT = 1 << 16
"""Below this many runs 16 random bits choose one, which costs half of what a float does."""


@dataclass(frozen=True)
class Strata:
    """Scores one after the other, task by task; `sizes` is how many each task has.

    `values` has one number a run, or one row of them (points of a curve) that stay together.
    `missing` counts the NaN of each task, which are in no statistic and have to be shown.
    """

    tasks: tuple[str, ...]
    values: Floats
    sizes: NDArray[np.intp]
    missing: NDArray[np.intp]

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """Where each task's scores begin."""
        return np.concatenate(([0], np.cumsum(self.sizes)[:-1])).astype(np.intp)

    @cached_property
    def rectangular(self) -> bool:
        """Whether every task has as many runs."""
        return bool((self.sizes == self.sizes[0]).all())

    def indices(self, count: int, rng: np.random.Generator) -> Iterator[Indices]:
        """`count` resamples in batches of shape (batch, scores): which of `values` stand in for them."""
        size = len(self.values)
        batch = max(1, _BATCH_BYTES // (8 * size))
        offsets = np.repeat(self.starts, self.sizes)
        for begun in range(0, count, batch):
            yield self._chosen((min(batch, count - begun), size), rng) + offsets

    def _chosen(self, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[Any]:
        """A run within its task for each score of each resample."""
        if self.rectangular and self.sizes[0] < _SHORT:
            return rng.integers(0, self.sizes[0], shape, dtype=np.uint16)
        runs = np.repeat(self.sizes, self.sizes)
        # A float just below n can round up to n when multiplied; the minimum keeps the index in.
        return np.minimum((rng.random(shape) * runs).astype(np.intp), runs - 1)


def strata(scores: ArrayLike | Mapping[str, ArrayLike]) -> Strata:
    """Strata of a runs × tasks array, or of a mapping task → scores. NaN counts as missing.

    Each task's scores are sorted, and so are the tasks of a mapping: the order in which runs and
    tasks arrive then moves no number, not even by the chance of the draw.

    Raises:
        ValueError: there is no task, a task has no score at all, or a score is infinite.
    """
    columns = _columns(scores)
    if not columns:
        raise ValueError("no scores: there is no task")
    tasks = tuple(sorted(columns)) if isinstance(scores, Mapping) else tuple(columns)
    values = [_present(task, columns[task]) for task in tasks]
    sizes = np.array([len(column) for column in values], dtype=np.intp)
    missing = np.array([len(columns[task]) for task in tasks], dtype=np.intp) - sizes
    return Strata(tasks, np.concatenate(values), sizes, missing)


def _present(task: str, column: Floats) -> Floats:
    present = np.sort(column[~np.isnan(column)])
    if not len(present):
        raise ValueError(f"task {task!r} has no score")
    if np.isinf(present).any():
        raise ValueError(f"task {task!r} has an infinite score")
    return present


def _columns(scores: Any) -> dict[str, Floats]:
    if isinstance(scores, Mapping):
        return {
            str(task): np.atleast_1d(np.asarray(column, dtype=np.float64)) for task, column in scores.items()
        }
    matrix = np.asarray(scores, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"expected a runs × tasks array, got {matrix.ndim} dimension(s)")
    return {str(task): matrix[:, task] for task in range(matrix.shape[1])}


def stream(seed: int, *names: str) -> np.random.Generator:
    """The generator that belongs to a name: adding another name does not move this one's draws."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def task_means(values: Floats, data: Strata) -> Floats:
    """Means of the strata of each row: (rows, scores) → (rows, tasks)."""
    if data.rectangular:
        by_task = values.reshape(len(values), len(data.sizes), data.sizes[0])
        # NumPy's sum is slow along a short axis; einsum's is not.
        return np.asarray(np.einsum("rts->rt", by_task) / data.sizes)
    return np.asarray(np.add.reduceat(values, data.starts, axis=1) / data.sizes)
