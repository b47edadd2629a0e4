"""How many episodes show a difference, and what difference so many episodes can show.

The mean over T tasks of the differences of two agents has the variance Σ σ_t² / n_t / T², and

    n = (z_{1−α/2} + z_{1−β})² · σ² / δ²

episodes show a difference δ with power 1 − β (E. Miller 2024, "Adding Error Bars to Evals",
arXiv 2411.00640), where σ² is the variance of the differences of the same seeds, or, where the two
play other seeds, the sum of both variances. That takes the variance to be known. It is estimated, so
here the power is that of Student's t: non-central, with the degrees of freedom of Satterthwaite
(Biometrics Bulletin 2, 1946) that several strata leave.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import chi2, nct, norm
from scipy.stats import t as student

from scorers._strata import Floats

CAUTION = 0.8
"""Confidence of the upper bound on a pilot's variance (Browne 1995)."""

_MOST = 1e9
"""More episodes than anybody will play."""
_NORMAL = 1e5
"""Degrees of freedom from which Student's t is the normal distribution, to five digits."""


def episodes_needed(
    difference: float, deviations: ArrayLike, *, power: float = 0.8, confidence: float = 0.95
) -> int:
    """Episodes a task that each agent has to play for a difference of means to be seen.

    Miller's n = (z_{1−α/2} + z_{1−β})² σ² / δ² (arXiv 2411.00640) with σ² = Σ σ_t² / T, corrected for
    a variance that is estimated: the fewest episodes whose two-sided t-test has the power.

    Args:
        difference: of the means over tasks, δ.
        deviations: standard deviations within tasks. One number: of one task; shape (tasks,): of the
            differences of the same seeds; shape (tasks, 2): of two agents that play other seeds.
        power: the chance to see it, 1 − β.
        confidence: of the test, 1 − α.

    Returns:
        As many for every task, at least 2.

    Raises:
        ValueError: an argument is out of its range, or more than a billion episodes are needed.
    """
    difference = abs(difference)
    if not 0 < difference < math.inf:
        raise ValueError(f"a difference of {difference} cannot be planned for; it must not be 0")
    _check(power, confidence)
    error, _ = spread(deviations, 2)
    known = float(2 * (error * (norm.ppf(0.5 + confidence / 2) + norm.ppf(power)) / difference) ** 2)
    if known > _MOST:
        raise ValueError(f"a difference of {difference:g} needs more than a billion episodes a task")
    # Where the variance is known fewer are enough, so the answer is at most a few above.
    episodes = max(2, math.floor(known) - 1)
    while chance_to_see(difference, deviations, episodes, confidence=confidence) < power:
        episodes += 1
    return episodes


def detectable_difference(
    deviations: ArrayLike, episodes: ArrayLike, *, power: float = 0.8, confidence: float = 0.95
) -> float:
    """The smallest difference of means that so many episodes show with the power.

    δ = (non-centrality of the t-test that has the power) · √(Σ σ_t² / n_t) / T; the formula of Miller
    (arXiv 2411.00640) solved for δ, with Student's t.

    Args:
        deviations: standard deviations within tasks, as for `episodes_needed`.
        episodes: of each agent; one number, or of the shape of `deviations`, or one a task.
        power: the chance to see it.
        confidence: of the test.

    Raises:
        ValueError: an argument is out of its range.
    """
    _check(power, confidence)
    error, freedom = spread(deviations, episodes)
    if error == 0:
        return 0.0
    plain = norm.ppf(0.5 + confidence / 2) + norm.ppf(power)

    def lacks(centre: float) -> float:
        return _power(centre, freedom, confidence) - power

    most = plain
    while lacks(most) < 0:
        most *= 2
    return float(brentq(lacks, 0.0, most)) * error if lacks(0.0) < 0 else 0.0


def chance_to_see(
    difference: float, deviations: ArrayLike, episodes: ArrayLike, *, confidence: float = 0.95
) -> float:
    """The power of the two-sided t-test of a difference of means; arguments as `detectable_difference`."""
    error, freedom = spread(deviations, episodes)
    return 1.0 if error == 0 else _power(abs(difference) / error, freedom, confidence)


