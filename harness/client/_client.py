"""The request path of one model."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from harness.api import Completion, Provider, ProviderError, RateLimited, Request
from harness.client._budget import Budget
from harness.client._cache import ResponseCache
from harness.client._limiter import Limiter
from harness.client._retry import RetryPolicy
from harness.records import RetryRecord


@dataclass(frozen=True, slots=True)
class Answer:
    """A completion and what it took to get it. `waited` is in seconds, model time not included."""

    completion: Completion
    retries: tuple[RetryRecord, ...] = ()
    waited: float = 0.0
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
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        concurrency: int = 16,
        on_event: Callable[[str], None] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._provider = provider
        self._provider_name = provider_name
        self._name = f"{provider_name}:{model}" if model else provider_name
        self._model = model
        self._cache = cache
        self._budget = budget or Budget()
        self._retry = retry
        own = getattr(provider, "concurrency", None)
        self._limiter = Limiter(min(concurrency, own) if own else concurrency)
        self._say = on_event or (lambda _: None)
        self._sleep = sleep
        self._dice = random.Random()

    async def complete(self, request: Request) -> Answer:
        """Answer a request.

        Raises:
            BudgetExhausted: the run's budget is used up.
            ProviderError: the model could not be asked, and asking again will not help or did not.
        """
        options = getattr(self._provider, "options", {})
        key = self._cache.key(self._provider_name, self._model, options, request) if self._cache else ""
        if self._cache and (kept := self._cache.get(key)) is not None:
            self._budget.book_completion(kept)
            return Answer(kept, cached=True)
        answer = await self._asked(request)
        self._budget.book_completion(answer.completion)
        if self._cache:
            self._cache.put(key, answer.completion)
        return answer

    async def aclose(self) -> None:
        """Close the provider."""
        close = getattr(self._provider, "aclose", None)
        if close is not None:
            await close()

    async def _asked(self, request: Request) -> Answer:
        retries: list[RetryRecord] = []
        waited = 0.0
        while True:
            begun = time.monotonic()
            try:
                async with self._limiter.slot():
                    waited += time.monotonic() - begun
                    self._budget.check()
                    completion = await self._timed(request)
            except ProviderError as error:
                slept = sum(retry.waited for retry in retries)
                seconds = self._retry.wait(error, len(retries) + 1, slept, self._dice)
                if isinstance(error, RateLimited) and self._limiter.rate_limited():
                    self._say(
                        f"{self._name}: rate limited; {self._limiter.limit} requests at once from now on"
                    )
                if seconds is None:
                    raise
                self._say(f"{self._name}: {type(error).__name__}: {error}; trying again in {seconds:.1f} s")
                retries.append(
                    RetryRecord(error=type(error).__name__, message=str(error)[:500], waited=seconds)
                )
                waited += seconds
                await self._sleep(seconds)
                continue
            self._limiter.succeeded()
            return Answer(completion, tuple(retries), waited)

    async def _timed(self, request: Request) -> Completion:
        """The provider's answer; the latency is measured here where the provider did not say it."""
        begun = time.perf_counter()
        completion = await self._provider.complete(request)
        if completion.latency:
            return completion
        return replace(completion, latency=time.perf_counter() - begun)
