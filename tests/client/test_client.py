"""The request path: retries, limits, budgets, the cache."""

import asyncio
import random
import re
from dataclasses import replace

import pytest

from harness.api import (
    FREE,
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
from harness.client import Budget, Caps, Limiter, ModelClient, Price, Rates, ResponseCache, RetryPolicy
from harness.keys import remember

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
        if isinstance(step, Completion):
            return step
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
    made, _ = client(provider, budget=Budget(Caps(tokens=150)))

    async def ask():
        await made.complete(REQUEST)
        await made.complete(REQUEST)
        with pytest.raises(BudgetExhausted, match="150 tokens"):
            await made.complete(REQUEST)

    asyncio.run(ask())
    assert provider.asked == 2


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ({"run": Caps(dollars=0.015)}, "$0.01 for the run is used up"),
        ({"episode": Caps(tokens=150)}, "150 tokens for an episode is used up"),
        ({"episode": Caps(seconds=0.5)}, "for an episode is used up"),
        ({"call": Caps(tokens=99)}, "a call took 100 tokens, its budget is 99 tokens"),
        ({"call": Caps(dollars=0.001)}, "a call took $0.01, its budget is $0.00"),
    ],
)
def test_each_kind_of_budget_stops_what_follows(budget, words):
    provider = Script(Completion("yes", usage=Usage(input=60, output=40), cost=0.01, latency=0.4))
    made, _ = client(provider, budget=Budget(**budget))

    async def ask():
        for _ in range(3):
            await made.complete(REQUEST)

    with pytest.raises(BudgetExhausted, match=re.escape(words)):
        asyncio.run(ask())
    assert provider.asked <= 2


def test_an_episode_that_used_its_budget_stops_nobody_elses_first_call():
    budget = Budget(episode=Caps(tokens=100))
    budget.book("e#1", 100, None, 0.0)
    with pytest.raises(BudgetExhausted):
        budget.check(REQUEST)
    budget.check(Request(REQUEST.messages, episode="e#2"))


def test_a_budget_of_seconds_passes_on_the_clock():
    now = [0.0]
    budget = Budget(Caps(seconds=60), clock=lambda: now[0])
    budget.check(REQUEST)
    now[0] = 60.0
    with pytest.raises(BudgetExhausted, match="60 s for the run"):
        budget.check(REQUEST)


def test_a_call_that_takes_too_long_is_broken_off_and_stops_the_run():
    class Slow(Provider):
        async def complete(self, request):
            await asyncio.sleep(30)

    made, _ = client(Slow("m"), budget=Budget(call=Caps(seconds=0.05)))
    with pytest.raises(BudgetExhausted, match="longer than its budget of 0.05 s"):
        asyncio.run(made.complete(REQUEST))


def cost(price, cost=None, **usage):
    return price.cost(Completion("", usage=Usage(**usage), cost=cost))


def test_a_price_is_the_users_then_the_answers_then_the_lists_then_unknown():
    usage = {"input": 1_000_000, "cached": 400_000, "written": 100_000, "output": 10_000, "reasoning": 5_000}
    own = Price("m", "openai", Rates(input=2.0, output=10.0, cached=0.5, written=2.5))
    assert cost(own, **usage) == pytest.approx(0.5 * 2 + 0.4 * 0.5 + 0.1 * 2.5 + 0.01 * 10)
    assert cost(own, cost=9.0, input=1_000_000) == pytest.approx(2.0)
    assert cost(Price("m", None, Rates(input=2.0, output=10.0)), **usage) == pytest.approx(2.1)
    assert (own.source, own.known) == ("given by the user", True)
    listed = Price("gpt-4o-mini", "https://api.openai.com/v1")
    # 0.15, 0.075 (cached) and 0.60 dollars a million tokens: OpenAI's price page, 2024-10.
    assert cost(listed, input=1_000_000, cached=500_000) == pytest.approx(0.1125)
    assert cost(listed, output=1_000_000) == pytest.approx(0.60)
    assert cost(listed, cost=0.25, output=1_000_000) == 0.25
    assert listed.source.startswith("genai-prices ")
    for unknown in (Price("no-such-model", "openai"), Price("m", "http://localhost:1/v1"), Price("m")):
        assert cost(unknown, **usage) is None
        assert (unknown.source, unknown.known) == ("unknown", False)
    assert cost(Price("m", FREE)) == 0.0


def test_what_is_not_counted_is_not_free():
    assert cost(Price("gpt-4o-mini", "openai")) is None
    assert cost(Price("m", None, Rates(input=2.0, output=10.0))) is None


def test_a_completion_is_priced_on_its_way():
    provider = Script(Completion("yes", usage=Usage(input=1_000_000)))
    made, _ = client(provider, price=Price("m", rates=Rates(input=1.0, output=2.0)))
    assert asyncio.run(made.complete(REQUEST)).completion.cost == 1.0


def test_a_turn_of_several_calls_is_not_broken_off():
    budget = Budget(Caps(tokens=100))
    budget.check(REQUEST)
    budget.book("e#1", 100, None, 0.0)
    budget.check(replace(REQUEST, call=1))
    with pytest.raises(BudgetExhausted):
        budget.check(REQUEST)


def test_the_calls_of_a_turn_whose_first_was_refused_are_refused_too():
    budget = Budget(Caps(tokens=100))
    budget.book("e#1", 100, None, 0.0)
    for call in (0, 1, 2):
        with pytest.raises(BudgetExhausted):
            budget.check(replace(REQUEST, call=call))


def test_the_cache_answers_the_same_request_only_and_counts_it(tmp_path):
    provider = Script("yes")
    budget = Budget(Caps(tokens=10_000))
    made, _ = client(provider, cache=ResponseCache(tmp_path), budget=budget)

    async def ask():
        first, again = await made.complete(REQUEST), await made.complete(REQUEST)
        other = await made.complete(Request(REQUEST.messages, episode="e#2", turn=3))
        return first, again, other

    first, again, other = asyncio.run(ask())
    assert (first.cached, again.cached, other.cached) == (False, True, False)
    assert again.completion == first.completion
    assert provider.asked == 2
    assert budget.used.tokens == 300


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
    made, _ = client(provider, limiter=Limiter(3))

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


def test_a_retry_after_holds_the_whole_endpoint_back():
    now = [100.0]
    limiter = Limiter(4, clock=lambda: now[0])
    limiter.rate_limited(7.0)
    assert limiter.closed == 7.0
    now[0] = 108.0
    assert limiter.closed == 0.0
    provider = Script("yes")
    limiter.rate_limited(3.0)
    made, waits = client(provider, limiter=limiter)
    answer = asyncio.run(made.complete(REQUEST))
    assert waits == [3.0]
    assert answer.queued >= 3.0


def test_a_transient_failure_that_names_a_time_is_waited_for_and_shrinks_nothing():
    limiter = Limiter(4)
    provider = Script(TransientError("503", 5.0), "yes")
    made, waits = client(provider, limiter=limiter)
    asyncio.run(made.complete(REQUEST))
    assert waits[0] >= 5.0
    assert limiter.limit == 4


def test_what_a_model_or_server_says_holds_no_key():
    remember("sk-canary-0123456789")
    provider = Script(
        TransientError("bad key sk-canary-0123456789"),
        Completion(
            "say sk-canary-0123456789",
            reasoning="sk-canary-0123456789",
            details={"a": ["sk-canary-0123456789"]},
        ),
    )
    said = []
    made, _ = client(provider, on_event=said.append)
    answer = asyncio.run(made.complete(REQUEST))
    assert "canary" not in f"{answer} {said}"
    assert answer.completion.text == "say [key]"
