"""What only OpenAI's protocol has: its constraints, its reasons to stop, its servers of many kinds."""

import asyncio
import json

import httpx2
import openai
import pytest

from harness.api import (
    FatalError,
    InputError,
    Message,
    MissingKey,
    RateLimited,
    Request,
    Sampling,
    TransientError,
)
from harness.providers import presets
from harness.providers._openai_chat import _finish, _usage, _whole, grammar
from harness.providers.http import by_status, checked_url, retry_after
from harness.providers.openai import OpenAIProvider
from harness.providers.presets import PRESETS
from harness.testing.server import FakeServer

ASK = Request(
    (Message.of("user", "hi"),),
    choices=("turn left", 'say "x"'),
    sampling=Sampling(seed=3, max_tokens=5, temperature=0.5, stop=("\n",), reasoning_effort="low"),
)


@pytest.fixture
def server():
    with FakeServer() as running:
        yield running


def ask(provider, request=ASK):
    async def once():
        try:
            return await provider.complete(request)
        finally:
            await provider.aclose()

    return asyncio.run(once())


@pytest.mark.parametrize("constraint", ["json_schema", "tool", "vllm", "grammar", "none"])
def test_each_constraint_holds_the_model_to_the_allowed_answers(server, constraint):
    completion = ask(OpenAIProvider("m", base_url=server.url("openai"), constraint=constraint))
    asked = server.asked[0]
    assert asked.choices == (None if constraint == "none" else ASK.choices)
    assert completion.text == ("hello" if constraint == "none" else "turn left")


def test_vllm_is_asked_by_the_name_that_it_heeds(server):
    ask(OpenAIProvider("m", base_url=server.url("openai"), constraint="vllm"))
    body = server.asked[0].body
    assert body["structured_outputs"] == {"choice": list(ASK.choices)}
    assert not {"guided_choice", "response_format"} & set(body)


def test_sampling_is_sent_by_its_names(server):
    ask(OpenAIProvider("m", base_url=server.url("openai"), body={"top_k": 3}))
    body = server.asked[0].body
    sent = {
        "seed": 3,
        "max_tokens": 5,
        "temperature": 0.5,
        "stop": ["\n"],
        "reasoning_effort": "low",
        "top_k": 3,
    }
    assert {name: body[name] for name in sent} == sent
    ask(OpenAIProvider("m", base_url=server.url("openai"), api="responses"))
    body = server.asked[1].body
    assert (body["reasoning"], body["max_output_tokens"]) == ({"effort": "low"}, 5)
    assert "seed" not in body


def test_a_grammar_quotes_what_it_must():
    assert grammar(["a", 'say "x"\\']) == 'root ::= "a" | "say \\"x\\"\\\\"'


def test_a_streamed_answer_tells_when_its_first_token_came(server):
    completion = ask(OpenAIProvider("m", base_url=server.url("openai"), stream=True))
    assert 0 < completion.first_token <= completion.latency
    assert ask(OpenAIProvider("m", base_url=server.url("openai"))).first_token is None


def test_a_refused_constraint_is_told_with_its_mend(server):
    response = httpx2.Response(400, request=httpx2.Request("POST", "http://x"))
    error = openai.BadRequestError("'response_format' is not supported", response=response, body=None)
    provider = OpenAIProvider("m", base_url=server.url("openai"))
    failure = provider._typed(error)
    assert type(failure) is FatalError
    assert "constraint: none" in str(failure)


def test_a_server_that_is_not_there_is_named():
    provider = OpenAIProvider("m", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(TransientError, match="no connection to http://127.0.0.1:9/v1"):
        ask(provider)


def test_an_empty_account_is_not_asked_again():
    response = httpx2.Response(429, request=httpx2.Request("POST", "http://x"))
    error = openai.RateLimitError("no", response=response, body={"code": "insufficient_quota"})
    assert type(OpenAIProvider("m", base_url="http://localhost:1/v1")._typed(error)) is FatalError


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "inf"}, None),
    ],
)
def test_retry_after_is_read_in_each_of_its_forms(headers, seconds):
    assert retry_after(headers) == seconds
    failure = by_status(429, headers, "slow down")
    assert (type(failure), failure.retry_after) == (RateLimited, seconds)
    assert by_status(503, headers, "busy").retry_after == seconds


