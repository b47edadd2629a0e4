"""Real vLLM: a server of our own on this machine, played through, killed, and asked as any provider is.

Needs an interpreter with vLLM, named by LUDOMETER_VLLM_PYTHON; ``make test-vllm`` makes one.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from harness.api import FatalError, Host, InputError, Message, Request, Sampling, Text
from harness.client import ModelClient, RetryPolicy
from harness.folder import RunFolder
from harness.plan import make_plan
from harness.providers import _vllm_server as engine
from harness.providers.vllm import VLLMProvider
from harness.records import Status, read_run
from harness.run import Watcher, execute
from harness.spec import RunSpec
from harness.testing import ProviderContract, engines
from harness.testing._samples import picture

PYTHON = os.environ.get("LUDOMETER_VLLM_PYTHON")
pytestmark = [
    pytest.mark.vllm,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not PYTHON, reason="LUDOMETER_VLLM_PYTHON is not set: run make test-vllm"),
]

ARGUMENTS = {"max-model-len": 4096}
CHOICES = ("turn left", "turn right", "go forward", "pick up")


@pytest.fixture(scope="module", autouse=True)
def small():
    """A cache of 1 GiB for keys and values, and no look at any hub."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield


@pytest.fixture(scope="module")
def models():
    """Real models, made once beside the environment that vLLM is in."""
    folder = Path(PYTHON).parents[1] / "models"
    return {
        "text": str(engines.smollm2(folder / "smollm2")),
        "pictures": str(engines.tiny_idefics3(folder / "idefics3")),
    }


class Told(Watcher):
    """Remembers what was said, and calls `on_turn` after each turn."""

    def __init__(self, on_turn=lambda count: None):
        self.said, self.turns, self.on_turn = [], 0, on_turn

    def turn(self, spec, record):
        self.turns += 1
        self.on_turn(self.turns)

    def say(self, line):
        self.said.append(line)


def spec(model, **more):
    settings = {
        "suite": "quickstart",
        "agents": ("direct",),
        "concurrency": 16,
        "sampling": {"temperature": 0.0},
        "provider_options": {"vllm": {"arguments": ARGUMENTS}},
    }
    return RunSpec(models=(f"vllm:{model}",), **{**settings, **more})


def play(folder, asked, watcher=None):
    plan, run_folder = make_plan(asked), RunFolder(folder)
    digest = run_folder.open(asked, plan)
    result = asyncio.run(execute(asked, plan, run_folder, digest, watcher or Told()))
    return result, read_run(folder)


def played(episodes):
    """What must not depend on when and with whom an answer was computed."""
    return {
        episode.header.episode: (
            [(turn.decision.text, [step.hash for step in turn.steps]) for turn in episode.turns],
            episode.end and episode.end.progress.value,
        )
        for episode in episodes
    }


def server_processes():
    """The servers themselves, each the first of its process group."""
    found = psutil.process_iter(["cmdline"])
    return [p for p in found if (p.info["cmdline"] or [])[1:3] == ["-m", engine._MODULE]]


