"""A comparison that may be looked at after every episode, and stopped when it is decided.

A bet against a mean m pays 1 + λ (x − m) on each x in [0, 1]: on average nothing, if m is the mean, however
the bets were chosen before. So whoever starts with 1 comes to 1/α ever, at any time, with a chance of at
most α (Ville), and the means m against which nobody has won so much are a confidence sequence: it holds at
all looks at once (I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by betting",
J. R. Statist. Soc. B 86, 2024, arXiv 2010.09686). Ours is their hedged capital (half the money says that the
mean is larger, half that it is smaller) with a mixture of constant bets (their grid Kelly): each half is
spread over `BETS`, λ = bet / m.

For the mean over tasks, all differences of a round (a pair for each task) are multiplied. They are
independent, so that the average payment of a round is Π_t (1 + λ (μ_t − m)) ≤ (1 + λ (μ̄ − m))^T: the
geometric mean is at most the arithmetic one. At m = μ̄ that is 1: the sequence is one for the mean over
tasks, though the tasks' own means differ. It decides sooner than bets on the mean of a round would, which
can stake no more on a round than these on each of its pairs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from scorers._strata import Floats, _columns

BETS: Floats = 0.95 * 2.0 ** (-np.arange(12) / 2)
"""Parts of the money that are staked, from bold (large differences, little noise) to careful: 0.95 … 0.02."""

_GRID = 1001
"""Means that are tried; odd, so that no difference at all is one of them."""
_TASKS = 40


def sequential(
    a: ArrayLike | Mapping[str, ArrayLike],
    b: ArrayLike | Mapping[str, ArrayLike],
    *,
    confidence: float = 0.95,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> pd.DataFrame:
    """What can be said of a − b after each round, at all rounds at once with the stated confidence.

    The n-th round is the n-th pair of every task; a round that not every task has a pair for is left out.
    Tasks have to be independent of one another, pairs in the order of play, and that order settled without
    looking at scores. Look as often as you like, and stop when `decided`.

    Args:
        a: runs × tasks, or task → scores in the order of play.
        b: the same; run i of a task is the same seed in both. A pair with a NaN is left out.
        confidence: that all intervals hold the mean over tasks of the true differences.
        bounds: the least and the largest score that there can be.

    Returns:
        ``n, estimate, low, high, decided``, a row a round: the mean difference so far, the interval (each
        within those before; its ends are excluded themselves), and whether that leaves out 0. Betting
        confidence sequence of Waudby-Smith and Ramdas 2024 (this module's docstring has the formula).

    Raises:
        ValueError: no task in common, unequal numbers of runs, or a score outside of the bounds.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")
    differences = rounds(a, b, bounds)
    reach = bounds[1] - bounds[0]
    low, high = (reach * end for end in _intervals(differences / reach, 1 - confidence))
    return pd.DataFrame(
        {
            "n": np.arange(1, len(differences) + 1),
            "estimate": differences.mean(axis=1).cumsum() / np.arange(1, len(differences) + 1),
            "low": low,
            "high": high,
            "decided": (low >= 0) | (high <= 0),
        }
    )


def rounds(
    a: ArrayLike | Mapping[str, ArrayLike],
    b: ArrayLike | Mapping[str, ArrayLike],
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Floats:
    """The differences a − b of the rounds that are whole, rounds × tasks; raises as `sequential`."""
    left, right = _columns(a), _columns(b)
    shared = [task for task in left if task in right]
    if not shared:
        raise ValueError("the two have no task in common")
    columns = [_differences(task, left[task], right[task], bounds) for task in shared]
    whole = min(map(len, columns))
    return np.stack([column[:whole] for column in columns], axis=1)


def _differences(task: str, x: Floats, y: Floats, bounds: tuple[float, float]) -> Floats:
    if len(x) != len(y):
        raise ValueError(f"task {task!r}: {len(x)} and {len(y)} runs cannot be paired")
    both = np.concatenate([x, y])
    if (both < bounds[0]).any() or (both > bounds[1]).any():
        raise ValueError(f"task {task!r} has a score outside of {bounds[0]:g} to {bounds[1]:g}")
    return (x - y)[~np.isnan(x - y)]


def log_money(differences: Floats, mean: ArrayLike = 0.0) -> Floats:
    """What the half has come to that says that the mean is larger, from 1, as a logarithm.

    Args:
        differences: (…, rounds, tasks), each in [−1, 1].
        mean: that it bets against; of the shape (…).

    Returns:
        (…, rounds). For the other half negate both.
    """
    return _mixed(np.cumsum(_log_payments(differences, mean), axis=-2))


def _log_payments(differences: Floats, mean: ArrayLike) -> Floats:
    """Of each round and bet: (…, rounds, tasks) → (…, rounds, bets)."""
    x, m = (differences + 1) / 2, (np.asarray(mean, dtype=np.float64) + 1) / 2
    ratio = x / m[..., None, None] - 1
    # Products of a few tasks stay far from what a float can hold, and one logarithm is dearer than they are.
    parts = [ratio[..., begun : begun + _TASKS] for begun in range(0, ratio.shape[-1], _TASKS)]
    pays = [sum(np.log(np.prod(1 + bet * part, axis=-1)) for part in parts) for bet in BETS]
    return np.stack(pays, axis=-1)


def _mixed(log_bets: Floats) -> Floats:
    """The logarithm of the mean over bets."""
    most = log_bets.max(axis=-1)
    return np.asarray(most + np.log(np.exp(log_bets - most[..., None]).mean(axis=-1)))


def _intervals(differences: Floats, alpha: float) -> tuple[Floats, Floats]:
    """The ends after each round: the outermost means of the grid that are excluded, −1 and 1 at first."""
    low = _excluded_below(differences, alpha)
    return low, -_excluded_below(-differences, alpha)


def rounds_to_go(differences: Floats, *, confidence: float = 0.95) -> float:
    """How many rounds more decide it, if they go as those so far went; infinite where those say nothing.

    The money of the half that is ahead is taken to grow as under the best constant bet on the past, which
    tells too much of it: a lower guess.
    """
    if not len(differences):
        return math.inf
    ahead = differences if differences.mean() >= 0 else -differences
    growth = _log_payments(ahead, 0.0).mean(axis=-2).max()
    missing = math.log(2 / (1 - confidence)) - log_money(ahead)[-1]
    return max(1.0, math.ceil(missing / growth)) if growth > 0 else math.inf


def _excluded_below(differences: Floats, alpha: float) -> Floats:
    """After each round the largest mean that was ever bet out of; below it all are.

    What a bet pays falls with the mean that it is laid against, so one end is all that has to be found.
    """
    grid = np.linspace(-1, 1, _GRID)[1:]  # at −1 the bet has nothing to win
    money = np.zeros((len(grid), len(BETS)))
    most, ends = -1.0, []
    for one in differences:
        money += _log_payments(one[None, None, :], grid)[:, 0, :]
        lost = grid[_mixed(money) >= math.log(2 / alpha)]
        most = max(most, *lost[-1:]) if len(lost) else most
        ends.append(most)
    return np.array(ends, dtype=np.float64)