def test_a_key_is_needed_away_from_this_machine_only(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    OpenAIProvider("m", base_url="http://localhost:1/v1")
    with pytest.raises(MissingKey, match="OPENAI_API_KEY is not set"):
        OpenAIProvider("m", base_url="https://example.com/v1")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://user:sk-canary-1@example.com/v1", "user, password or query"),
        ("https://example.com/v1?key=sk-canary-1", "user, password or query"),
        ("ftp://example.com", "should look like"),
        ("example.com/v1", "should look like"),
        ("http://[1", "should look like"),
    ],
)
def test_a_base_url_that_is_none_or_holds_a_secret_is_refused(url, words):
    with pytest.raises(InputError, match=words) as caught:
        checked_url(url)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"constraint": "schema"}, "there are json_schema"),
        ({"api": "responses", "constraint": "tool"}, "none"),
    ],
)
def test_a_constraint_that_there_is_not_is_refused(options, words):
    with pytest.raises(InputError, match=words):
        OpenAIProvider("m", base_url="http://localhost:1/v1", **options)


def reply(**message):
    finish = message.pop("finish_reason", "stop")
    usage = message.pop("usage", None)
    whole = {
        "id": "c",
        "model": "m",
        "choices": [{"finish_reason": finish, "message": message}],
        "usage": usage,
    }
    return openai.types.chat.ChatCompletion.construct(**json.loads(json.dumps(whole)))


def test_a_filtered_answer_is_a_refusal():
    assert _finish(_whole(reply(content=None, finish_reason="content_filter"))) == "refusal"


def test_reasoning_is_read_by_either_name():
    assert _whole(reply(content="a", reasoning="because")).reasoning == "because"
    assert _whole(reply(content="a", reasoning_content="because")).reasoning == "because"


def test_usage_of_deepseek_and_openrouter_is_read():
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 6, "cost": 0.5}
    answer = _whole(reply(content="a", usage={**usage, "total_tokens": 11}))
    assert _usage(answer.usage).cached == 6


def test_a_proxy_of_the_environment_is_used(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.url("openai").removesuffix("/v1"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proxied-key")
    assert ask(OpenAIProvider("m", base_url="http://model.invalid/v1")).text == "turn left"
    assert server.asked[0].path == "http://model.invalid/v1/chat/completions"


def test_no_proxy_is_used_where_the_environment_says_so(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert ask(OpenAIProvider("m", base_url=server.url("openai"))).text == "turn left"


# ----------------------------------------------------------------------------------------- presets


def test_every_preset_is_registered_and_every_registered_one_is_there():
    from importlib.metadata import entry_points

    registered = {e.name for e in entry_points(group="ludometer.providers") if ".presets:" in e.value}
    assert registered == set(PRESETS)
    with pytest.raises(AttributeError, match="no preset"):
        _ = presets.nobody


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_asks_its_own_address_with_its_own_key(name, monkeypatch):
    row = PRESETS[name]
    if row.needs_key:
        monkeypatch.delenv(row.needs_key, raising=False)
        with pytest.raises(MissingKey, match=row.needs_key):
            row("some-model")
        monkeypatch.setenv(row.needs_key, "sk-canary-preset")
    provider = row("some-model")
    assert provider.endpoint == row.base_url
    assert str(provider._client.base_url).rstrip("/") == row.base_url
    elsewhere = row("some-model", base_url="http://localhost:5/v1")
    assert (elsewhere.endpoint, elsewhere.prices) == ("http://localhost:5/v1",) * 2
    asyncio.run(provider.aclose())
