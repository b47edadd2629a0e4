"""The connections of all providers over HTTP: as many as there are requests at once, used again."""

import asyncio
from contextlib import asynccontextmanager

import httpx2
import pytest

from harness.providers._connections import Connections


class Peer:
    """A server that counts its connections and answers when it is told to."""

    def __init__(self):
        self.connections = 0
        self.ready = asyncio.Event()
        self.ready.set()
        self.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await self.ready.wait()
                writer.write(self.answer)
                if b"close" in self.answer:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def talking():
    peer = Peer()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    verify = httpx2.create_ssl_context()
    async with server, httpx2.AsyncClient(base_url=url, transport=Connections(verify), timeout=5) as client:
        yield peer, client


async def many(client, count):
    return [reply.text for reply in await asyncio.gather(*(client.get("/") for _ in range(count)))]


async def test_there_are_as_many_as_requests_at_once_and_all_are_used_again():
    async with talking() as (peer, client):
        for _ in range(3):
            assert await many(client, 37) == ["ok"] * 37
        assert peer.connections == 37


async def test_one_after_the_other_takes_one():
    async with talking() as (peer, client):
        for _ in range(5):
            await client.get("/")
        assert peer.connections == 1


async def test_one_that_the_server_closed_is_replaced():
    async with talking() as (peer, client):
        await many(client, 4)
        peer.answer = peer.answer.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
        assert await many(client, 4) == ["ok"] * 4
        await asyncio.sleep(0.05)
        assert await many(client, 4) == ["ok"] * 4
        assert peer.connections == 8


async def test_one_that_broke_off_is_replaced():
    async with talking() as (peer, client):
        peer.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\nhalf"
        with pytest.raises(httpx2.HTTPError):
            await client.get("/")
        peer.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
        assert await many(client, 2) == ["ok"] * 2


async def test_a_request_that_was_given_up_leaves_its_place():
    async with talking() as (peer, client):
        peer.ready.clear()
        given_up = asyncio.create_task(client.get("/"))
        await asyncio.sleep(0.05)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        peer.ready.set()
        assert await many(client, 1) == ["ok"]
        assert len(client._transport._all) == 1


async def test_a_stream_holds_its_connection_until_it_is_closed():
    async with talking() as (peer, client):
        async with client.stream("GET", "/") as first:
            await client.get("/")
            assert peer.connections == 2
            assert await first.aread() == b"ok"
        await many(client, 2)
        assert peer.connections == 2


async def test_closing_the_client_closes_them_all():
    async with talking() as (_, client):
        await many(client, 3)
    assert all(not each._pool.connections for each in client._transport._all)
