"""Disks that are full or read-only, clocks that jump, files that are damaged: one line, and nothing lost."""

import os
import resource
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from ludometer_test_runs import content, run

from harness.cli import main
from harness.cli import run as command
from harness.records import read_episode
from harness.spec import RunSpec

ARGUMENTS = ["run", "-t", "babyai/goto", "-a", "direct", "-a", "vote(samples=2)", "-n", "2", "--steps", "8"]
ARGUMENTS += ["-m", "scripted:go forward,turn left", "--no-report", "--workers", "0"]


def ludometer(folder, *more, **how):
    code = "from harness.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *ARGUMENTS, "--out", str(folder), *more],
        capture_output=True, text=True, check=False, **how,
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    assert ludometer(folder).returncode == 0
    return folder


def limited(size):
    """Files cannot grow beyond so many bytes: what a full disk does, without filling one."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [1500, 5000, 9000])
def test_a_disk_that_fills_up_stops_the_run_with_one_line_and_it_goes_on_later(size, undisturbed, tmp_path):
    folder = tmp_path / "run"
    done = ludometer(folder, preexec_fn=limited(size))
    assert done.returncode in (2, 130)
    told = [line for line in done.stderr.splitlines() if "cannot write" in line]
    assert len(told) == 1
    assert "File too large" in told[0] and "run the same command again" in told[0]
    assert "Traceback" not in done.stderr
    for file in folder.rglob("*.jsonl"):
        assert read_episode(file, tolerate_torn=False) is not None or not file.stat().st_size
    assert ludometer(folder).returncode == 0
    assert content(folder) == content(undisturbed)


@contextmanager
def mounted(folder, options):
    """A file system of its own at a folder."""
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_file_system_without_room(undisturbed, tmp_path):
    with mounted(tmp_path, "size=32k"):
        done = ludometer(tmp_path / "run")
        assert done.returncode in (2, 130)
        assert "No space left on device" in done.stderr
        assert "Traceback" not in done.stderr
        subprocess.run(["mount", "-o", "remount,size=8m", str(tmp_path)], check=True)
        assert ludometer(tmp_path / "run").returncode == 0
        assert content(tmp_path / "run") == content(undisturbed)


def test_a_read_only_file_system_is_refused_at_once(tmp_path):
    with mounted(tmp_path, "ro"):
        refused_at_once(tmp_path / "run", "Read-only file system")


def test_a_folder_that_may_not_be_written_is_refused_at_once(tmp_path):
    if not os.geteuid():
        pytest.skip("root may write everywhere")
    (tmp_path / "run").mkdir(mode=0o555)
    refused_at_once(tmp_path / "run", "Permission denied")
    assert not list((tmp_path / "run").iterdir())


def refused_at_once(folder, why):
    done = ludometer(folder)
    assert done.returncode == 2
    assert why in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_clock_that_jumps_back_changes_nothing(undisturbed, tmp_path, monkeypatch):
    ticks = iter(range(10**9, 0, -1000))
    monkeypatch.setattr(time, "time", lambda: float(next(ticks)))
    models = ("scripted:go forward,turn left",)
    spec = RunSpec(
        tasks=("babyai/goto",), agents=("direct", "vote(samples=2)"), models=models, episodes=2,
        limits={"steps": 8},
    )  # fmt: skip
    result = run(tmp_path / "run", spec)
    assert (result.done, result.failed) == (4, 0)
    assert content(tmp_path / "run") == content(undisturbed)
    for file in (tmp_path / "run").rglob("*.jsonl"):
        episode = read_episode(file)
        assert all(turn.seconds_env >= 0 and turn.seconds_model >= 0 for turn in episode.turns)
        assert episode.end.seconds >= 0


def test_a_clock_set_back_never_leads_into_the_folder_of_another_run(tmp_path, monkeypatch, capsys):
    class Stopped(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(command, "datetime", Stopped)
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            main(["run", "-t", "babyai/goto", "-n", "1", "--steps", "3", "--no-report", "--workers", "0"])
        assert ended.value.code == 0
    folders = list((tmp_path / "results" / "runs").iterdir())
    assert len(folders) == 2
    assert all((folder / "run.json").exists() for folder in folders)


def flip(data):
    at = data.index(b'"index":1') + 3
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


DAMAGE = {
    "a bit flipped": flip,
    "cut in the middle": lambda data: data[: len(data) // 3] + data[len(data) // 2 :],
    "another tool's": lambda data: b'{"messages": [{"role": "user", "content": "hello"}]}\n',
    "not JSON": lambda data: b"task,score\nbabyai/goto,1.0\n",
    "compressed": lambda data: b"\x1f\x8b\x08\x00" + data[:100],
    "a lost page": lambda data: data[:2000] + bytes(4096) + data[2000:],
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.tampers
def test_a_damaged_episode_stops_the_command_before_anything_is_written(damage, undisturbed, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(undisturbed, folder)
    file = min(folder.rglob("*.jsonl"))
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(DAMAGE[damage](b"".join(lines[:-1])))
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = ludometer(folder)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr
    assert file.name in done.stderr
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    before.pop(folder / ".lock"), after.pop(folder / ".lock")
    assert after == before


@pytest.mark.tampers
def test_an_episode_of_another_run_is_refused(undisturbed, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(undisturbed, folder)
    first, second = sorted(folder.rglob("*.jsonl"))[:2]
    shutil.copyfile(second, first)
    done = ludometer(folder)
    assert done.returncode == 2
    assert "belongs to another" in done.stderr
    assert first.read_bytes() == second.read_bytes()
