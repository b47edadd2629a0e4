"""Asking from processes of their own: nothing may differ but where it is asked."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager

import psutil
import pytest

from harness import keys, plugins
from harness.api import FatalError, Host, Message, ProviderError, Request, Sampling, TransientError
from harness.providers import http
from harness.providers._apart import MANY, Apart, copies_for
from harness.providers.openai import OpenAIProvider
from harness.testing import HTTPProviderContract
from harness.testing.http_provider import _TYPES
from harness.testing.server import FakeServer, Fault

KEY = "sk-canary-0d4f7a1be29c4c55"
ASK = Request((Message.of("user", "hi"),), choices=("turn left", "go"), sampling=Sampling(seed=3))


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with FakeServer() as running:
        yield running


@asynccontextmanager
async def opened(server, copies=1, **options):
    provider = OpenAIProvider("m", base_url=server.url("openai"), **options)
    provider._apart = Apart(provider, copies, 16)
    await provider._apart.open()
    try:
        yield provider
    finally:
        await provider.aclose()


def ended(pid):
    for _ in range(100):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_it_is_for_many_requests_at_once_and_more_cores_than_one():
    assert [copies_for(at_once, cores=2) for at_once in (1, 16, MANY - 1, MANY, 4096)] == [0, 0, 0, 1, 1]
    assert [copies_for(at_once, cores=16) for at_once in (128, 256, 257, 1024, 9999)] == [1, 1, 2, 4, 8]
    assert copies_for(9999, cores=1) == 0


async def test_requests_are_shared_out_and_answered_as_ever(server):
    async with opened(server, copies=2) as provider:
        pids = provider._apart.pids
        answers = await asyncio.gather(*(provider.complete(ASK) for _ in range(8)))
        assert {answer.text for answer in answers} == {"turn left"}
        assert all(answer.usage.input == 1 and answer.latency > 0 for answer in answers)
        assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {KEY}"}
        assert len(set(pids)) == 2
        assert os.getpid() not in pids
    assert all(map(ended, pids))


async def test_failures_keep_their_types_and_hold_no_key(server):
    server.retry_after = 7.0
    async with opened(server, timeout=1.0) as provider:
        for fault, kind in _TYPES.items():
            server.faults.append(fault)
            with pytest.raises(ProviderError) as caught:
                await provider.complete(ASK)
            assert type(caught.value) is kind, fault
            assert KEY not in f"{caught.value} {caught.value!r}"
            if fault is Fault.RATE_LIMITED_AFTER:
                assert caught.value.retry_after == 7.0
        assert (await provider.complete(ASK)).text == "turn left"


async def test_a_process_that_died_is_replaced(server):
    async with opened(server) as provider:
        server.faults.append(Fault.HANG)
        asking = asyncio.ensure_future(provider.complete(ASK))
        await asyncio.to_thread(server.wait_for_request)
        os.kill(provider._apart.pids[0], signal.SIGKILL)
        with pytest.raises(TransientError, match="ended with status -9"):
            await asking
        assert (await provider.complete(ASK)).text == "turn left"


async def test_a_request_that_is_given_up_is_given_up_there_too(server):
    async with opened(server) as provider:
        server.faults.append(Fault.HANG)
        asking = asyncio.ensure_future(provider.complete(ASK))
        await asyncio.to_thread(server.wait_for_request)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert (await provider.complete(ASK)).text == "turn left"
        connections = psutil.Process(provider._apart.pids[0]).net_connections("tcp")
        assert len([each for each in connections if each.status == psutil.CONN_ESTABLISHED]) == 1


async def test_one_that_does_not_start_is_told(server, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(FatalError, match="did not start"):
        async with opened(server):
            pass


def test_none_is_left_where_the_run_is_killed(server):
    script = f"""
import asyncio, os, signal
from harness.api import Host
from harness.providers import http
from harness.providers.openai import OpenAIProvider
http.copies_for = lambda concurrency: 1
async def main():
    provider = OpenAIProvider("m", base_url={server.url("openai")!r})
    await provider.aopen(Host())
    print(provider._apart.pids[0], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended(int(told.stdout)), told.stderr


def test_secrets_of_the_run_are_secrets_there(monkeypatch):
    monkeypatch.setenv("SOME_OTHER_KEY", "another-canary-77")
    keys.read_key("SOME_OTHER_KEY")
    assert "another-canary-77" in keys.known()


@pytest.mark.slow
class TestChatApart(HTTPProviderContract):
    plugin = "openai"

    @pytest.fixture(autouse=True)
    def _apart(self, monkeypatch):
        monkeypatch.setattr(http, "copies_for", lambda _: 1)


@pytest.mark.parametrize("plugin", ["anthropic", "google", "vllm", "openrouter"])
async def test_every_provider_over_http_can_be_copied(plugin, server, monkeypatch):
    for variable in ("ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY"):
        monkeypatch.setenv(variable, KEY)
    monkeypatch.setattr(http, "copies_for", lambda _: 1)
    vendor = plugin if plugin in ("anthropic", "google") else "openai"
    provider = plugins.load("providers", plugin)("m", base_url=server.url(vendor))
    await provider.aopen(Host())
    try:
        assert (await provider.complete(ASK)).text == "turn left"
        assert provider._connected is None
    finally:
        await provider.aclose()
