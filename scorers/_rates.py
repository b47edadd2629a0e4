"""Intervals of success rates: never ± 0.00 for none or all of n."""

from __future__ import annotations

import math

from scipy.stats import beta, norm


def wilson(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval (E. B. Wilson, JASA 22, 1927); close to nominal on average at small n."""
    _check(successes, n)
    z = float(norm.ppf(0.5 + confidence / 2))
    rate = successes / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high


def clopper_pearson(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact interval of Clopper and Pearson (Biometrika 26, 1934); at least nominal everywhere."""
    _check(successes, n)
    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else float(beta.ppf(tail, successes, n - successes + 1))
    high = 1.0 if successes == n else float(beta.ppf(1 - tail, successes + 1, n - successes))
    return low, high


def rate_words(successes: int, n: int, confidence: float = 0.95) -> str:
    """``7 of 10``; where none or all succeeded, what that excludes: ``0 of 10: at most 0.26``.

    The one-sided bound 1 − (1 − confidence)^(1/n) is exact; for 0.95 it is near 3/n, the rule of three
    (Hanley and Lippman-Hand, JAMA 249, 1983).
    """
    _check(successes, n)
    bound = 1 - (1 - confidence) ** (1 / n)
    if successes == 0:
        return f"0 of {n}: at most {bound:.2f}"
    return f"{n} of {n}: at least {1 - bound:.2f}" if successes == n else f"{successes} of {n}"


def _check(successes: int, n: int) -> None:
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"{successes} of {n} is no success count")
