"""Run folders on disks and behind URLs: appended whole, replaced whole, one writer."""

import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from ludometer_test_runs import content, run

from harness.cli import main
from harness.errors import CannotWrite, InputError
from harness.folder import RunFolder
from harness.records import Status, mend, read_episode, read_run
from harness.spec import RunSpec
from harness.storage import Appender, place, replace_file

upath = pytest.importorskip("upath", reason="universal_pathlib is not installed")
fsspec = pytest.importorskip("fsspec")
memory = pytest.importorskip("fsspec.implementations.memory")


class WithoutAppend(memory.MemoryFileSystem):
    """A store as most object stores are: objects are put whole. Counts what it is asked to do."""

    protocol = "whole"
    store = {}
    pseudo_dirs = [""]
    puts = 0
    full = False

    @classmethod
    def _strip_protocol(cls, path):
        path = path.removeprefix("whole://").removeprefix("whole:")
        return "/" + path.strip("/") if path.strip("/") else ""

    def _open(self, path, mode="rb", **kwargs):
        if "a" in mode:
            raise NotImplementedError("this store cannot append")
        if "w" in mode:
            type(self).puts += 1
            if type(self).full:
                raise OSError(28, "No space left on device")
        return super()._open(path, mode, **kwargs)


fsspec.register_implementation("whole", WithoutAppend, clobber=True)

SPEC = RunSpec(
    tasks=("babyai/goto", "minigrid/MiniGrid-DoorKey-5x5-v0"),
    agents=("direct", "vote(samples=2)", "reflexion(trials=2)"),
    models=("scripted:go forward,turn left,nonsense",),
    episodes=2,
    limits={"steps": 6},
)


@pytest.fixture
def folders(tmp_path, request):
    """A function from a kind of place to a new folder there."""

    def folder(kind):
        name = request.node.name.replace("[", "-").replace("]", "")
        places = {"disk": str(tmp_path / "run"), "file": f"file://{tmp_path}/run"}
        return place(places.get(kind, f"{kind}://{name}/run"))

    WithoutAppend.full = False
    return folder


