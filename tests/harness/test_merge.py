"""Shards of one run: put together whole, refused where they do not belong, never changed."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from ludometer_test_runs import content, run

from harness.cli import main
from harness.errors import InputError
from harness.folder import RunFolder
from harness.merge import merge
from harness.records import Status, read_outline, read_run
from harness.spec import RunSpec

SPEC = RunSpec(
    tasks=("babyai/goto", "babyai/open"),
    agents=("direct", "random"),
    models=("scripted:go forward,turn left,nonsense,turn right",),
    episodes=3,
    limits={"steps": 4},
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("merge") / "whole"
    assert run(folder, SPEC).done == 12
    return folder


def files(folder):
    return sorted((Path(folder) / "episodes").rglob("*.jsonl"))


def held(folder):
    """Every file of a folder with its bytes and when it was changed."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def episodes(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in files(folder)}


@pytest.fixture
def shards(whole, tmp_path):
    """Three folders with every third episode each."""
    made = [tmp_path / f"shard-{number}" for number in range(3)]
    for number, folder in enumerate(made):
        shutil.copytree(whole, folder)
        for index, path in enumerate(files(folder)):
            if index % 3 != number:
                path.unlink()
    return made


def refused(shards, out, words):
    with pytest.raises(InputError, match=words) as caught:
        merge(shards, out)
    assert "\n" not in str(caught.value)


def test_shards_make_the_whole_and_stay_as_they_are(shards, whole, tmp_path):
    before = [held(shard) for shard in shards]
    merged = merge(shards, tmp_path / "out")
    assert (merged.copied, merged.done, merged.missing, merged.versions) == (12, 12, 0, ())
    assert episodes(tmp_path / "out") == episodes(whole)
    assert (tmp_path / "out" / "run.json").read_bytes() == (whole / "run.json").read_bytes()
    assert [held(shard) for shard in shards] == before
    assert not list((tmp_path / "out").rglob(".*-*"))


def test_a_merged_folder_takes_more_shards_and_is_left_alone_by_the_same(shards, whole, tmp_path):
    out = tmp_path / "out"
    assert (merge(shards[:2], out).copied, merge(shards[:2], out).missing) == (8, 4)
    before = held(out)
    assert merge(shards[:2], out).copied == 0
    assert {name: one for name, one in held(out).items() if name != ".lock"} == {
        name: one for name, one in before.items() if name != ".lock"
    }
    assert merge(shards, out).copied == 4
    assert episodes(out) == episodes(whole)


def test_a_merged_run_goes_on_as_the_run_that_it_is(shards, whole, tmp_path):
    merge(shards[:2], tmp_path / "out")
    assert run(tmp_path / "out", SPEC).done == 4
    assert content(tmp_path / "out") == content(whole)


def test_the_command_scores_the_whole(shards, tmp_path, capsys, whole):
    with pytest.raises(SystemExit) as stopped:
        main(["merge", *map(str, shards), "--out", str(tmp_path / "out"), "--json", "--no-report"])
    assert not stopped.value.code
    board = json.loads(capsys.readouterr().out)
    assert {row["agent"]: row["episodes"] for row in board} == {
        "direct @ " + SPEC.models[0]: 6,
        "random": 6,
    }
    table = pd.read_csv(tmp_path / "out" / "scores.csv")
    scores = {(row.agent, row.task, row.index): row.score for row in table.itertuples(index=False)}
    assert len(scores) == 12
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["episodes"] == 12


def test_the_command_says_what_is_missing_and_fails_where_episodes_failed(shards, tmp_path, capsys):
    path = files(shards[0])[0]
    lines = path.read_bytes().splitlines(keepends=True)
    failure = {"kind": "failure", "turn": 0, "outcome": "api_error", "error": "E", "message": "503"}
    path.write_bytes(b"".join([*lines[:2], json.dumps(failure).encode() + b"\n"]))
    with pytest.raises(SystemExit) as stopped:
        main(["merge", *map(str, shards[:2]), "--out", str(tmp_path / "out"), "--no-report"])
    assert stopped.value.code == 1
    said = capsys.readouterr().err
    assert "4 episodes of the run are in none of these shards" in said
    assert "1 failed and are not scored" in said
    assert not (tmp_path / "out" / "report.html").exists()


