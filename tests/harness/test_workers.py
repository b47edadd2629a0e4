"""Environments in worker processes: one that crashes or hangs stops nobody else."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import ludometer_test_worlds
import psutil
import pytest
from ludometer_test_runs import Quiet, content, run
from ludometer_test_worlds import nap, pid_of

from harness import acting
from harness.records import Status, read_run
from harness.spec import RunSpec
from harness.stage import WorkerDied
from harness.workers import Workers

SHARED = str(Path(ludometer_test_worlds.__file__).parent)
COUNTER, ONCE, LOOSE, DRAWN, LOST = (
    f"gymnasium/ludometer_test_worlds:Test{name}-v0" for name in ("Counter", "Once", "Loose", "Drawn", "Lost")
)

pytestmark = pytest.mark.workers


def with_workers(most, play, **settings):
    async def playing():
        workers = Workers(most, **settings)
        try:
            return await play(workers)
        finally:
            await workers.aclose()

    return asyncio.run(playing())


def test_worlds_are_spread_over_as_many_processes_as_allowed():
    async def play(workers):
        scenes = [await workers.open("babyai/goto") for _ in range(5)]
        pids = {await scene.run(pid_of) for scene in scenes}
        assert pids == set(workers.pids)
        assert len(pids) == 2
        assert os.getpid() not in pids

    with_workers(2, play)


def test_one_world_needs_one_process():
    async def play(workers):
        await workers.open("babyai/goto")
        return len(workers.pids)

    assert with_workers(4, play) == 1


def test_who_was_called_when_the_worker_died_is_a_suspect_the_others_are_not():
    async def play(workers):
        guilty, innocent = [await workers.open(COUNTER) for _ in range(2)]
        for scene in (guilty, innocent):
            await scene.run(acting.begin, 1)
        with pytest.raises(WorkerDied, match="SIGSEGV") as died:
            await guilty.run(acting.act, ("crash",), None, None)
        assert died.value.suspect
        with pytest.raises(WorkerDied, match="SIGSEGV") as died:
            await innocent.run(acting.act, ("calm",), None, None)
        assert not died.value.suspect
        for scene in (guilty, innocent):
            await scene.close()
        another = await workers.open(COUNTER)
        _, frame = await another.run(acting.begin, 1)
        assert frame.observation.sections

    with_workers(1, play)


def test_a_world_that_hangs_is_blamed_alone_and_its_worker_killed():
    async def play(workers):
        hanging, other = [await workers.open(COUNTER) for _ in range(2)]
        for scene in (hanging, other):
            await scene.run(acting.begin, 1)
        calls = (hanging.run(acting.act, ("hang",), None, None), other.run(nap, 30))
        first, second = await asyncio.gather(*calls, return_exceptions=True)
        assert "no answer for 1 s" in str(first) and first.suspect
        assert isinstance(second, WorkerDied) and not second.suspect

    with_workers(1, play, call_seconds=1.0)


def test_what_an_engine_raises_comes_back_by_name():
    async def play(workers):
        scene = await workers.open(COUNTER)
        await scene.run(acting.begin, 1)
        with pytest.raises(RuntimeError, match="does not like this"):
            await scene.run(acting.act, ("raise",), None, None)
        return (await scene.run(acting.act, ("calm",), None, None)).frames[-1]

    assert with_workers(1, play).reward == 1.0


def test_a_cancelled_call_is_not_waited_for():
    async def play(workers):
        scene = await workers.open("babyai/goto")
        calling = asyncio.create_task(scene.run(nap, 30))
        await asyncio.sleep(0.1)
        begun = time.monotonic()
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        await scene.close()
        await workers.aclose()
        return time.monotonic() - begun

    assert with_workers(1, play) < 5


def test_a_worker_that_cannot_start_is_no_endless_loop(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.workers._BOOT", "raise SystemExit(3)")
    result = run(tmp_path / "run", RunSpec(tasks=("babyai/goto",), episodes=1, workers=1))
    assert (result.done, result.failed) == (0, 1)
    assert "status 3, twice" in next(iter(read_run(tmp_path / "run"))).failures[-1].message


def test_what_an_engine_prints_stays_out_of_the_results():
    code = "from ludometer_test_worlds import say; import asyncio; from harness.workers import Workers\n"
    code += "async def main():\n    workers = Workers(1)\n    scene = await workers.open('babyai/goto')\n"
    code += "    await scene.run(say, 'hello')\n    await workers.aclose()\nasyncio.run(main())\n"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "PYTHONPATH": SHARED},
    )
    assert (done.stdout, "hello" in done.stderr) == ("", True)


def test_worlds_that_wait_do_not_wait_for_one_another():
    async def play(workers):
        scenes = [await workers.open("babyai/goto") for _ in range(8)]
        begun = time.monotonic()
        await asyncio.gather(*(scene.run(nap, 0.5) for scene in scenes))
        return time.monotonic() - begun

    assert with_workers(2, play) < 1.5


def test_workers_end_when_their_parent_is_killed():
    code = (
        "import asyncio, sys\n"
        "from harness.workers import Workers\n"
        "async def main():\n"
        "    workers = Workers(1)\n"
        "    await workers.open('babyai/goto')\n"
        "    print(workers.pids[0], flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    worker = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    psutil.wait_procs([worker], timeout=10)
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE


SPEC = RunSpec(
    tasks=(COUNTER, "babyai/goto"),
    agents=("direct",),
    models=("scripted:calm,turn left",),
    episodes=3,
    limits={"steps": 8},
    workers=2,
)


def test_a_run_in_workers_is_the_run_in_threads(tmp_path):
    spec = RunSpec(**{**SPEC.model_dump(), "agents": ("direct", "oracle", "plan"), "tasks": ("babyai/goto",)})
    run(tmp_path / "workers", spec)
    run(tmp_path / "threads", RunSpec(**{**spec.model_dump(), "workers": 0}))
    assert content(tmp_path / "workers") == content(tmp_path / "threads")


def test_an_episode_that_kills_its_worker_twice_fails_with_the_signal_and_the_run_goes_on(tmp_path):
    spec = RunSpec(**{**SPEC.model_dump(), "models": ("scripted:calm,crash",)})
    result = run(tmp_path / "run", spec, watcher := Quiet())
    assert (result.done, result.failed) == (3, 3)
    for episode in read_run(tmp_path / "run"):
        if episode.header.task == COUNTER:
            assert episode.status is Status.FAILED
            failure = episode.failures[-1]
            assert (failure.outcome, failure.error, failure.turn) == ("env_error", "WorkerDied", 1)
            assert "SIGSEGV" in failure.message and "twice" in failure.message
            assert len(episode.turns) == 1
        else:
            assert episode.status is Status.DONE
    assert any("goes on in another worker" in line for line in watcher.lines)


def test_a_worker_that_dies_once_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("LUDOMETER_TEST_FLAG", str(tmp_path / "flag"))
    spec = RunSpec(**{**SPEC.model_dump(), "tasks": (ONCE, "babyai/goto"), "episodes": 4})
    result = run(tmp_path / "crashed", spec)
    assert (tmp_path / "flag").exists()
    assert (result.failed, result.done) == (0, 8)
    asked = sum(len(turn.calls) for episode in read_run(tmp_path / "crashed") for turn in episode.turns)
    assert result.calls == asked
    run(tmp_path / "calm", spec)
    assert content(tmp_path / "crashed") == content(tmp_path / "calm")


def test_an_engine_that_raises_fails_its_episode_only(tmp_path):
    result = run(tmp_path / "run", RunSpec(**{**SPEC.model_dump(), "models": ("scripted:raise",)}))
    assert (result.done, result.failed) == (3, 3)
    failed = [episode for episode in read_run(tmp_path / "run") if episode.status is Status.FAILED]
    assert {episode.failures[-1].error for episode in failed} == {"RuntimeError"}


def test_the_longest_episodes_are_played_first(tmp_path):
    class Order(Quiet):
        def __init__(self):
            super().__init__()
            self.order = []

        def turn(self, spec, record):
            if record.index == 0:
                self.order.append((spec.entrant.agent, spec.task))

    watcher = Order()
    short, long = "babyai/goto", "minigrid/MiniGrid-DoorKey-5x5-v0"  # 64 steps and 250
    spec = {"tasks": (short, long), "agents": ("random", "direct"), "models": ("scripted:turn left",)}
    run(tmp_path / "run", RunSpec(**spec, episodes=1, limits={"turns": 70}, concurrency=1), watcher)
    assert watcher.order == [("direct", long), ("direct", short), ("random", long), ("random", short)]


# ------------------------------------------------------------------------ games that are never the same


class StopAfter(Quiet):
    """Ends the run, as a kill does, after so many turns."""

    def __init__(self, turns):
        super().__init__()
        self._left = turns

    def turn(self, spec, record):
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt


def stopped_after(folder, spec, turns):
    with pytest.raises((KeyboardInterrupt, asyncio.CancelledError)):
        run(folder, spec, StopAfter(turns))


def loose(task):
    own = {"tasks": (task,), "episodes": 1, "workers": 0, "models": ("scripted:calm",)}
    return RunSpec(**{**SPEC.model_dump(), **own})


def test_a_game_that_is_never_the_same_goes_on_from_its_checkpoint(tmp_path):
    stopped_after(tmp_path / "run", loose(LOOSE), 4)
    before = next(iter(read_run(tmp_path / "run")))
    result = run(tmp_path / "run", loose(LOOSE), watcher := Quiet())
    after = next(iter(read_run(tmp_path / "run")))
    assert after.status is Status.DONE
    assert after.turns[:4] == before.turns[:4]
    secrets = {step.hash for turn in after.turns for step in turn.steps}
    assert len(secrets) == 8
    assert not any("anew" in line for line in watcher.lines) or "checkpoint" in watcher.lines[-1]
    assert result.calls <= 5
    assert not list((tmp_path / "run").rglob("*.checkpoint"))
    seen = [turn.observation.sections[0].text for turn in after.turns]
    assert seen == sorted(seen, key=lambda text: int("".join(filter(str.isdigit, text))))


def test_pictures_that_replaying_could_not_give_are_kept_and_shown_again(tmp_path):
    spec = RunSpec(**{**loose(DRAWN).model_dump(), "observe": "both", "agents": ("direct(images=3)",)})
    stopped_after(tmp_path / "run", spec, 4)
    run(tmp_path / "run", spec, watcher := Quiet())
    assert not any("anew" in line and "checkpoint" not in line for line in watcher.lines)
    episode = next(iter(read_run(tmp_path / "run")))
    seen = [episode.start.observation, *(turn.observation for turn in episode.turns)]
    files = {file.stem: file for file in (tmp_path / "run" / "pictures").rglob("*.png")}
    assert {record.image for record in seen} <= files.keys()
    for name, file in files.items():
        assert hashlib.sha256(file.read_bytes()).hexdigest() == name
    for turn, _, messages in episode.requests():
        shown = [part["image"] for message in messages for part in message.parts if "image" in part]
        assert shown == [record.image for record in seen[max(0, turn - 2) : turn + 1]], turn


def test_without_a_checkpoint_it_is_played_anew_aloud(tmp_path):
    stopped_after(tmp_path / "run", loose(LOST), 4)
    run(tmp_path / "run", loose(LOST), watcher := Quiet())
    assert any("not deterministic" in line and "played anew" in line for line in watcher.lines)
    assert next(iter(read_run(tmp_path / "run"))).status is Status.DONE
    assert list((tmp_path / "run").rglob("*.mismatch-1"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_process_behind(tmp_path, number):
    command = [sys.executable, "-c", "from harness.cli import main; main()", "run", "-t", "babyai/goto"]
    command += ["-a", "direct", "-m", "scripted", "-n", "4", "--out", str(tmp_path / "run")]
    (tmp_path / "c.yaml").write_text("provider_options: {scripted: {delay: 0.2}}\n")
    command += ["-c", str(tmp_path / "c.yaml")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list((tmp_path / "run").rglob("*.calls")):
        time.sleep(0.02)
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
