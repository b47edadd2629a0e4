"""Scores of one agent as strata, one for each task, and the stratified bootstrap over them.

A stratum holds the scores of a task's runs; strata may differ in size. Runs are resampled with
replacement within each stratum, independently (Agarwal et al. 2021, "Deep Reinforcement Learning at
the Edge of the Statistical Precipice", and its library rliable). All statistics of an agent come
from one and the same draw of indices.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_BATCH_BYTES = 1 << 18
"""Bytes of resampled scores made at once: small enough to stay in a core's cache."""


@dataclass(frozen=True, slots=True)
class Strata:
    """Scores one after the other, task by task; `sizes` is how many each task has.

    `missing` counts the NaN of each task, which are in no statistic and have to be shown.
    """

    tasks: tuple[str, ...]
    values: Floats
    sizes: NDArray[np.intp]
    missing: NDArray[np.intp]

    @property
    def starts(self) -> NDArray[np.intp]:
        """Where each task's scores begin."""
        return np.concatenate(([0], np.cumsum(self.sizes)[:-1])).astype(np.intp)

    @property
    def rectangular(self) -> bool:
        """Whether every task has as many runs."""
        return bool((self.sizes == self.sizes[0]).all())

    def resample(self, count: int, rng: np.random.Generator) -> Iterator[Floats]:
        """`count` resamples in batches of shape (batch, scores)."""
        size = len(self.values)
        batch = max(1, _BATCH_BYTES // (8 * size))
        repeats = np.repeat(self.sizes, self.sizes).astype(np.float64)
        offsets = np.repeat(self.starts, self.sizes)
        for begun in range(0, count, batch):
            uniform = rng.random((min(batch, count - begun), size))
            # A float just below n can round up to n when multiplied; the minimum keeps the index in.
            index = np.minimum((uniform * repeats).astype(np.intp), repeats.astype(np.intp) - 1)
            yield self.values[index + offsets]


def strata(scores: ArrayLike | Mapping[str, ArrayLike]) -> Strata:
    """Strata of a runs × tasks array, or of a mapping task → scores. NaN counts as missing.

    Raises:
        ValueError: there is no task, a task has no score at all, or a score is infinite.
    """
    columns = _columns(scores)
    if not columns:
        raise ValueError("no scores: there is no task")
    values, missing = [], []
    for task, column in columns.items():
        absent = np.isnan(column)
        if absent.all():
            raise ValueError(f"task {task!r} has no score")
        if np.isinf(column).any():
            raise ValueError(f"task {task!r} has an infinite score")
        values.append(column[~absent])
        missing.append(int(absent.sum()))
    sizes = np.array([len(column) for column in values], dtype=np.intp)
    return Strata(tuple(columns), np.concatenate(values), sizes, np.array(missing, dtype=np.intp))


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


def task_means(values: Floats, sizes: Sequence[int] | NDArray[np.intp]) -> Floats:
    """Means of the strata of each row: (…, scores) → (…, tasks)."""
    sizes = np.asarray(sizes)
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    return np.asarray(np.add.reduceat(values, starts, axis=-1) / sizes)
