"""Whole runs: recorded, resumed, refused, and never charged twice."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ludometer_test_runs import Quiet, content, run

from harness import plan as planning
from harness.api import Completion, FatalError, Provider, TransientError, Usage
from harness.cli import main
from harness.client import RetryPolicy
from harness.folder import RunFolder
from harness.records import Status, read_episode, read_run
from harness.spec import Budget, RunSpec

SPEC = RunSpec(
    tasks=("babyai/goto", "babyai/open"),
    agents=("direct", "direct(history=window(turns=2))", "random", "oracle"),
    models=("scripted:go forward,turn left,nonsense,go forward,turn right",),
    episodes=2,
    limits={"steps": 12},
)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    result = run(folder, SPEC)
    assert (result.done, result.failed) == (16, 0)
    return folder


def test_a_run_is_the_same_every_time(undisturbed, tmp_path):
    run(tmp_path / "again", SPEC)
    assert content(tmp_path / "again") == content(undisturbed)


def test_running_again_asks_nobody(undisturbed):
    before = content(undisturbed)
    result = run(undisturbed, SPEC)
    assert (result.done_before, result.done, result.calls) == (16, 0, 0)
    assert content(undisturbed) == before


def test_answers_that_name_no_action_move_nothing(undisturbed):
    episode = next(e for e in read_run(undisturbed) if e.header.agent == "direct")
    lost = [turn for turn in episode.turns if not turn.steps]
    assert lost
    assert {turn.decision.outcome for turn in lost} <= {"invalid_action", "parse_error"}
    following = episode.turns[lost[0].index + 1]
    assert "Nothing happened" in following.notice
    assert len(episode.turns) <= 12


def test_the_oracle_solves_what_random_does_not(undisturbed):
    scores = {"oracle": [], "random": []}
    for episode in read_run(undisturbed):
        if episode.header.agent in scores:
            scores[episode.header.agent].append(episode.end.progress.value)
    assert scores["oracle"] == [1.0] * 4
    assert sum(scores["random"]) < 4


@pytest.mark.parametrize("cut", [3, 400, 4000, 20_000])
def test_an_episode_cut_anywhere_goes_on_and_ends_the_same(undisturbed, tmp_path, cut):
    run(tmp_path / "run", SPEC)
    for file in (tmp_path / "run" / "episodes").rglob("*.jsonl"):
        data = file.read_bytes()
        file.write_bytes(data[: max(0, len(data) - cut)])
    watcher = Quiet()
    result = run(tmp_path / "run", SPEC, watcher)
    assert result.failed == 0
    assert content(tmp_path / "run") == content(undisturbed)
    assert not [line for line in watcher.lines if "anew" in line]


def test_a_resumed_episode_asks_for_what_is_missing_only(undisturbed, tmp_path):
    run(tmp_path / "run", SPEC)
    files = [f for f in (tmp_path / "run" / "episodes").rglob("*.jsonl") if "scripted" in str(f)]
    for file in files:
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join(lines[:-2]))  # without its end and its last turn
    assert run(tmp_path / "run", SPEC).calls == len(files)


def test_what_does_not_replay_is_kept_aside_and_played_anew(undisturbed, tmp_path):
    run(tmp_path / "run", SPEC)
    file = next((tmp_path / "run" / "episodes").rglob("*.jsonl"))
    lines = file.read_text().splitlines(keepends=True)
    start = json.loads(lines[1])
    lines[1] = json.dumps({**start, "hash": "0" * 32}) + "\n"
    file.write_text("".join(lines[:-1]))
    watcher = Quiet()
    run(tmp_path / "run", SPEC, watcher)
    assert any("played anew" in line for line in watcher.lines)
    assert file.with_suffix(".mismatch-1").exists()
    assert content(tmp_path / "run") == content(undisturbed)


class Flaky(Provider):
    """Fails on every third request; the failure is not worth another try after the first."""

    failing = True
    asked = 0

    async def complete(self, request):
        type(self).asked += 1
        if self.failing and self.asked % 3 == 0:
            raise TransientError("503 from the server")
        return Completion(
            ("go forward", "turn left", "nonsense", "go forward", "turn right")[request.turn % 5]
        )


def test_an_outage_is_never_a_move_and_never_a_score(undisturbed, tmp_path, monkeypatch):
    monkeypatch.setattr(planning, "make_provider", lambda model, options: Flaky())
    monkeypatch.setattr(RetryPolicy, "wait", lambda *args: None)
    monkeypatch.setattr(Flaky, "failing", True)
    folder = tmp_path / "run"
    result = run(folder, SPEC)
    assert result.failed > 0
    failed = [e for e in read_run(folder) if e.status is Status.FAILED]
    assert len(failed) == result.failed
    assert all(e.end is None and e.failures[-1].outcome == "api_error" for e in failed)
    monkeypatch.setattr(Flaky, "failing", False)
    Flaky.asked = 0
    assert run(folder, SPEC).failed == 0
    progress = {e.header.episode: e.end.progress.value for e in read_run(folder)}
    assert progress == {e.header.episode: e.end.progress.value for e in read_run(undisturbed)}


def test_kill_minus_nine_loses_nothing(undisturbed, tmp_path):
    folder = tmp_path / "run"
    config = tmp_path / "run.yaml"
    options = {"provider_options": {"scripted": {"delay": 0.05}}, "concurrency": 2}
    config.write_text(json.dumps({**SPEC.model_dump(mode="json"), **options}))
    command = [sys.executable, "-c", "from harness.cli import main; main()", "run", "-c", str(config)]
    command += ["--out", str(folder), "--no-report"]
    for turns in (10, 40):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None and _turns(folder) < turns:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert turns <= _turns(folder) < 150
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    mine, theirs = content(folder), content(undisturbed)
    for path in theirs:  # the configuration's hash differs by the delay
        for lines in (mine[path], theirs[path]):
            lines[0].pop("config_hash")
    assert mine == theirs


def _turns(folder):
    files = (Path(folder) / "episodes").rglob("*.jsonl")
    return sum(file.read_bytes().count(b'"kind":"turn"') for file in files)


def test_an_interrupt_ends_cleanly_and_says_how_to_go_on(tmp_path):
    command = [sys.executable, "-c", "from harness.cli import main; main()", "run", "-t", "babyai/goto"]
    command += ["-a", "direct", "-m", "scripted", "-n", "4", "-c", str(tmp_path / "c.yaml")]
    command += ["--out", str(tmp_path / "run")]
    (tmp_path / "c.yaml").write_text("provider_options: {scripted: {delay: 0.2}}\n")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and _turns(tmp_path / "run") < 4:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "same --out to go on" in said
    assert "Traceback" not in said
    for file in (tmp_path / "run" / "episodes").rglob("*.jsonl"):
        assert read_episode(file, tolerate_torn=False) is not None


def test_a_second_process_on_the_folder_is_refused(tmp_path, capsys):
    with RunFolder(tmp_path / "run").lock():
        other = subprocess.run(
            [
                sys.executable, "-c", "from harness.cli import main; main()",
                "run", "-t", "babyai/goto", "--out", str(tmp_path / "run"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
    assert other.returncode == 2
    assert f"pid {os.getpid()}" in other.stderr


def test_a_budget_stops_the_run_resumable(tmp_path):
    command = ["run", "-t", "babyai/goto", "-a", "direct", "-m", "scripted", "-n", "2", "--steps", "6"]
    command += ["--out", str(tmp_path / "run"), "--no-report"]
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--budget-tokens", "300"])
    assert stopped.value.code == 130
    with pytest.raises(SystemExit) as done:
        main(command)
    assert done.value.code == 0
    assert all(e.status is Status.DONE for e in read_run(tmp_path / "run"))


def test_shards_are_parts_of_one_run(undisturbed, tmp_path):
    found = {}
    for number in (1, 2, 3):
        folder = tmp_path / str(number)
        result = run(folder, SPEC.model_copy(update={"shard": f"{number}/3"}))
        mine = content(folder)
        assert result.total == result.done == len(mine)
        assert not found.keys() & mine.keys()
        found |= mine
        assert (folder / "run.json").read_bytes() == (undisturbed / "run.json").read_bytes()
    assert found == content(undisturbed)


@pytest.mark.parametrize("shard", ["0/3", "4/3", "3", "a/b", "1/0", "-1/2"])
def test_a_shard_that_is_none_is_refused(shard, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["run", "-t", "babyai/goto", "--shard", shard])
    assert ended.value.code == 2
    assert "3/16" in capsys.readouterr().err


def test_a_turn_of_several_calls_keeps_those_that_were_answered(tmp_path, monkeypatch):
    """One of the three samples of a turn fails: the other two are paid for and are not asked for again."""

    class Partly(Flaky):
        broken = True
        requests = []

        async def complete(self, request):
            if self.broken and request.turn == 2 and request.call == 1:
                raise FatalError("not now")
            self.requests.append((request.turn, request.call))
            return Completion("Action: go forward")

    monkeypatch.setattr(planning, "make_provider", lambda model, options: Partly())
    spec = RunSpec(
        tasks=("babyai/open",), agents=("vote(samples=3)",), models=("scripted:x",), episodes=1,
        limits={"steps": 4},
    )  # fmt: skip
    assert run(tmp_path / "run", spec).failed == 1
    assert len(Partly.requests) == 3 + 3 + 2
    assert [file.stat().st_size > 0 for file in (tmp_path / "run").rglob("*.calls")] == [True]
    Partly.broken = False
    result = run(tmp_path / "run", spec)
    assert (result.done, result.calls) == (1, 1 + 3)
    assert len(set(Partly.requests)) == len(Partly.requests) == 12
    assert not list((tmp_path / "run").rglob("*.calls"))
    run(tmp_path / "calm", spec)
    assert content(tmp_path / "run") == content(tmp_path / "calm")


def test_answers_of_a_turn_under_way_count_against_the_budget(tmp_path, monkeypatch):
    class Partly(Flaky):
        broken = True

        async def complete(self, request):
            if self.broken and request.call == 1:
                raise FatalError("not now")
            return Completion("Action: go forward", usage=Usage(input=1000))

    monkeypatch.setattr(planning, "make_provider", lambda model, options: Partly())
    spec = RunSpec(tasks=("babyai/open",), agents=("vote(samples=3)",), models=("scripted:x",), episodes=1)
    assert run(tmp_path / "run", spec).failed == 1
    Partly.broken = False
    result = run(tmp_path / "run", spec.model_copy(update={"budget": Budget(tokens=2500)}))
    assert "3,000 tokens" in result.stopped  # two of them from before
    assert result.calls == 1


def test_what_stands_beside_an_episode_goes_once_it_is_done(undisturbed, tmp_path):
    """A kill may come after the end was written, and before its journal and checkpoint are removed."""
    folder = tmp_path / "again"
    shutil.copytree(undisturbed, folder)
    episode = next((folder / "episodes").rglob("*.jsonl"))
    beside = [episode.with_suffix(suffix) for suffix in (".calls", ".checkpoint")]
    for file in beside:
        file.write_bytes(b"")
    run(folder, SPEC)
    assert not any(file.exists() for file in beside)
