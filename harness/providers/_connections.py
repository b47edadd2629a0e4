"""Connections that cost the same however many there are.

httpcore's pool looks at every connection that it holds, and asks the system about each idle one, when a
request begins and again when it ends: with 256 at once that is a third of all that a call costs here, and it
grows with their number. So each connection has a pool to itself, and the one that was freed last is next.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import httpx2


class Connections(httpx2.AsyncBaseTransport):
    """As many connections as there have ever been requests at once, each used again and again."""

    def __init__(self, verify: ssl.SSLContext) -> None:
        self._verify = verify
        self._all: list[httpx2.AsyncHTTPTransport] = []
        self._free: list[httpx2.AsyncHTTPTransport] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request over a connection that is free, or over a new one."""
        connection = self._free.pop() if self._free else self._new()
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            self._free.append(connection)
            raise
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - it came asynchronously
        response.stream = _Body(response.stream, connection, self._free)
        return response

    def _new(self) -> httpx2.AsyncHTTPTransport:
        limits = httpx2.Limits(max_connections=1, max_keepalive_connections=1)
        self._all.append(httpx2.AsyncHTTPTransport(verify=self._verify, limits=limits))
        return self._all[-1]

    async def aclose(self) -> None:
        """Close them all."""
        for connection in self._all:
            await connection.aclose()


class _Body(httpx2.AsyncByteStream):
    """The body of an answer; once it is closed the connection is free again."""

    def __init__(
        self,
        body: httpx2.AsyncByteStream,
        connection: httpx2.AsyncHTTPTransport,
        free: list[httpx2.AsyncHTTPTransport],
    ) -> None:
        self._body = body
        self._connection: httpx2.AsyncHTTPTransport | None = connection
        self._free = free

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._body:
            yield part

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        try:
            await self._body.aclose()
        finally:
            if connection is not None:
                self._free.append(connection)
