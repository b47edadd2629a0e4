"""When to ask again, and how long to wait before: a policy over typed failures."""

from __future__ import annotations

import random
from dataclasses import dataclass

from harness.api import ProviderError, TransientError


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential waits with full jitter, capped; a server's own retry-after is obeyed.

    Full jitter (a uniform draw from zero to the exponential bound) spreads clients that failed
    together: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    Times are in seconds.
    """

    tries: int = 8
    base: float = 0.5
    cap: float = 60.0
    total: float = 600.0

    def wait(self, error: ProviderError, tries: int, waited: float, dice: random.Random) -> float | None:
        """Seconds to wait after `tries` failed tries, None to give up.

        A retry-after beyond what is left of the total is not waited for: the episode is then marked
        failed and can be resumed, rather than sleep for hours.
        """
        if not isinstance(error, TransientError) or tries >= self.tries:
            return None
        seconds = dice.uniform(0, min(self.cap, self.base * 2 ** (tries - 1)))
        if error.retry_after is not None:
            seconds += error.retry_after
        return None if waited + seconds > self.total else seconds
