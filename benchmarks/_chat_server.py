"""A chat-completions server that costs next to nothing: for load, not for tests.

``python benchmarks/_chat_server.py --latency 0.2`` prints its port and answers every POST after the latency
with one of the answers that the request's schema allows (``"enum": […]``), picked by a checksum of the body,
so that the same conversation always goes the same way. ``GET /stats`` gives, as JSON: how many requests
came, their bytes, the server's CPU seconds, and for each request when it came and when it was answered
(seconds of the machine's monotonic clock). `harness.testing.server` is the one with all of OpenAI's manners.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
import zlib
from array import array
from collections import deque

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
_ALLOWED = re.compile(rb'"enum": ?(\[.*?\])')
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
_BODY = (
    b'{"id":"load-%d","object":"chat.completion","created":1,"model":"fake","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":%s},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":%d,"completion_tokens":8,"total_tokens":%d}}'
)
_BYTES_A_TOKEN = 4


class Load:
    """What all connections share: the answers that are due, and the books."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._due: deque[tuple[float, asyncio.Transport, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._answers: dict[bytes, list[bytes]] = {}
        self.came = array("d")
        self.answered = array("d")
        self.bytes = 0

    def take(self, transport: asyncio.Transport, body: memoryview) -> None:
        """A request is here whole; its answer is due after the latency."""
        now = time.monotonic()
        self.came.append(now)
        self.bytes += len(body)
        self._due.append((now + self._latency, transport, self._answer(bytes(body))))
        if self._timer is None:
            self._wake_at(self._due[0][0])

    def _answer(self, body: bytes) -> bytes:
        found = _ALLOWED.search(body)
        said = self._allowed(found[1]) if found else [b'"ok"']
        tokens = len(body) // _BYTES_A_TOKEN
        text = _BODY % (len(self.came), said[zlib.crc32(body) % len(said)], tokens, tokens + 8)
        return _HEAD % len(text) + text

    def _allowed(self, listed: bytes) -> list[bytes]:
        """The contents of all allowed answers; there are as many lists as games."""
        if listed not in self._answers:
            answers = [json.dumps({"action": name}) for name in json.loads(listed)]
            self._answers[listed] = [json.dumps(answer).encode() for answer in answers]
        return self._answers[listed]

    def _wake_at(self, due: float) -> None:
        # The loop's clock is time.monotonic.
        self._timer = asyncio.get_running_loop().call_at(due, self._send)

    def _send(self) -> None:
        """Every answer has the same latency, so they are due in the order in which they came."""
        now, self._timer = time.monotonic(), None
        while self._due and self._due[0][0] <= now:
            _, transport, answer = self._due.popleft()
            transport.write(answer)
            self.answered.append(now)
        if self._due:
            self._wake_at(self._due[0][0])

    def stats(self) -> bytes:
        """The books."""
        books = {
            "requests": len(self.came),
            "bytes": self.bytes,
            "cpu": time.process_time(),
            "came": self.came.tolist(),
            "answered": self.answered.tolist(),
        }
        return json.dumps(books).encode()


class Connection(asyncio.Protocol):
    """One connection, kept alive; a client sends the next request when it has its answer."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._read = bytearray()
        self._want = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        if not self._want and not self._headers():
            return
        if len(self._read) >= self._want:
            head = self._read.index(b"\r\n\r\n") + 4
            with memoryview(self._read) as whole:
                self._load.take(self._transport, whole[head : self._want])
            self._read.clear()
            self._want = 0

    def _headers(self) -> bool:
        """Read how long the request is; False where its headers are not whole, or where it is a GET."""
        end = self._read.find(b"\r\n\r\n")
        if end < 0:
            return False
        if self._read.startswith(b"GET"):
            text = self._load.stats()
            self._transport.write(_HEAD % len(text) + text)
            self._read.clear()
            return False
        length = _LENGTH.search(self._read, 0, end)
        self._want = end + 4 + (int(length[1]) if length else 0)
        return True


async def serve(latency: float) -> None:
    """Print the port, and serve until killed."""
    load = Load(latency)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(load), "127.0.0.1", backlog=4096
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--latency", type=float, default=0.2, help="seconds until an answer")
    asyncio.run(serve(options.parse_args().latency))


if __name__ == "__main__":
    main()