def allocation(
    difference: float, deviations: ArrayLike, *, power: float = 0.8, confidence: float = 0.95
) -> list[int]:
    """Episodes of each task in proportion to its deviation: the fewest in all that have the power.

    J. Neyman's allocation (J. R. Statist. Soc. 97, 1934), with at least two episodes a task.
    """
    weights = np.sqrt((_checked(deviations) ** 2).sum(axis=1))
    weights = weights / weights.sum() if weights.sum() else weights

    def shared(total: int) -> Floats:
        return np.asarray(np.maximum(2.0, np.ceil(total * weights)))

    def enough(total: int) -> bool:
        return chance_to_see(difference, deviations, shared(total), confidence=confidence) >= power

    equal = episodes_needed(difference, deviations, power=power, confidence=confidence)
    low, high = 0, len(weights) * equal
    while not enough(high):  # in proportion there are fewer degrees of freedom
        high += len(weights)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return [int(count) for count in shared(high)]


def next_episode(deviations: ArrayLike, episodes: ArrayLike) -> int:
    """The task whose next episode takes most off the variance of the mean: the largest σ² / (n (n + 1)).

    Giving every episode to that task leads to Neyman's allocation (T. Wright, American Statistician 66,
    2012).
    """
    sd = _checked(deviations)
    n = _counts(episodes, sd)
    return int(np.argmax((sd**2 / (n * (n + 1))).sum(axis=1)))


def cautious(deviations: ArrayLike, episodes: ArrayLike, confidence: float = CAUTION) -> Floats:
    """Upper bounds on the true deviations behind a pilot's, (tasks, …), with a one-sided confidence.

    All times √(ν / χ²_{1−confidence, ν}), ν the pilot's degrees of freedom (Satterthwaite's where there
    are several tasks): who plans with the bound has at least the power with that confidence (R. H. Browne,
    Statistics in Medicine 14, 1995, who advises 80 %). Where n episodes were all equal, another outcome, a
    whole point away, may still have a chance of p = 1 − (1 − confidence)^(1/n) (Clopper and Pearson's
    bound for none of n), which makes the deviation √(p (1 − p)).
    """
    sd = _checked(deviations)
    n = _counts(episodes, sd)
    unseen = np.minimum(0.5, 1 - (1 - confidence) ** (1 / n))
    equal = np.sqrt(unseen * (1 - unseen))
    if not sd.any():
        return np.asarray(equal)
    variances = sd**2 / (sd**2).sum()
    freedom = 1 / (variances**2 / (n - 1)).sum()
    return np.where(sd > 0, sd * math.sqrt(freedom / chi2.ppf(1 - confidence, freedom)), equal)


def spread(deviations: ArrayLike, episodes: ArrayLike) -> tuple[float, float]:
    """The standard error of the mean over tasks, and its degrees of freedom."""
    sd = _checked(deviations)
    n = _counts(episodes, sd)
    parts = sd**2 / n / len(sd) ** 2
    if not parts.sum():
        return 0.0, math.inf
    # Divided first, so that squares of small numbers do not vanish.
    return math.sqrt(parts.sum()), float(1 / ((parts / parts.sum()) ** 2 / (n - 1)).sum())


def _checked(deviations: ArrayLike) -> Floats:
    """Standard deviations as tasks × what is averaged in each (differences, or two agents)."""
    sd = np.asarray(deviations, dtype=np.float64)
    sd = sd.reshape(-1, 1) if sd.ndim < 2 else sd
    if sd.ndim != 2 or not sd.size or not np.isfinite(sd).all() or (sd < 0).any():
        raise ValueError("deviations are numbers of at least 0: one, or (tasks,), or (tasks, agents)")
    return sd


def _counts(episodes: ArrayLike, sd: Floats) -> Floats:
    n = np.asarray(episodes, dtype=np.float64)
    n = np.broadcast_to(n[:, None] if n.ndim == 1 else n, sd.shape)
    if not (np.isfinite(n).all() and (n >= 2).all()):
        raise ValueError("each task needs at least 2 episodes")
    return n


def _check(power: float, confidence: float) -> None:
    for name, value in (("power", power), ("confidence", confidence)):
        if not 0 < value < 1:
            raise ValueError(f"{name} {value} is not between 0 and 1")


def _power(centre: float, freedom: float, confidence: float) -> float:
    """Of a two-sided t-test with a non-centrality."""
    if freedom > _NORMAL:
        critical = norm.ppf(0.5 + confidence / 2)
        return float(norm.sf(critical - centre) + norm.cdf(-critical - centre))
    critical = student.ppf(0.5 + confidence / 2, freedom)
    # The other tail is a number close to 0 that SciPy's nct cannot always give.
    other = nct.cdf(-critical, freedom, centre)
    return float(nct.sf(critical, freedom, centre) + (0.0 if np.isnan(other) else other))
