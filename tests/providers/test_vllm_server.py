"""How a server of our own is started, watched and stopped: with a child that behaves like vLLM's.

The real one is played through in tests/vllm.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from harness.api import FatalError, Host, InputError, Message, Request, TransientError
from harness.providers import _vllm_server as engine
from harness.providers.vllm import VLLMProvider
from harness.testing import HTTPProviderContract
from harness.testing.server import FakeServer

FAKE = [sys.executable, "-m", "harness.testing.server"]
REQUEST = Request((Message.of("user", "which way?"),), choices=("turn left", "turn right"))


@pytest.fixture
def faked(monkeypatch):
    """vLLM is installed, and its server is the fake one."""
    monkeypatch.setattr(engine, "installed", lambda python: "vllm")
    monkeypatch.setattr(engine, "command", lambda *_: FAKE)
    monkeypatch.setattr(engine, "_POLL", 0.05)


def children():
    found = psutil.Process().children(recursive=True)
    return [p for p in found if "harness.testing.server" in p.cmdline() and "_leash.py" not in p.cmdline()[1]]


class TestAttached(HTTPProviderContract):
    plugin = "vllm"

    def test_a_server_that_is_not_there_is_transient(self):
        """It is looked for before anything starts, and told at once."""
        with FakeServer() as gone:
            pass
        with pytest.raises(InputError, match="no server answers"):
            asyncio.run(VLLMProvider("m", base_url=gone.url("openai")).aopen(Host()))


def test_a_server_is_started_asked_reported_and_stopped(faked, tmp_path):
    said = []

    async def play():
        provider = VLLMProvider("m")
        await provider.aopen(Host(4, tmp_path, said.append))
        assert children()
        completion = await provider.complete(REQUEST)
        await provider.aclose()
        await provider.aclose()
        return completion

    assert asyncio.run(play()).text == "turn left"
    assert not children()
    assert (tmp_path / "vllm-m.log").exists()
    assert '"prefix_cache_hit_rate": 0.5' in (tmp_path / "vllm-m.json").read_text()
    assert any("ready after" in line for line in said)
    assert any("50% of 2 prompt tokens came from the prefix cache" in line for line in said)


def test_a_server_that_dies_is_started_again_twice_and_no_more(faked, tmp_path):
    said, failures = [], []

    async def kill_and_ask(provider):
        for child in children():
            child.kill()
        try:
            await provider.complete(REQUEST)
        except (TransientError, FatalError) as error:
            failures.append(error)

    async def play():
        provider = VLLMProvider("m")
        await provider.aopen(Host(4, tmp_path, said.append))
        for _ in range(2):
            await kill_and_ask(provider)
            assert (await provider.complete(REQUEST)).text == "turn left"
        await kill_and_ask(provider)
        await provider.aclose()

    asyncio.run(play())
    assert [type(failure) for failure in failures] == [TransientError, TransientError, FatalError]
    assert "died 3 times" in str(failures[2])
    assert sum("starting it again" in line for line in said) == 2


def test_many_requests_that_meet_a_dead_server_start_it_once(faked, tmp_path):
    said = []

    async def play():
        provider = VLLMProvider("m")
        await provider.aopen(Host(8, tmp_path, said.append))
        for child in children():
            child.kill()
        first = await asyncio.gather(*(provider.complete(REQUEST) for _ in range(8)), return_exceptions=True)
        again = await asyncio.gather(*(provider.complete(REQUEST) for _ in range(8)))
        await provider.aclose()
        return first, again

    first, again = asyncio.run(play())
    assert {type(each) for each in first} <= {TransientError}
    assert {each.text for each in again} == {"turn left"}
    assert sum("starting it again" in line for line in said) == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            "print('loading'); raise ValueError('no such model')",
            "ended while it started.*ValueError: no such model",
        ),
        ("import time; print('loading'); time.sleep(60)", "did not answer in 1 s.*loading"),
    ],
)
def test_a_server_that_does_not_start_is_told_with_the_end_of_its_log(
    code, words, faked, monkeypatch, tmp_path
):
    monkeypatch.setattr(engine, "command", lambda *_: [sys.executable, "-u", "-c", code])
    with pytest.raises(FatalError, match=words):
        asyncio.run(VLLMProvider("m", patience=1.0).aopen(Host(4, tmp_path)))


def test_the_server_ends_with_whoever_started_it_even_when_that_is_killed(tmp_path):
    code = (
        "import asyncio, os, pathlib; from harness.providers import _vllm_server as engine\n"
        f"log = pathlib.Path({str(tmp_path / 'log')!r})\n"
        f"server = engine.Server({FAKE!r}, dict(os.environ), log)\n"
        "async def go():\n"
        "    await server.start(print, patience=60); print('up', flush=True); await asyncio.sleep(60)\n"
        "asyncio.run(go())"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    while parent.stdout.readline().strip() != "up":
        assert parent.poll() is None
    family = psutil.Process(parent.pid).children(recursive=True)
    assert len(family) == 2
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive


def test_the_command_line_fits_what_is_installed():
    gpu = engine.command("python", "org/model", "vllm", 16, {"max_model_len": 4096, "enable-lora": False})
    assert gpu[:3] == ["python", "-m", "vllm.entrypoints.openai.api_server"]
    assert "--dtype" not in gpu
    assert gpu[gpu.index("--max-model-len") + 1] == "4096"
    assert "--no-enable-lora" in gpu
    cpu = engine.command("python", "m", "vllm-cpu", 16, {"dtype": "bfloat16"})
    assert cpu[cpu.index("--dtype") + 1] == "bfloat16"
    assert {"--enforce-eager", "--no-enable-chunked-prefill"} <= set(cpu)


def test_a_server_is_told_no_key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    monkeypatch.setenv("HF_TOKEN", "kept-for-gated-models")
    told = engine.environment("vllm")
    assert "OPENAI_API_KEY" not in told
    assert told["HF_TOKEN"] == "kept-for-gated-models"


def test_what_is_not_there_is_told_before_anything_starts():
    with pytest.raises(InputError, match="vLLM is not installed.*docs/models.md.*--base-url"):
        VLLMProvider("m", python=sys.executable)
    with pytest.raises(InputError, match="cannot run the interpreter"):
        VLLMProvider("m", python="/no/such/python")
    with pytest.raises(InputError, match="no server answers at http://127.0.0.1:9/v1"):
        asyncio.run(VLLMProvider("m", base_url="http://127.0.0.1:9/v1").aopen(Host()))
    with FakeServer() as server, pytest.raises(InputError, match="serves m, not other"):
        asyncio.run(VLLMProvider("other", base_url=server.url("openai")).aopen(Host()))


def test_starting_is_told_while_it_lasts(faked, monkeypatch, tmp_path):
    monkeypatch.setattr(engine, "_SAY_EVERY", 0.1)
    late = (
        "import runpy, time; print('loading weights', flush=True); time.sleep(0.5)\n"
        "runpy.run_module('harness.testing.server', run_name='__main__')"
    )
    monkeypatch.setattr(engine, "command", lambda *_: [sys.executable, "-c", late])
    said = []

    async def play():
        provider = VLLMProvider("m")
        await provider.aopen(Host(4, tmp_path, said.append))
        await provider.aclose()

    begun = time.monotonic()
    asyncio.run(play())
    assert time.monotonic() - begun < 30
    assert any("loading weights" in line for line in said)
