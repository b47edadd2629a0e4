import json
import shutil

import pandas as pd
import pytest
from ludometer_test_runs import ludometer, run

from harness.records import read_run
from harness.spec import RunSpec

SPEC = RunSpec(tasks=("babyai/goto",), agents=("random", "oracle"), episodes=3, limits={"steps": 20})


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("played") / "run"
    run(folder, SPEC)
    assert ludometer("rescore", folder, "--no-report") == 0
    return folder


def test_scores_come_from_the_records_alone(played, tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(played, folder)
    scores = pd.read_csv(folder / "scores.csv")
    scores.loc[0, "score"] = 0.123
    scores.iloc[:-1].to_csv(folder / "scores.csv", index=False)
    (folder / "summary.json").unlink()
    assert ludometer("rescore", folder) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "0.123 before, 1.0 now" in said
    assert "not there before" in said
    again = pd.read_csv(folder / "scores.csv")
    assert list(again["score"]) == [episode.end.progress.value for episode in read_run(folder)]
    assert (folder / "summary.json").read_bytes() == (played / "summary.json").read_bytes()
    assert (folder / "report.html").exists()
    assert ludometer("rescore", folder, "--no-report") == 0
    assert "all 6 scores are as they were" in " ".join(capsys.readouterr().err.split())


def test_json_is_all_that_is_printed(played, capsys):
    assert ludometer("rescore", played, "--json") == 0
    printed = capsys.readouterr()
    assert {row["agent"] for row in json.loads(printed.out)} == {"random", "oracle"}
    assert not printed.err


def test_a_run_prints_nothing_but_json_either(tmp_path, capsys):
    arguments = ["run", "-t", "babyai/goto", "-n", "1", "--steps", "3", "--out", tmp_path / "run", "--json"]
    assert ludometer(*arguments) == 0
    assert json.loads(capsys.readouterr().out)


def test_what_is_no_run_is_refused(tmp_path, capsys):
    assert ludometer("rescore", tmp_path) == 2
    assert "run.json" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
