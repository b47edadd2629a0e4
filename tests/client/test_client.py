"""The request path: retries, limits, budgets, the cache."""

import asyncio
import random

import pytest

from harness.api import (
    BudgetExhausted,
    Completion,
    FatalError,
    Message,
    Provider,
    RateLimited,
    Request,
    TransientError,
    Usage,
)
from harness.client import Budget, Limiter, ModelClient, ResponseCache, RetryPolicy

REQUEST = Request((Message.of("user", "hi"),), episode="e#1", turn=3)


class Script(Provider):
    """Raises or answers, in order; the last goes on."""

    def __init__(self, *steps):
        super().__init__("m")
        self.steps = list(steps)
        self.asked = self.active = self.most = 0

    async def complete(self, request):
        self.asked += 1
        self.active += 1
        self.most = max(self.most, self.active)
        await asyncio.sleep(0)
        self.active -= 1
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        return Completion(step, usage=Usage(input=60, output=40), cost=0.01)


def client(provider, **options):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    made = ModelClient(provider, provider_name="p", model="m", sleep=sleep, **options)
    return made, waits


def test_passing_failures_are_asked_again_and_noted():
    provider = Script(TransientError("503"), RateLimited("429", 7.0), "yes")
    said = []
    made, waits = client(provider, on_event=said.append)
    answer = asyncio.run(made.complete(REQUEST))
    assert (answer.completion.text, provider.asked) == ("yes", 3)
    assert [retry.error for retry in answer.retries] == ["TransientError", "RateLimited"]
    assert waits[1] >= 7.0
    assert answer.waited >= sum(waits)
    assert any("trying again" in line for line in said)


def test_what_cannot_work_is_not_asked_again():
    provider = Script(FatalError("401"))
    with pytest.raises(FatalError):
        asyncio.run(client(provider)[0].complete(REQUEST))
    assert provider.asked == 1


def test_retries_end():
    provider = Script(TransientError("503"))
    with pytest.raises(TransientError):
        asyncio.run(client(provider, retry=RetryPolicy(tries=4))[0].complete(REQUEST))
    assert provider.asked == 4


def test_an_hours_long_retry_after_is_not_slept():
    assert RetryPolicy().wait(RateLimited("429", 3600.0), 1, 0.0, random.Random(0)) is None


def test_waits_are_jittered_and_capped():
    policy, dice = RetryPolicy(tries=99, total=1e9), random.Random(0)
    waits = [policy.wait(TransientError(""), tries, 0.0, dice) for tries in range(1, 60)]
    assert max(waits) <= policy.cap
    assert len(set(waits)) == len(waits)


def test_a_budget_is_checked_before_asking():
    provider = Script("yes")
    made, _ = client(provider, budget=Budget(tokens=150))

    async def ask():
        await made.complete(REQUEST)
        await made.complete(REQUEST)
        with pytest.raises(BudgetExhausted, match="150 tokens"):
            await made.complete(REQUEST)

    asyncio.run(ask())
    assert provider.asked == 2


def test_a_budget_in_dollars_needs_prices():
    budget = Budget(dollars=1.0)
    budget.book(10, None)
    with pytest.raises(BudgetExhausted, match="price is unknown"):
        budget.check()


def test_the_cache_answers_the_same_request_only_and_counts_it(tmp_path):
    provider = Script("yes")
    budget = Budget(tokens=10_000)
    made, _ = client(provider, cache=ResponseCache(tmp_path), budget=budget)

    async def ask():
        first, again = await made.complete(REQUEST), await made.complete(REQUEST)
        other = await made.complete(Request(REQUEST.messages, episode="e#2", turn=3))
        return first, again, other

    first, again, other = asyncio.run(ask())
    assert (first.cached, again.cached, other.cached) == (False, True, False)
    assert again.completion == first.completion
    assert provider.asked == 2
    assert budget.used_tokens == 300


def test_the_key_holds_everything_that_matters(tmp_path):
    cache = ResponseCache(tmp_path)
    messages = REQUEST.messages
    variants = [
        ("p", "m", {}, REQUEST),
        ("q", "m", {}, REQUEST),
        ("p", "n", {}, REQUEST),
        ("p", "m", {"base_url": "x"}, REQUEST),
        ("p", "m", {}, Request(messages, episode="e#1", turn=4)),
        ("p", "m", {}, Request(messages, episode="e#1", turn=3, choices=("a",))),
        ("p", "m", {}, Request((Message.of("system", "hi"),), episode="e#1", turn=3)),
        ("p", "m", {}, Request((Message.of("user", "h"), Message.of("user", "i")), episode="e#1", turn=3)),
    ]
    assert len({cache.key(*variant) for variant in variants}) == len(variants)


def test_a_spoilt_cache_file_is_asked_again(tmp_path):
    provider = Script("yes")
    made, _ = client(provider, cache=ResponseCache(tmp_path))
    asyncio.run(made.complete(REQUEST))
    next(tmp_path.rglob("*.json")).write_text("{")
    assert not asyncio.run(client(provider, cache=ResponseCache(tmp_path))[0].complete(REQUEST)).cached


def test_concurrency_stays_within_the_limit():
    provider = Script("yes")
    made, _ = client(provider, concurrency=3)

    async def many():
        await asyncio.gather(*(made.complete(REQUEST) for _ in range(30)))

    asyncio.run(many())
    assert provider.most == 3


def test_the_limit_shrinks_on_429_once_and_grows_again():
    now = [0.0]
    limiter = Limiter(10, clock=lambda: now[0])
    assert limiter.rate_limited()
    assert not limiter.rate_limited()
    assert limiter.limit == 8
    now[0] = 20.0
    limiter.rate_limited()
    assert limiter.limit == 6
    for _ in range(60):
        limiter.succeeded()
    assert limiter.limit == 10


def test_a_cancelled_wait_gives_its_place_back():
    async def play():
        limiter = Limiter(1)

        async def hold(seconds):
            async with limiter.slot():
                await asyncio.sleep(seconds)

        first = asyncio.create_task(hold(0.05))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(hold(10))
        await asyncio.sleep(0)
        waiting.cancel()
        await first
        await asyncio.wait_for(hold(0), 1)

    asyncio.run(play())
