"""A server on this machine that speaks as OpenAI, Anthropic and Google do, and misbehaves on demand.

    with FakeServer() as server:
        provider = OpenAIProvider("m", base_url=server.url("openai"))
        server.faults.append(Fault.RATE_LIMITED)   # for the next request

It answers each request with an action out of the allowed answers, the next one for each action that
the conversation already holds; so what an episode is told depends on the episode alone, and a run in
which requests failed can be compared with one in which none did.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal

from harness.testing._shapes import Asked, Reply, Shape, shape_of

__all__ = ["Asked", "FakeServer", "Fault", "Reply"]

Vendor = Literal["openai", "anthropic", "google"]


class Fault(StrEnum):
    """What a request meets instead of an ordinary answer."""

    RATE_LIMITED = "429"
    RATE_LIMITED_AFTER = "429 with retry-after"
    SERVER_ERROR = "500"
    OVERLOADED = "529"
    UNAUTHORISED = "401"
    BAD_REQUEST = "400"
    SLOW = "slow"  # the answer comes after `FakeServer.slow` seconds
    HANG = "hang"  # no answer, the connection stays open
    CUT = "cut"  # the connection ends in the middle of the answer
    EMPTY = "empty"  # an answer without words, for which tokens were counted
    NOTHING = "nothing"  # an answer without words or tokens
    TRUNCATED = "truncated"  # cut by the token limit before it named anything
    REFUSAL = "refusal"
    MALFORMED = "malformed"  # not JSON
    WRONG_TYPE = "wrong type"  # a web page with status 200
    ECHO = "echo"  # 401 with every header of the request in its text
    ECHO_PASSING = "echo, passing"  # 500 with the same
    ECHO_ANSWER = "echo, answered"  # 200 with the same as the model's words

    @property
    def infrastructure(self) -> bool:
        """Whether no model has answered."""
        return self not in (Fault.SLOW, Fault.EMPTY, Fault.TRUNCATED, Fault.REFUSAL, Fault.ECHO_ANSWER)

    @property
    def passing(self) -> bool:
        """Whether it is infrastructure, and another try may work."""
        return self.infrastructure and self not in (Fault.UNAUTHORISED, Fault.BAD_REQUEST, Fault.ECHO)


class FakeServer:
    """Runs in threads of this process, from `__enter__` to `__exit__`.

    Attributes: `asked`, every request so far; `answered`, each that was answered to somebody who was still
    there, with the time (`time.monotonic`); `faults`, what the next requests meet, one each;
    `fault_for`, asked where `faults` is empty; `reply`, what an ordinary answer says; `retry_after`
    and `slow` in seconds; `redirect`, an address that every request is sent on to.
    """

    def __init__(self, port: int = 0) -> None:
        self.asked: list[Asked] = []
        self.answered: list[tuple[Asked, float]] = []
        self.faults: deque[Fault | None] = deque()
        self.fault_for: Callable[[Asked], Fault | None] = lambda _: None
        self.reply: Callable[[Asked], str] = next_choice
        self.retry_after = 0.05
        self.slow = 0.2
        self.redirect: str | None = None
        self._released = threading.Event()
        self._open = threading.Event()
        self._open.set()
        self._came = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> FakeServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def url(self, vendor: Vendor) -> str:
        """The base URL for a vendor's SDK."""
        root = f"http://127.0.0.1:{self._server.server_address[1]}"
        return f"{root}/v1" if vendor == "openai" else root

    def wait_for_request(self, seconds: float = 30.0) -> None:
        """Return once a request has come.

        Raises:
            TimeoutError: none came.
        """
        if not self._came.wait(seconds):
            raise TimeoutError("no request came")

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Answer nobody for a while; who waits is answered afterwards."""
        self._open.clear()
        try:
            with self._lock:  # an answer that is being written goes out whole
                pass
            yield
        finally:
            self._open.set()

    def reset(self) -> None:
        """Forget what was asked, and misbehave no more."""
        self.asked.clear()
        self.answered.clear()
        self._came.clear()
        self.faults.clear()
        self.fault_for = lambda _: None
        self.reply = next_choice

    def _take(self, asked: Asked) -> Fault | None:
        with self._lock:
            self.asked.append(asked)
            self._came.set()
            return self.faults.popleft() if self.faults else self.fault_for(asked)

    def _hang(self) -> None:
        self._released.wait(60)


def next_choice(asked: Asked) -> str:
    """The allowed answers in turn, by how many of them the conversation holds; else a greeting."""
    if not asked.choices:
        return "hello"
    given = sum(role == "assistant" and text in asked.choices for role, text in asked.messages)
    return asked.choices[given % len(asked.choices)]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    owner: FakeServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away (cancelled, timed out) is nothing to tell of."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def owner(self) -> FakeServer:
        server = self.server
        assert isinstance(server, _Server)
        return server.owner

    def do_GET(self) -> None:
        """Health, counters and the list of models, as vLLM has them."""
        if self.path == "/metrics":
            read = sum(sum(len(text.split()) for _, text in asked.messages) for asked in self.owner.asked)
            self._send(200, _METRICS.format(read=float(read), half=read / 2).encode())
            return
        models = {"object": "list", "data": [{"id": "m", "object": "model"}]}
        self._send(200, json.dumps(models if self.path.endswith("/models") else {}).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.owner.redirect:
            self._send(307, b"{}", headers={"location": self.owner.redirect + self.path})
            return
        shape = shape_of(self.path)
        if shape is None:
            self._send(404, b'{"error": {"message": "no such path"}}')
            return
        choices, messages, images = shape.read(body)
        stream = bool(body.get("stream")) or "streamGenerateContent" in self.path
        asked = Asked(shape.name, self.path, dict(self.headers), body, choices, messages, images, stream)
        fault = self.owner._take(asked)
        if fault is Fault.SLOW:
            time.sleep(self.owner.slow)
        if fault in _STATUS or fault in (Fault.ECHO, Fault.ECHO_PASSING):
            self._refuse(shape, asked, fault)
        else:
            self._answer(shape, asked, fault)

    def _refuse(self, shape: Shape, asked: Asked, fault: Fault | None) -> None:
        status = _STATUS.get(fault or "", 500)
        words = f"{status} on purpose"
        if fault in (Fault.ECHO, Fault.ECHO_PASSING):
            status = 401 if fault is Fault.ECHO else 500
            words = f"refused, headers: {asked.headers}, path: {asked.path}"
        more = {"retry-after": str(self.owner.retry_after)} if fault is Fault.RATE_LIMITED_AFTER else {}
        self._send(status, json.dumps(shape.error(status, words)).encode(), headers=more)

    def _answer(self, shape: Shape, asked: Asked, fault: Fault | None) -> None:
        reply = _reply(asked, fault, self.owner.reply)
        if fault is Fault.HANG:
            self.owner._hang()
            self.close_connection = True
        elif fault is Fault.MALFORMED:
            self._send(200, b'{"id": "x", "choi')
        elif fault is Fault.WRONG_TYPE:
            self._send(200, b"<!doctype html><title>Sign in</title>", headers={"content-type": "text/html"})
        elif asked.stream:
            self._stream(shape.events(reply), cut=fault is Fault.CUT)
        elif fault is Fault.CUT:
            self._send(200, json.dumps(shape.answer(reply)).encode(), cut=True)
        else:
            self._deliver(asked, json.dumps(shape.answer(reply)).encode())

    def _deliver(self, asked: Asked, data: bytes) -> None:
        """A whole answer, unless nobody waits for it any more."""
        while True:
            self.owner._open.wait()
            with self.owner._lock:
                if not self.owner._open.is_set():
                    continue
                if self._alone():
                    self.close_connection = True
                    return
                self._send(200, data)
                self.owner.answered.append((asked, time.monotonic()))
                return

    def _alone(self) -> bool:
        """Whether the other side is gone."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        try:
            return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
        except ConnectionError:
            return True

    def _send(
        self, status: int, data: bytes, *, cut: bool = False, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if cut else data)
        self.close_connection = self.close_connection or cut

    def _stream(self, events: list[bytes], *, cut: bool) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in events[: len(events) // 2] if cut else events:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
        if cut:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


_METRICS = """\
# TYPE vllm:prefix_cache_queries_total counter
vllm:prefix_cache_queries_total{{engine="0",model_name="m"}} {read}
vllm:prefix_cache_hits_total{{engine="0",model_name="m"}} {half}
vllm:prompt_tokens_total{{engine="0",model_name="m"}} {read}
"""

_STATUS: dict[str, int] = {
    Fault.RATE_LIMITED: 429,
    Fault.RATE_LIMITED_AFTER: 429,
    Fault.SERVER_ERROR: 500,
    Fault.OVERLOADED: 529,
    Fault.UNAUTHORISED: 401,
    Fault.BAD_REQUEST: 400,
}


def _reply(asked: Asked, fault: Fault | None, say: Callable[[Asked], str]) -> Reply:
    """The words and the finish of an answer; tokens are words, what came before is cached."""
    words = [len(text.split()) for _, text in asked.messages]
    counts: Any = {"input": sum(words), "cached": sum(words[:-1])}
    if fault is Fault.EMPTY:
        return Reply("", "stop", output=3, reasoning=2, **counts)
    if fault is Fault.NOTHING:
        return Reply("", "stop", output=0, reasoning=0, **counts)
    if fault is Fault.TRUNCATED:
        return Reply("Let me think about what", "length", output=5, reasoning=0, **counts)
    if fault is Fault.REFUSAL:
        return Reply("I cannot help with that.", "refusal", output=5, reasoning=0, **counts)
    text = f"your headers: {asked.headers}" if fault is Fault.ECHO_ANSWER else say(asked)
    plain = fault is Fault.ECHO_ANSWER or text not in (asked.choices or ())
    return Reply(
        text, "stop", output=len(text.split()) + 1, reasoning=1, held=None if plain else asked.held, **counts
    )


def main(arguments: list[str]) -> None:
    """``python -m harness.testing.server --port N`` serves until it is interrupted."""
    port = int(arguments[arguments.index("--port") + 1])
    with FakeServer(port), contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1:])
