"""How many requests are under way at once: it grows slowly and shrinks when told to slow down."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_SHRINK = 0.8
_DEBOUNCE = 15.0
"""Seconds after one shrinking in which further 429s are taken as the same event.

The factor and the pause follow Inspect AI's adaptive concurrency (×0.8, 15 s).
"""


class Limiter:
    """Additive increase, multiplicative decrease, first come first served; one for each endpoint.

    Starts at `most`: the caller's concurrency is what the user asked for; only a provider that
    answers 429 lowers it, and each round of successes raises it by one again. A retry-after holds
    back every request to the endpoint, not only the one that was refused.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = max(1, most)
        self._limit = float(self._most)
        self._active = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._clock = clock
        self._shrunk_at = float("-inf")
        self._closed_until = float("-inf")

    @property
    def limit(self) -> int:
        """Requests allowed at once, now."""
        return max(1, int(self._limit))

    @property
    def closed(self) -> float:
        """Seconds for which the endpoint has asked for nothing more to be sent; 0 where it is open."""
        return max(0.0, self._closed_until - self._clock())

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a place among the requests under way."""
        if self._active >= self.limit or self._waiting:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            self._wake()
            try:
                await future
            except asyncio.CancelledError:
                if future.done() and not future.cancelled():
                    self._active -= 1  # the place was given, nobody takes it
                else:
                    self._waiting.remove(future)
                self._wake()
                raise
        else:
            self._active += 1
        try:
            yield
        finally:
            self._active -= 1
            self._wake()

    def _wake(self) -> None:
        while self._waiting and self._active < self.limit:
            future = self._waiting.popleft()
            if not future.done():
                self._active += 1
                future.set_result(None)

    def succeeded(self) -> None:
        """Grow by one in each round of as many successes as the limit."""
        self._limit = min(self._most, self._limit + 1 / max(1.0, self._limit))
        self._wake()

    def rate_limited(self, retry_after: float | None = None) -> bool:
        """Shrink, and close for `retry_after` seconds; True where it was not just shrunk."""
        now = self._clock()
        self._closed_until = max(self._closed_until, now + (retry_after or 0.0))
        if now - self._shrunk_at < _DEBOUNCE:
            return False
        self._shrunk_at = now
        self._limit = max(1.0, self._limit * _SHRINK)
        return True