# ------------------------------------------------------------------------- the same episode twice


@pytest.mark.parametrize("keep", [0, 1, 30, 60, 100])
@pytest.mark.parametrize("order", [1, -1])
def test_of_one_episode_the_longer_file_is_taken(shards, whole, tmp_path, keep, order):
    """`keep` is how many per cent of it one shard holds, torn lines included."""
    path = files(shards[0])[0]
    target = shards[1] / path.relative_to(shards[0])
    target.parent.mkdir(parents=True, exist_ok=True)
    data = path.read_bytes()
    target.write_bytes(data[: len(data) * keep // 100])
    merge(shards[::order], tmp_path / "out")
    assert episodes(tmp_path / "out") == episodes(whole)


def test_what_went_on_since_replaces_its_beginning(shards, whole, tmp_path):
    path = files(shards[0])[0]
    data = path.read_bytes()
    path.write_bytes(b"".join(data.splitlines(keepends=True)[:-1]))
    for suffix in (".calls", ".checkpoint"):
        path.with_suffix(suffix).write_text(f"paid for {suffix}")
    merged = merge(shards, tmp_path / "out")
    assert (merged.done, merged.unfinished, merged.failed) == (11, 1, 0)
    copy = tmp_path / "out" / path.relative_to(shards[0])
    assert read_outline(copy).end is None
    assert copy.with_suffix(".calls").read_text() == "paid for .calls"
    assert copy.with_suffix(".checkpoint").read_text() == "paid for .checkpoint"
    path.write_bytes(data)
    for suffix in (".calls", ".checkpoint"):
        path.with_suffix(suffix).unlink()
    assert merge(shards, tmp_path / "out").copied == 1
    assert episodes(tmp_path / "out") == episodes(whole)
    assert not [file for file in copy.parent.iterdir() if file.suffix != ".jsonl"]


def test_the_same_episode_played_differently_is_refused(shards, tmp_path):
    path = files(shards[0])[0]
    other = shards[1] / path.relative_to(shards[0])
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_bytes(path.read_bytes().replace(b'"started":"2', b'"started":"3'))
    before = [held(shard) for shard in shards]
    refused(shards, tmp_path / "out", "are the same episode, played differently")
    assert not (tmp_path / "out").exists()
    assert [held(shard) for shard in shards] == before
    # The same with what was merged before: nothing of it is lost.
    merge(shards[:1], tmp_path / "out")
    there = episodes(tmp_path / "out")
    refused(shards[1:], tmp_path / "out", "are the same episode, played differently")
    assert episodes(tmp_path / "out") == there


# ------------------------------------------------------------------------------ what does not belong


def test_a_shard_of_another_run_is_refused_with_the_difference(shards, tmp_path):
    run(tmp_path / "other", SPEC.model_copy(update={"episodes": 4, "agents": ("random",), "models": ()}))
    refused([*shards, tmp_path / "other"], tmp_path / "out", "tasks.babyai/goto.episodes: 3 there, 4 now")
    merge(shards, tmp_path / "out")
    before = episodes(tmp_path / "out")
    refused([tmp_path / "other"], tmp_path / "out", "holds a run of another spec")
    assert episodes(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"config_hash": "0" * 16}, "its config hash is 0000"),
        ({"episode": "../../else"}, r"its header says that it is \.\./\.\./else"),
        ({"suite_version": "9"}, "of the suite adhoc 9"),
        ({"resolved": "clever"}, "clever @ "),
        ({"index": 7}, "it has no episode 7 of babyai/"),
        ({"task": "babyai/nowhere"}, "it has no episode 0 of babyai/nowhere"),
    ],
)
@pytest.mark.tampers
def test_an_episode_that_does_not_fit_is_refused(shards, tmp_path, change, words):
    path = files(shards[0])[0]
    header, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([json.dumps({**json.loads(header), **change}) + "\n", *rest]))
    refused(shards, tmp_path / "out", f"{path.name} does not belong to this run .*{words}")
    assert not (tmp_path / "out").exists()


