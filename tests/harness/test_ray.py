"""Runs on Ray: the same as anywhere else, whatever dies."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
import yaml
from ludometer_test_runs import Quiet, content, run

from harness.cli import main
from harness.records import Status, read_run
from harness.spec import RunSpec
from harness.testing.server import FakeServer

pytest.importorskip("ray", reason="Ray is not installed")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

PLAY = Path(__file__).parents[1] / "shared" / "ludometer_test_play.py"
COUNTER = "gymnasium/ludometer_test_worlds:TestCounter-v0"
SPEC = {
    "tasks": ("babyai/goto", "babyai/open"),
    "agents": ("direct", "vote(samples=2)", "reflexion(trials=2)", "random", "oracle"),
    "models": ("scripted:go forward,turn left,nonsense",),
    "episodes": 2,
    "limits": {"steps": 8},
    "concurrency": 4,
    "workers": 2,
}


@pytest.fixture(scope="module", autouse=True)
def cluster():
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(address="local", num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    assert run(folder, RunSpec(**{**SPEC, "workers": 0})).done == 20
    return content(folder)


def test_a_run_on_ray_is_the_run_in_threads(undisturbed, tmp_path):
    result = run(tmp_path / "run", RunSpec(**SPEC, executor="ray"))
    assert (result.done, result.failed, result.unfinished) == (20, 0, 0)
    assert content(tmp_path / "run") == undisturbed
    calls = sum(len(episode.calls) for episode in read_run(tmp_path / "run"))
    assert result.calls == calls
    again = run(tmp_path / "run", RunSpec(**SPEC, executor="ray"))
    assert (again.done_before, again.calls) == (20, 0)


def test_a_folder_behind_a_url(undisturbed, tmp_path):
    from harness.storage import place

    result = run(place(f"file://{tmp_path}/run"), RunSpec(**SPEC, executor="ray"))
    assert (result.done, result.failed) == (20, 0)
    assert content(tmp_path / "run") == undisturbed


@pytest.fixture
def server():
    with FakeServer() as server:
        yield server


def slow_spec(server, **more):
    def answer(asked):
        time.sleep(0.05)
        given = sum(role == "assistant" for role, _ in asked.messages)
        return (asked.choices or ("go forward",))[given % len(asked.choices or (1,))]

    server.reply = answer
    options = {"openai": {"base_url": server.url("openai")}}
    base = {
        **SPEC,
        "agents": ("direct",),
        "models": ("openai:m",),
        "provider_options": options,
        "episodes": 6,
    }
    return RunSpec(**{**base, "limits": {"steps": 10, "turns": 10}, **more})


def asked_twice(server):
    counts = Counter(json.dumps(asked.body, sort_keys=True) for asked, _ in server.answered)
    return sum(count - 1 for count in counts.values())


def ray_workers():
    names = (process for process in psutil.process_iter(["cmdline"]) if process.info["cmdline"])
    return [process for process in names if process.info["cmdline"][0].startswith("ray::_play")]


def test_a_worker_that_is_killed_in_the_middle_loses_nothing(server, tmp_path):
    spec = slow_spec(server, executor="ray")
    killed = []

    def kill_one():
        server.wait_for_request()
        time.sleep(0.7)
        with server.holding():
            time.sleep(0.5)  # what was answered is on disk
            for victim in ray_workers()[:1]:
                victim.kill()
                killed.append(victim.pid)
                psutil.wait_procs([victim], timeout=10)

    threading.Thread(target=kill_one).start()
    result = run(tmp_path / "run", spec, watcher := Quiet())
    assert killed
    assert (result.done, result.failed) == (12, 0)
    assert any("Ray worker died" in line for line in watcher.lines)
    assert len(server.answered) == sum(len(episode.calls) for episode in read_run(tmp_path / "run"))
    assert asked_twice(server) == 0
    server.reset()
    run(tmp_path / "calm", slow_spec(server, workers=0))
    assert content(tmp_path / "run") == content(tmp_path / "calm")


def test_a_driver_that_is_killed_is_started_again_here_or_on_ray(server, tmp_path):
    spec = slow_spec(server)
    config = tmp_path / "run.yaml"
    config.write_text(yaml.safe_dump({**json.loads(spec.model_dump_json()), "executor": "ray"}))
    command = [sys.executable, str(PLAY), str(config), str(tmp_path / "run")]
    driver = subprocess.Popen(command, start_new_session=True, env={**os.environ, "RAY_ADDRESS": ""})
    server.wait_for_request(60)
    time.sleep(1.0)
    with server.holding():
        time.sleep(0.5)
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        time.sleep(2.0)  # its tasks notice
    before = len(server.answered)
    result = run(tmp_path / "run", spec.model_copy(update={"workers": 0}))
    assert (result.done + result.done_before, result.failed) == (12, 0)
    assert before < len(server.answered) == sum(len(e.calls) for e in read_run(tmp_path / "run"))
    assert asked_twice(server) == 0


def test_a_budget_holds_over_all_tasks(tmp_path):
    spec = RunSpec(**{**SPEC, "agents": ("direct",), "executor": "ray", "budget": {"tokens": 3000}})
    result = run(tmp_path / "run", spec)
    assert "3,000 tokens" in result.stopped
    used = sum(call.usage.input + call.usage.output for e in read_run(tmp_path / "run") for call in e.calls)
    assert 3000 <= used < 6000
    assert run(tmp_path / "run", RunSpec(**{**SPEC, "agents": ("direct",)}, executor="ray")).unfinished == 0


def test_an_episode_that_kills_its_workers_fails_and_the_others_finish(tmp_path):
    own = {"tasks": (COUNTER, "babyai/goto"), "agents": ("direct",), "models": ("scripted:calm,crash",)}
    spec = {**SPEC, **own, "executor": "ray", "concurrency": 2}
    result = run(tmp_path / "run", RunSpec(**spec))
    assert (result.done, result.failed) == (2, 2)
    for episode in read_run(tmp_path / "run"):
        crashed = episode.header.task == COUNTER
        assert episode.status is (Status.FAILED if crashed else Status.DONE)
        if crashed:
            assert "twice" in episode.failures[-1].message


def test_cancelling_ends_cleanly(server, tmp_path):
    spec = slow_spec(server, executor="ray")

    async def cancelled():
        from harness.folder import RunFolder
        from harness.plan import make_plan
        from harness.run import Watcher, execute

        plan, folder = make_plan(spec), RunFolder(tmp_path / "run")
        playing = asyncio.create_task(execute(spec, plan, folder, folder.open(spec, plan), Watcher()))
        await asyncio.to_thread(server.wait_for_request)
        await asyncio.sleep(0.5)
        playing.cancel()
        await playing

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    for file in (tmp_path / "run").rglob("*.jsonl"):
        assert file.read_bytes().endswith(b"\n")
    result = run(tmp_path / "run", spec)
    assert (result.done + result.done_before, result.failed) == (12, 0)


@pytest.mark.parametrize(
    ("arguments", "said"), [(["-a", "human"], "at this keyboard"), (["-m", "vllm:x"], "a server of its own")]
)
def test_what_tasks_cannot_share_is_refused(arguments, said, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["run", "-t", "babyai/goto", *arguments, "--executor", "ray", "--out", str(tmp_path / "run")])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
