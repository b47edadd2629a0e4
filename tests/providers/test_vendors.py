"""What only Anthropic's and only Google's API have."""

import asyncio

import pytest

from harness.api import FatalError, InputError, Message, Request, Sampling, Text
from harness.providers.anthropic import AnthropicProvider
from harness.providers.google import GoogleProvider
from harness.providers.openai import OpenAIProvider
from harness.testing._samples import picture
from harness.testing.server import FakeServer

CONVERSATION = (
    Message.of("system", "You play."),
    Message("user", (Text("You see"), picture())),
    Message.of("assistant", "go"),
    Message.of("user", "You see a wall."),
)


@pytest.fixture
def server():
    with FakeServer() as running:
        yield running


def sent(server, provider, request):
    async def once():
        try:
            return await provider.complete(request)
        finally:
            await provider.aclose()

    completion = asyncio.run(once())
    return server.asked[-1].body, completion


def claude(server, **options):
    return AnthropicProvider("m", base_url=server.url("anthropic"), **options)


def gemini(server, **options):
    return GoogleProvider("m", base_url=server.url("google"), **options)


def gpt(server, **options):
    return OpenAIProvider("m", base_url=server.url("openai"), **options)


def marks(body):
    """Where the cache break-points are: the system prompt's, then message and block of each other."""
    system = ["system"] * sum("cache_control" in block for block in body.get("system", ()))
    return system + [
        (at, n)
        for at, message in enumerate(body["messages"])
        for n, block in enumerate(message["content"])
        if "cache_control" in block
    ]


@pytest.mark.parametrize(
    ("stable", "places"),
    [(0, []), (1, ["system"]), (2, ["system", (0, 1)]), (4, ["system", (2, 0)])],
)
def test_cache_break_points_stand_where_what_is_repeated_ends(server, stable, places):
    body, _ = sent(server, claude(server), Request(CONVERSATION, stable=stable))
    assert marks(body) == places
    assert [block["text"] for block in body["system"]] == ["You play."]
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]


def test_caching_can_be_longer_or_off(server):
    body, _ = sent(server, claude(server, cache="1h"), Request(CONVERSATION, stable=4))
    assert body["system"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    body, _ = sent(server, claude(server, cache="off"), Request(CONVERSATION, stable=4))
    assert marks(body) == []


def test_thinking_is_a_number_of_tokens_or_follows_the_effort(server):
    body, _ = sent(server, claude(server, thinking=2048), Request(CONVERSATION))
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    assert body["max_tokens"] == 4096 + 2048
    effort = Request(CONVERSATION, sampling=Sampling(reasoning_effort="high", max_tokens=99))
    body, _ = sent(server, claude(server), effort)
    assert (body["thinking"], body["output_config"]) == ({"type": "adaptive"}, {"effort": "high"})
    assert body["max_tokens"] == 99
    body, _ = sent(server, claude(server), Request(CONVERSATION))
    assert "thinking" not in body


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"constraint": "enum"}, "json_schema, tool and none"),
        ({"thinking": 5}, "at least 1024"),
        ({"thinking": True}, "at least 1024"),
        ({"thinking": "adaptive", "constraint": "tool"}, "does not go with thinking"),
        ({"cache": "2h"}, "5m, 1h and off"),
    ],
)
def test_options_that_claude_does_not_have_are_refused(server, options, words):
    with pytest.raises(InputError, match=words):
        claude(server, **options)


def test_what_was_written_to_the_cache_is_counted_in(server):
    from anthropic.types import Usage

    from harness.providers.anthropic import _usage

    usage = _usage(Usage(input_tokens=10, cache_read_input_tokens=70, cache_creation_input_tokens=20,
                         output_tokens=5))  # fmt: skip
    assert (usage.input, usage.cached, usage.written, usage.output) == (100, 70, 20, 5)


def test_google_holds_the_model_to_an_enum_and_thinks_as_it_is_told(server):
    request = Request(CONVERSATION, choices=("go", "stay"), sampling=Sampling(seed=7, reasoning_effort="low"))
    body, completion = sent(server, gemini(server), request)
    config = body["generationConfig"]
    assert (config["responseMimeType"], config["responseSchema"]["enum"]) == ("text/x.enum", ["go", "stay"])
    assert (config["seed"], config["thinkingConfig"]["thinking_level"]) == (7, "LOW")
    assert completion.text == "stay"
    body, _ = sent(server, gemini(server, thinking=0, constraint="none"), request)
    assert body["generationConfig"]["thinkingConfig"]["thinking_budget"] == 0
    assert "responseSchema" not in body["generationConfig"]


def test_google_says_how_long_to_wait_in_its_own_place(server):
    from google.genai import errors

    details = {"error": {"code": 429, "details": [{"@type": "x"}, {"retryDelay": "31s"}]}}
    assert gemini(server)._typed(errors.ClientError(429, details)).retry_after == 31.0


@pytest.mark.parametrize("make", [claude, gemini])
def test_a_stream_tells_when_its_first_token_came(server, make):
    _, completion = sent(server, make(server, stream=True), Request(CONVERSATION))
    assert completion.text == "hello"
    assert 0 < completion.first_token <= completion.latency


@pytest.mark.parametrize(("make", "vendor"), [(claude, "anthropic"), (gemini, "google"), (gpt, "openai")])
def test_a_key_does_not_follow_to_where_a_server_points(server, make, vendor, monkeypatch):
    for variable in ("ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(variable, "sk-canary-0123456789")
    with FakeServer() as elsewhere:
        server.redirect = elsewhere.url(vendor)
        with pytest.raises(FatalError):
            sent(server, make(server), Request(CONVERSATION))
    assert not elsewhere.asked
