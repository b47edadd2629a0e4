"""The request path of one model."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from harness.api import BudgetExhausted, Completion, Host, Provider, ProviderError, RateLimited, Request
from harness.client._budget import Budget
from harness.client._cache import ResponseCache
from harness.client._limiter import Limiter
from harness.client._prices import Price
from harness.client._retry import RetryPolicy
from harness.keys import scrub
from harness.records import RetryRecord

_COUNTED = 4096
"""Texts whose tokens are kept."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A completion and what it took to get it. Times are in seconds, without the model's own.

    `queued` was spent waiting for a place among the requests under way, `waited` on that and between
    tries.
    """

    completion: Completion
    retries: tuple[RetryRecord, ...] = ()
    waited: float = 0.0
    queued: float = 0.0
    cached: bool = False


class ModelClient:
    """Asks one model: cache, then budget, then a place among the requests, then retries."""

    def __init__(
        self,
        provider: Provider,
        *,
        provider_name: str,
        model: str,
        cache: ResponseCache | None = None,
        budget: Budget | None = None,
        price: Price | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        limiter: Limiter | None = None,
        on_event: Callable[[str], None] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._provider = provider
        self._provider_name = provider_name
        self._name = f"{provider_name}:{model}" if model else provider_name
        self._model = model
        self._cache = cache
        self._budget = budget or Budget()
        self._price = price or Price(model)
        self._retry = retry
        self._limiter = limiter or Limiter(16)
        self._say = on_event or (lambda _: None)
        self._sleep = sleep
        self._dice = random.Random()
        self.asked = 0  # completions that the provider gave
        # A history counts the same texts again at every turn.
        self.count = lru_cache(_COUNTED)(self._count)

    async def complete(self, request: Request) -> Answer:
        """Answer a request.

        Raises:
            BudgetExhausted: a budget is used up.
            ProviderError: the model could not be asked, and asking again will not help or did not.
        """
        options = getattr(self._provider, "options", {})
        key = self._cache.key(self._provider_name, self._model, options, request) if self._cache else ""
        if self._cache and (kept := self._cache.get(key)) is not None:
            self._budget.book_call(request, kept)
            return Answer(kept, cached=True)
        self._budget.check(request)
        answer = await self._asked(request)
        self._budget.book_call(request, answer.completion)
        if self._cache:
            self._cache.put(key, answer.completion)
        return answer

    def _count(self, text: str) -> int | None:
        """The tokens of a text by the model's own tokenizer; None where it is not at hand."""
        count = getattr(self._provider, "count", None)
        return count(text) if count is not None else None

    async def aopen(self, host: Host) -> None:
        """Get the provider ready."""
        opened = getattr(self._provider, "aopen", None)
        if opened is not None:
            await opened(host)

    async def aclose(self) -> None:
        """Close the provider."""
        close = getattr(self._provider, "aclose", None)
        if close is not None:
            await close()

    async def _asked(self, request: Request) -> Answer:
        """Try, wait and try again. Times in line add up over the tries."""
        retries: list[RetryRecord] = []
        queued = 0.0
        while True:
            try:
                queued += await self._open_endpoint()
                begun = time.monotonic()
                async with self._limiter.slot():
                    queued += time.monotonic() - begun
                    self._budget.check(request)
                    completion = await self._timed(request)
                    self.asked += 1
            except ProviderError as error:
                seconds = self._wait_after(error, retries)
                retries.append(
                    RetryRecord(error=type(error).__name__, message=str(error)[:500], waited=seconds)
                )
                await self._sleep(seconds)
                continue
            self._limiter.succeeded()
            slept = sum(retry.waited for retry in retries)
            return Answer(completion, tuple(retries), waited=queued + slept, queued=queued)

    def _wait_after(self, error: ProviderError, retries: list[RetryRecord]) -> float:
        """Seconds to wait before the next try; raises the error where there is to be none."""
        error.args = (scrub(str(error)), *error.args[1:])  # what a server echoes may hold the key
        if isinstance(error, RateLimited) and self._limiter.rate_limited(self._held(error)):
            self._say(f"{self._name}: rate limited; {self._limiter.limit} requests at once from now on")
        slept = sum(retry.waited for retry in retries)
        seconds = self._retry.wait(error, len(retries) + 1, slept, self._dice)
        if seconds is None:
            raise error
        self._say(f"{self._name}: {type(error).__name__}: {error}; trying again in {seconds:.1f} s")
        return seconds

    def _held(self, error: RateLimited) -> float | None:
        """A retry-after that holds the whole endpoint back; one that is too long holds back nobody."""
        too_long = error.retry_after is not None and error.retry_after > self._retry.total
        return None if too_long else error.retry_after

    async def _open_endpoint(self) -> float:
        """Wait while the endpoint wants nothing sent; returns the seconds waited."""
        seconds = self._limiter.closed
        if seconds:
            await self._sleep(seconds)
        return seconds

    async def _timed(self, request: Request) -> Completion:
        """The provider's answer, priced; its latency is measured here where the provider did not say it."""
        begun = time.perf_counter()
        most = self._budget.call_seconds
        try:
            async with asyncio.timeout(most) as limit:
                completion = await self._provider.complete(request)
        except TimeoutError:
            if not limit.expired():
                raise
            raise BudgetExhausted(
                f"a call took longer than its budget of {most:g} s; raise budget.call.seconds to go on"
            ) from None
        latency = completion.latency or time.perf_counter() - begun
        return _clean(replace(completion, latency=latency, cost=self._price.cost(completion)))


def _clean(completion: Completion) -> Completion:
    r"""The answer as it may be written down: no key in it, and no lone surrogate, which no file can hold.

    Surrogates become ``\udXXX`` in letters. Done here so that the agent works with exactly what is
    recorded and cached.
    """
    text, reasoning = (
        scrub(part.encode("utf-8", "backslashreplace").decode())
        for part in (completion.text, completion.reasoning)
    )
    details: dict[str, Any] = json.loads(scrub(json.dumps(dict(completion.details))))
    return replace(completion, text=text, reasoning=reasoning, details=details)
