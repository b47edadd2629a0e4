"""The OpenAI provider through the real SDK, against a server on this machine that can misbehave."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.api import (
    FatalError,
    Message,
    MissingKey,
    ProviderTimeout,
    RateLimited,
    Request,
    Sampling,
    TransientError,
)
from harness.providers.openai import OpenAIProvider
from harness.testing import ProviderContract

KEY = "sk-canary-0123456789abcdef"


def chat(text, **more):
    message = {"role": "assistant", "content": text, **more.pop("message", {})}
    return {
        "id": "c1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": more.pop("finish", "stop"), "message": message}],
        "usage": {
            "prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14,
            "prompt_tokens_details": {"cached_tokens": 6},
            "completion_tokens_details": {"reasoning_tokens": 1},
        },
    }  # fmt: skip


def response(text, **more):
    return {
        "id": "r1", "object": "response", "created_at": 1, "model": "m",
        "status": more.get("status", "completed"),
        "parallel_tool_calls": False, "tool_choice": "none", "tools": [],
        "output": [{
            "type": "message", "id": "m1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}],
        }],
        "usage": {
            "input_tokens": 10, "output_tokens": 4, "total_tokens": 14,
            "input_tokens_details": {"cached_tokens": 6}, "output_tokens_details": {"reasoning_tokens": 1},
        },
    }  # fmt: skip


class Server(ThreadingHTTPServer):
    """Answers as `answer(path, body)` says: (status, headers, body as bytes or JSON)."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen = []
        self.answer = ordinary
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.seen.append((self.path, body, dict(self.headers)))
        status, headers, content = self.server.answer(self.path, body)
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


def ordinary(path, body):
    asked = body.get("response_format") or (body.get("text") or {}).get("format")
    text = json.dumps({"action": "turn left"}) if asked else "hello"
    return 200, {}, chat(text) if path.endswith("completions") else response(text)


@pytest.fixture(scope="module")
def running():
    server = Server()
    yield server
    server.shutdown()


@pytest.fixture
def server(running, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    running.seen.clear()
    running.answer = ordinary
    return running


def ask(server, request=None, **options):
    async def once():
        provider = OpenAIProvider("m", base_url=server.url, **options)
        try:
            return await provider.complete(request or Request((Message.of("user", "hi"),)))
        finally:
            await provider.aclose()

    return asyncio.run(once())


@pytest.mark.usefixtures("server")
class TestChat(ProviderContract):
    @pytest.fixture(autouse=True)
    def _server(self, server):
        self.server = server

    plugin = "openai"

    def provider(self):
        return OpenAIProvider("m", base_url=self.server.url)


class TestResponses(TestChat):
    def provider(self):
        return OpenAIProvider("m", base_url=self.server.url, api="responses")


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_usage_and_choices_are_read(server, api):
    request = Request((Message.of("user", "hi"),), choices=("turn left", "drop"))
    completion = ask(server, request, api=api)
    assert completion.text == "turn left"
    usage = completion.usage
    assert (usage.input, usage.cached, usage.output, usage.reasoning) == (10, 6, 4, 1)
    assert completion.cost is None
    assert '"enum": ["turn left", "drop"]' in json.dumps(server.seen[0][1])


def test_a_vllm_server_is_asked_in_its_own_words(server):
    request = Request(
        (Message.of("user", "hi"),), choices=("a", "b"), sampling=Sampling(seed=3, max_tokens=5)
    )
    ask(server, request, constraint="vllm")
    body = server.seen[0][1]
    assert body["structured_outputs"] == {"choice": ["a", "b"]}
    assert (body["seed"], body["max_tokens"]) == (3, 5)
    assert "response_format" not in body


@pytest.mark.parametrize(
    ("status", "headers", "content", "error"),
    [
        (429, {}, {"error": {"message": "slow down"}}, RateLimited),
        (429, {"retry-after": "7"}, {"error": {"message": "slow down"}}, RateLimited),
        (429, {}, {"error": {"message": "x", "code": "insufficient_quota"}}, FatalError),
        (500, {}, {"error": {"message": "oops"}}, TransientError),
        (529, {}, b"overloaded", TransientError),
        (401, {}, {"error": {"message": f"bad key {KEY}"}}, FatalError),
        (404, {}, {"error": {"message": "no such model"}}, FatalError),
        (400, {}, {"error": {"message": "too long"}}, FatalError),
        (200, {}, b"{not json", TransientError),
        (200, {"content-type": "text/html"}, b"<html>login</html>", TransientError),
        (200, {}, {"id": "x", "choices": []}, TransientError),
    ],
)
def test_every_failure_has_its_type_and_no_key(server, status, headers, content, error):
    server.answer = lambda path, body: (status, headers, content)
    with pytest.raises(error) as caught:
        ask(server)
    assert type(caught.value) is error
    assert KEY not in str(caught.value)
    assert KEY not in repr(caught.value.__cause__)
    assert len(server.seen) == 1, "the SDK asked again by itself"
    if headers.get("retry-after"):
        assert caught.value.retry_after == 7.0


def test_no_answer_in_time_is_a_timeout(server):
    release = threading.Event()
    server.answer = lambda path, body: (release.wait(5), ordinary(path, body))[1]
    with pytest.raises(ProviderTimeout):
        ask(server, timeout=0.2)
    release.set()


def test_a_server_that_is_not_there_is_transient():
    class Nowhere:
        url = "http://127.0.0.1:9/v1"

    with pytest.raises(TransientError):
        ask(Nowhere)


@pytest.mark.parametrize(
    ("answer", "finish", "text"),
    [
        (chat("", finish="stop"), "stop", ""),
        (chat("I was", finish="length"), "length", "I was"),
        (chat(None, finish="content_filter"), "refusal", ""),
        (chat(None, message={"refusal": "no"}), "refusal", ""),
        (chat("plain words"), "stop", "plain words"),
        (chat('{"action": 5}'), "stop", '{"action": 5}'),
    ],
)
def test_unusual_answers_are_told_as_they_are(server, answer, finish, text):
    server.answer = lambda path, body: (200, {}, answer)
    completion = ask(server, Request((Message.of("user", "hi"),), choices=("a",)))
    assert (completion.finish, completion.text) == (finish, text)


def test_a_key_is_needed_away_from_this_machine_only(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    OpenAIProvider("m", base_url="http://localhost:1/v1")
    with pytest.raises(MissingKey, match="OPENAI_API_KEY is not set"):
        OpenAIProvider("m", base_url="https://example.com/v1")


def test_a_run_with_an_echoing_server_writes_no_key(server, tmp_path):
    from harness.cli import main

    server.answer = lambda path, body: (401, {}, {"error": {"message": f"Incorrect API key provided: {KEY}"}})
    arguments = ["run", "-t", "babyai/goto", "-n", "1", "-m", "openai:m", "--base-url", server.url]
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--out", str(tmp_path / "run"), "--no-report"])
    assert stopped.value.code == 1
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert any(b"Incorrect API key" in file.read_bytes() for file in files)
    assert not [file for file in files if KEY.encode() in file.read_bytes()]