class Busy(threading.Thread):
    """Looks at the server's own gauge of requests under way, until it is gone."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.most, self.done = folder, 0.0, False

    def run(self):
        while not self.done:
            time.sleep(0.2)
            for process in server_processes():
                port = process.info["cmdline"][-1]
                page = asyncio.run(engine.get(f"http://127.0.0.1:{port}/metrics")) or ""
                now = engine.counters(page)
                waiting = now.get("vllm:num_requests_running", 0) + now.get("vllm:num_requests_waiting", 0)
                self.most = max(self.most, waiting)


@pytest.fixture(scope="module")
def undisturbed(models, tmp_path_factory):
    """The suite quickstart, 16 of its 20 episodes at once, on one server."""
    folder = tmp_path_factory.mktemp("vllm") / "run"
    watcher, busy = Told(), Busy(folder)
    busy.start()
    result, episodes = play(folder, spec(models["text"]), watcher)
    busy.done = True
    return folder, result, episodes, watcher, busy


def test_sixteen_episodes_at_once_are_played_on_one_server(undisturbed):
    _, result, episodes, watcher, busy = undisturbed
    assert (result.done, result.failed) == (20, 0)
    assert busy.most >= 16
    assert sum("starting" in line and "with vllm" in line for line in watcher.said) == 1
    outcomes = {turn.decision.outcome for episode in episodes for turn in episode.turns}
    assert outcomes == {"ok"}, "structured outputs leave nothing else"
    assert not server_processes()


def test_the_prefix_cache_is_hit_and_told_of(undisturbed, capsys):
    folder, _, episodes, watcher, _ = undisturbed
    figures = json.loads(next((folder / "engines").glob("*.json")).read_text())
    assert figures["prefix_cache_hit_rate"] > 0.5
    assert any("came from the prefix cache" in line for line in watcher.said)
    calls = [call for episode in episodes for turn in episode.turns for call in turn.calls]
    assert figures["prompt_tokens"] == sum(call.usage.input for call in calls)
    assert figures["generation_tokens"] == sum(call.usage.output for call in calls)
    assert sum(call.usage.cached for call in calls) > 0.5 * figures["prompt_tokens"]
    with capsys.disabled():
        print(f"\nprefix cache hit rate: {figures['prefix_cache_hit_rate']:.1%}")  # noqa: T201


def test_a_server_that_is_killed_is_started_again_and_nothing_is_scored_for_it(undisturbed, models, tmp_path):
    killed = []

    def kill(turns):
        if turns == 40:
            for process in server_processes():
                os.killpg(process.pid, signal.SIGKILL)
                killed.append(process.pid)

    watcher = Told(kill)
    result, episodes = play(tmp_path / "run", spec(models["text"]), watcher)
    assert len(killed) == 1
    assert (result.done, result.failed) == (20, 0)
    assert played(episodes) == played(undisturbed[2])
    assert sum("the server died; starting it again" in line for line in watcher.said) == 1
    retries = [r for e in episodes for turn in e.turns for call in turn.calls for r in call.retries]
    assert {retry.error for retry in retries} == {"TransientError"}


def test_a_picture_is_played_through_a_model_that_sees(models, tmp_path):
    asked = spec(
        models["pictures"],
        suite=None,
        tasks=("babyai/goto",),
        observe="image",
        episodes=4,
        limits={"steps": 4},
        provider_options={"vllm": {"arguments": {"max-model-len": 2048}}},
    )
    result, episodes = play(tmp_path / "run", asked)
    assert (result.done, result.failed) == (4, 0)
    calls = [call for episode in episodes for turn in episode.turns for call in turn.calls]
    pictures = [
        part for call in calls for message in call.request.add for part in message.parts if "image" in part
    ]
    assert len({part["image"] for part in pictures}) > 4
    assert {turn.decision.outcome for episode in episodes for turn in episode.turns} == {"ok"}


def test_a_server_that_does_not_start_is_told_with_the_end_of_its_log(models, tmp_path):
    config = {"provider_options": {"vllm": {"arguments": {"max-model-len": 10_000_000}}}}
    (tmp_path / "c.yaml").write_text(json.dumps(config))
    done = command(tmp_path, models["text"], "-c", str(tmp_path / "c.yaml"))
    _, said = done.communicate(timeout=300)
    assert done.returncode == 2
    last = said.strip().splitlines()[-1]
    assert last.startswith("error: model 'vllm:")
    assert "ended while it started" in last
    assert "max_model_len" in last
    assert "Traceback" not in said
    assert not server_processes()


def command(folder, model, *more):
    code = "from harness.cli import main; main()"
    line = ["run", "-t", "babyai/goto", "-n", "2", "-m", f"vllm:{model}", "--no-report", *more]
    return subprocess.Popen(
        [sys.executable, "-c", code, *line, "--out", str(folder / "run")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_run_that_is_killed_leaves_no_server_behind(models, tmp_path):
    config = {"provider_options": {"vllm": {"arguments": ARGUMENTS}}}
    (tmp_path / "c.yaml").write_text(json.dumps(config))
    process = command(tmp_path, models["text"], "-c", str(tmp_path / "c.yaml"))
    wait_for(server_processes)
    process.kill()
    process.communicate()
    wait_for(lambda: not server_processes())


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


# ------------------------------------------------------------------------------ a server that runs already


@pytest.fixture(scope="module")
def running(models, tmp_path_factory):
    """A server that others own."""
    kind = engine.installed(PYTHON)
    line = engine.command(PYTHON, models["text"], kind, 16, ARGUMENTS)
    server = engine.Server(line, engine.environment(kind), tmp_path_factory.mktemp("server") / "server.log")

    async def start():
        await server.start(lambda _: None, patience=300)
        return server._process

    loop = asyncio.new_event_loop()
    loop.run_until_complete(start())
    yield server.url, models["text"]
    loop.run_until_complete(server.stop())
    loop.close()


class TestVLLM(ProviderContract):
    plugin = "vllm"

    @pytest.fixture(autouse=True)
    def _server(self, running):
        self.url, self.model = running

    def provider(self):
        return VLLMProvider(self.model, base_url=f"{self.url}/v1")

    def test_takes_or_refuses_pictures(self):
        """This model takes none, which the server tells; the one that takes them is played above."""
        request = Request((Message("user", (Text("What is this?"), picture())),))
        with pytest.raises(FatalError, match="multimodal"):
            self.ask(request)


def ask(running, request, **options):
    url, model = running

    async def once():
        provider = VLLMProvider(model, base_url=f"{url}/v1", **options)
        await provider.aopen(Host())
        try:
            return await provider.complete(request)
        finally:
            await provider.aclose()

    return asyncio.run(once())


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_allowed_answers_are_the_only_answers_and_seeds_repeat(running, temperature):
    texts = set()
    for seed in range(8):
        request = Request(
            (Message.of("user", "Which way?"),),
            choices=CHOICES,
            sampling=Sampling(temperature=temperature, seed=seed),
        )
        first, again = ask(running, request), ask(running, request)
        assert first.text in CHOICES
        assert first.text == again.text
        texts.add(first.text)
    assert (len(texts) > 1) == (temperature > 0)


def test_an_answer_can_be_streamed(running):
    request = Request(
        (Message.of("user", "Count to five."),), sampling=Sampling(max_tokens=12, temperature=0)
    )
    streamed, whole = ask(running, request, stream=True), ask(running, request)
    assert streamed.text == whole.text
    assert (streamed.usage.input, streamed.usage.output) == (whole.usage.input, whole.usage.output)
    assert 0 < streamed.first_token < streamed.latency


def test_a_model_that_is_not_served_is_told_before_anything_starts(running):
    url, _ = running
    with pytest.raises(InputError, match="serves .*, not other"):
        asyncio.run(VLLMProvider("other", base_url=f"{url}/v1").aopen(Host()))


def test_blocks_of_diffs_hit_the_prefix_cache_at_least_twice_as_often_as_a_window(running, tmp_path, capsys):
    url, model = running
    rates = {}
    for name, history in (("window", "window(turns=8)"), ("diff", "diff(tokens=2000)")):
        before = engine.counters(asyncio.run(engine.get(f"{url}/metrics")))
        asked = spec(
            model,
            suite=None,
            tasks=("atari/pong@atari-gpt",),  # the ball moves, whatever this small model says
            agents=(f"direct(history={history})",),
            episodes=1,
            limits={"steps": 48},
            provider_options={"vllm": {"base_url": f"{url}/v1"}},
        )
        result, _ = play(tmp_path / name, asked)
        assert (result.done, result.failed) == (1, 0)
        after = engine.counters(asyncio.run(engine.get(f"{url}/metrics")))
        hits, queries = (
            after[f"vllm:prefix_cache_{kind}_total"] - before.get(f"vllm:prefix_cache_{kind}_total", 0)
            for kind in ("hits", "queries")
        )
        rates[name] = hits / queries
    with capsys.disabled():
        print("\nprefix cache hit rates: " + ", ".join(f"{n} {r:.1%}" for n, r in rates.items()))  # noqa: T201
    assert rates["diff"] >= 2 * rates["window"]


def test_tokens_are_counted_by_the_servers_model(running):
    url, model = running
    provider = VLLMProvider(model, base_url=f"{url}/v1")
    asyncio.run(provider.aopen(Host()))
    request = Request((Message.of("user", "one two three"),), sampling=Sampling(max_tokens=1))
    longer = Request((Message.of("user", "one two three four five"),), sampling=Sampling(max_tokens=1))
    more = ask(running, longer).usage.input - ask(running, request).usage.input
    assert provider.count("one two three four five") - provider.count("one two three") == more == 2


def test_a_server_of_others_that_goes_away_fails_the_episodes_and_scores_nothing(
    running, tmp_path, monkeypatch
):
    """The last test: it kills the server that the ones above share."""
    monkeypatch.setitem(ModelClient.__init__.__kwdefaults__, "retry", RetryPolicy(tries=3, base=0.05))
    url, model = running

    def kill(turns):
        if turns == 20:
            for process in server_processes():
                os.killpg(process.pid, signal.SIGKILL)

    asked = spec(model, provider_options={"vllm": {"base_url": f"{url}/v1"}})
    result, episodes = play(tmp_path / "run", asked, Told(kill))
    assert result.failed > 0
    assert result.done + result.failed == 20
    for episode in episodes:
        if episode.status is Status.FAILED:
            assert (episode.end, episode.failures[-1].outcome) == (None, "api_error")
            assert "no connection" in episode.failures[-1].message