@pytest.mark.parametrize("kind", ["disk", "file", "memory", "whole"])
def test_what_is_appended_is_there_at_once(kind, folders):
    path = folders(kind) / "deep" / "file"
    appender = Appender(path)
    appender.append(b"one\n")
    assert path.read_bytes() == b"one\n"
    appender.append(b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"
    appender.close()
    again = Appender(path)
    again.append(b"three\n")
    assert path.read_bytes() == b"one\ntwo\nthree\n"
    again.clear()
    assert path.read_bytes() == b""
    again.append(b"four\n")
    assert path.read_bytes() == b"four\n"
    again.close()


def test_what_does_not_fit_leaves_the_object_as_it_was(folders):
    path = folders("whole") / "file"
    appender = Appender(path)
    appender.append(b"one\n")
    WithoutAppend.full = True
    with pytest.raises(CannotWrite, match="No space left"):
        appender.append(b"two\n")
    with pytest.raises(CannotWrite, match="No space left"):
        replace_file(path, b"other")
    WithoutAppend.full = False
    assert path.read_bytes() == b"one\n"
    appender.append(b"three\n")
    assert path.read_bytes() == b"one\nthree\n"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    assert run(folder, SPEC).failed == 0
    return content(folder)


def copied(folder, target):
    """A folder behind a URL, on this machine's disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            copy = target / str(path.relative_to(folder))
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    return target


@pytest.mark.parametrize("kind", ["file", "memory", "whole"])
def test_a_run_behind_a_url_is_the_run_on_a_disk(kind, folders, undisturbed, tmp_path):
    folder = folders(kind)
    result = run(folder, SPEC)
    assert (result.done, result.failed) == (12, 0)
    assert content(copied(folder, tmp_path / "copy")) == undisturbed
    assert all(episode.status is Status.DONE for episode in read_run(folder))
    assert run(folder, SPEC).done_before == 12


@pytest.mark.parametrize("kind", ["memory", "whole"])
def test_an_episode_that_was_cut_goes_on_behind_a_url(kind, folders, undisturbed, tmp_path):
    folder = folders(kind)
    run(folder, SPEC)
    for file in list((folder / "episodes").rglob("*.jsonl")):
        data = file.read_bytes()
        file.write_bytes(data[: len(data) * 2 // 3])
    assert any(mend(file) for file in list((folder / "episodes").rglob("*.jsonl"))[:2])
    assert run(folder, SPEC).failed == 0
    assert content(copied(folder, tmp_path / "copy")) == undisturbed


def test_a_store_that_fills_up_stops_the_run(folders, undisturbed, tmp_path):
    folder = folders("whole")
    spec = SPEC.model_copy(update={"concurrency": 1})
    RunFolder(folder)
    before, put = WithoutAppend.puts, WithoutAppend._open

    def filling(self, path, mode="rb", **kwargs):
        WithoutAppend.full = WithoutAppend.puts - before > 40
        return put(self, path, mode, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WithoutAppend, "_open", filling)
        result = run(folder, spec)
    assert "No space left" in result.stopped
    WithoutAppend.full = False
    for file in list((folder / "episodes").rglob("*.jsonl")):
        assert read_episode(file, tolerate_torn=False) is not None
    assert run(folder, spec).failed == 0
    assert content(copied(folder, tmp_path / "copy")) == undisturbed


def test_the_command_line_takes_urls(tmp_path, capsys):
    url = f"file://{tmp_path}/run"
    base = ["run", "-t", "babyai/goto", "-a", "random", "-n", "2", "--steps", "4", "--workers", "0"]
    for arguments in ([*base, "--out", url], [*base, "--out", url], ["compare", url, "--json"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert not ended.value.code, capsys.readouterr().err
    assert "nothing to do" in capsys.readouterr().err
    assert {"run.json", "scores.csv", "summary.json", "report.html"} <= {
        p.name for p in (tmp_path / "run").iterdir()
    }
    episode = next((tmp_path / "run").rglob("*.jsonl")).relative_to(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["show", f"file://{tmp_path}/{episode}"])
    assert not ended.value.code
    assert "babyai/goto #" in capsys.readouterr().out


def test_an_unknown_kind_of_store_is_told(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["run", "-t", "babyai/goto", "--out", "nosuch://bucket/run"])
    assert ended.value.code == 2
    assert "nosuch" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------- the lock


def test_a_second_writer_behind_a_url_is_told_who_the_first_is(folders):
    folder = RunFolder(folders("memory"))
    owner = rf"pid {os.getpid()} on {socket.gethostname()}"
    with folder.lock(), pytest.raises(InputError, match=owner), folder.lock():
        pass
    with folder.lock():
        pass


@pytest.mark.parametrize(
    ("sign", "free"),
    [
        ({"pid": 999_999_999, "host": socket.gethostname(), "time": 0.0}, True),
        ({"pid": 1, "host": socket.gethostname(), "time": 0.0}, False),
        ({"pid": 1, "host": "elsewhere", "age": 5}, False),
        ({"pid": 1, "host": "elsewhere", "age": 600}, True),
        ("garbage", True),
    ],
)
def test_a_writer_that_is_gone_holds_nobody_up(sign, free, folders):
    folder = folders("memory")
    if isinstance(sign, dict) and "age" in sign:
        sign = {**sign, "time": time.time() - sign["age"]}
    (folder / ".lock").write_bytes(json.dumps(sign).encode())
    if free:
        with RunFolder(folder).lock():
            pass
    else:
        with pytest.raises(InputError, match="pid 1"), RunFolder(folder).lock():
            pass


def test_tasks_that_outlive_their_driver_are_waited_for(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from harness.lock import at_work\n"
        "with at_work(Path(sys.argv[1])): print('held', flush=True); time.sleep(2.5)\n"
    )
    task = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert task.stdout.readline() == "held\n"
    from harness.lock import wait_for_tasks

    said, begun = [], time.monotonic()
    wait_for_tasks(tmp_path, said.append)
    assert task.poll() is not None or time.monotonic() - begun > 1
    assert said == ["waiting for the tasks of an interrupted run to end"]
    task.wait()


def test_a_folder_with_others_files_is_left_as_it_is(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(InputError, match=r"holds other files \(thesis.tex\)"), RunFolder(tmp_path).lock():
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_two_that_begin_at_once_are_never_both_let_in_on_a_disk(tmp_path):
    def enter(_):
        try:
            with RunFolder(tmp_path).lock():
                time.sleep(0.5)
                return 1
        except InputError:
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(enter, range(8))) == 1


# ------------------------------------------------------------------------- stores that are worse than that


class Forgetful(WithoutAppend):
    """Takes "ab" and writes from the start all the same, as FTP does."""

    protocol = "forgetful"

    def _open(self, path, mode="rb", **kwargs):
        return memory.MemoryFileSystem._open(self, path, mode.replace("a", "w"), **kwargs)


class Strange(WithoutAppend):
    """Fails with errors of its own kind, as the packages of clouds do."""

    protocol = "strange"

    def _open(self, path, mode="rb", **kwargs):
        if "r" not in mode:
            raise RuntimeError("403: no such token")
        return super()._open(path, mode, **kwargs)


class Tearing(memory.MemoryFileSystem):
    """Appends half and then fails, as a connection does that breaks."""

    protocol = "tearing"
    store = {}
    pseudo_dirs = [""]
    broken = False

    @classmethod
    def _strip_protocol(cls, path):
        path = path.removeprefix("tearing://").removeprefix("tearing:")
        return "/" + path.strip("/") if path.strip("/") else ""

    def _open(self, path, mode="rb", **kwargs):
        stream = super()._open(path, mode, **kwargs)
        if type(self).broken and "a" in mode:
            stream.write(b"to")
            raise OSError(104, "Connection reset by peer")
        return stream


for name, kind in (("forgetful", Forgetful), ("strange", Strange), ("tearing", Tearing)):
    fsspec.register_implementation(name, kind, clobber=True)
    kind._strip_protocol = classmethod(
        lambda cls, path, name=name: ("/" + path.removeprefix(f"{name}:").strip("/")).rstrip("/")
    )


def test_a_store_whose_append_forgets_loses_nothing(folders):
    appender = Appender(folders("forgetful") / "file")
    for line in (b"one\n", b"two\n", b"three\n"):
        appender.append(line)
    assert (folders("forgetful") / "file").read_bytes() == b"one\ntwo\nthree\n"


def test_an_error_of_a_stores_own_kind_is_told_as_any_other(folders):
    with pytest.raises(CannotWrite, match="RuntimeError: 403"):
        Appender(folders("strange") / "file").append(b"one\n")
    with pytest.raises(CannotWrite, match="RuntimeError: 403"):
        replace_file(folders("strange") / "file", b"one\n")


def test_what_a_broken_connection_tore_is_mended_by_the_next_line(folders):
    path = folders("tearing") / "file"
    appender = Appender(path)
    appender.append(b"one\n")
    Tearing.broken = True
    with pytest.raises(CannotWrite, match="reset"):
        appender.append(b"two\n")
    Tearing.broken = False
    appender.append(b"three\n")
    assert path.read_bytes() == b"one\nthree\n"


@pytest.mark.tampers
def test_a_file_is_never_seen_half_replaced_where_a_store_writes_in_place(tmp_path, monkeypatch):
    path = place(f"file://{tmp_path}/run.json")
    replace_file(path, b"old")
    monkeypatch.setattr(type(path), "rename", lambda *_: (_ for _ in ()).throw(OSError(5, "broken")))
    with pytest.raises(CannotWrite, match="broken"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["run.json"]