@pytest.mark.tampers
def test_a_damaged_episode_and_a_changed_run_are_refused(shards, tmp_path):
    path = files(shards[0])[0]
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"kind":"start"', b'"kind":"stat"'))
    refused(shards, tmp_path / "out", "line 2: no kind of line")
    path.write_bytes(data)
    for shard in shards:
        record = json.loads((shard / "run.json").read_text())
        record["config"]["tasks"]["babyai/goto"]["episodes"] = 99
        (shard / "run.json").write_text(json.dumps(record))
    refused(shards, tmp_path / "out", "run.json was changed")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_being_written_is_refused(shards, tmp_path):
    with RunFolder(shards[1]).lock():
        refused(shards, tmp_path / "out", r"shard-1 is being written by pid \d+")
        assert not (tmp_path / "out").exists()
    merge(shards, tmp_path / "out")
    with RunFolder(tmp_path / "out").lock():
        refused(shards, tmp_path / "out", r"out is being written by pid \d+")


def test_a_shard_that_may_only_be_read_is_merged(shards, tmp_path):
    (shards[0] / ".lock").unlink(missing_ok=True)
    for shard in shards:
        shard.chmod(0o555)
    assert merge(shards, tmp_path / "out").done == 12
    assert not (shards[0] / ".lock").exists()


@pytest.mark.parametrize("out", ["shard-0", "shard-0/episodes", "."])
def test_a_shard_is_not_merged_into_itself(shards, tmp_path, out):
    before = [held(shard) for shard in shards]
    refused(shards, tmp_path / out, "choose another --out")
    assert [held(shard) for shard in shards] == before


def test_a_folder_of_something_else_is_left_alone(shards, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    refused(shards, tmp_path / "out", "holds other files")
    refused([*shards, tmp_path / "out"], tmp_path / "new", r"no run\.json")
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"
    assert not files(tmp_path / "out")


def test_shards_without_episodes_are_told(shards, tmp_path):
    for path in files(shards[0]):
        path.write_bytes(b"")
    refused(shards[:1], tmp_path / "out", "holds no episode yet")


# -------------------------------------------------------------------------------------- what else


def test_pictures_come_along_and_old_attempts_stay_behind(shards, tmp_path):
    for number, shard in enumerate(shards):
        for name in ("ab" * 32, f"{number:02d}" * 32):
            path = shard / "pictures" / name[:2] / f"{name}.png"
            path.parent.mkdir(parents=True)
            path.write_bytes(name.encode())
        files(shard)[0].with_suffix(".mismatch-1").write_text("an old attempt")
        (shard / "engines").mkdir()
        (shard / "engines" / "vllm.log").write_text("log")
    merge(shards, tmp_path / "out")
    kept = {path.stem: path.read_text() for path in (tmp_path / "out" / "pictures").rglob("*.png")}
    assert kept == {name: name for name in ("ab" * 32, "00" * 32, "01" * 32, "02" * 32)}
    assert not list((tmp_path / "out").rglob("*.mismatch-*"))
    assert not (tmp_path / "out" / "engines").exists()


def test_versions_that_differ_are_told_and_each_episode_keeps_its_own(shards, tmp_path):
    record = json.loads((shards[1] / "run.json").read_text())
    record["versions"]["minigrid"] = "0.0.1"
    (shards[1] / "run.json").write_text(json.dumps(record))
    assert merge(shards, tmp_path / "out").versions == ("minigrid",)
    assert {e.header.versions["minigrid"] for e in read_run(tmp_path / "out")} != {"0.0.1"}
    assert {e.status for e in read_run(tmp_path / "out")} == {Status.DONE}
