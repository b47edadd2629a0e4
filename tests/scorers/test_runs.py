"""Several run folders as one table, and whether a second run is worse than the first."""

import json

import pytest
from ludometer_test_runs import run

from harness.cli import main
from harness.spec import RunSpec
from scorers.runs import read_runs


def play(folder, *agents, episodes=8, shard=None):
    spec = RunSpec(
        tasks=("babyai/goto", "babyai/open"), agents=agents, models=(), episodes=episodes, shard=shard,
        limits={"steps": 25},
    )  # fmt: skip
    run(folder, spec)
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    good, bad = play(folder / "good", "oracle"), play(folder / "bad", "random")
    return {"good": good, "bad": bad}


def ludometer(capsys, *words):
    with pytest.raises(SystemExit) as stopped:
        main([str(word) for word in words])
    out, err = capsys.readouterr()
    return stopped.value.code or 0, out, err


def test_an_agent_of_two_folders_is_two_agents(runs, tmp_path):
    again = play(tmp_path / "again", "oracle")
    agents = set(read_runs([runs["good"], again, runs["bad"]])["agent"])
    assert agents == {"oracle (good)", "oracle (again)", "random"}
    same_name = play(tmp_path / "good", "oracle")
    agents = set(read_runs([runs["good"], same_name])["agent"])
    assert agents == {f"oracle ({runs['good']})", f"oracle ({same_name})"}


def test_shards_stay_one_agent(tmp_path):
    shards = [play(tmp_path / f"s{n}", "random", shard=f"{n}/2") for n in (1, 2)]
    table = read_runs(shards)
    assert set(table["agent"]) == {"random"}
    assert len(table) == 16


def test_worse_than_the_baseline_fails(runs, capsys):
    code, _, said = ludometer(capsys, "compare", runs["good"], runs["bad"], "--fail-if-worse")
    assert code == 1
    assert said.startswith("worse: random than oracle: -")
    assert ludometer(capsys, "compare", runs["bad"], runs["good"], "--fail-if-worse")[0] == 0


def test_the_same_again_is_not_worse(runs, tmp_path, capsys):
    again = play(tmp_path / "again", "random")
    code, _, said = ludometer(capsys, "compare", runs["bad"], again, "--fail-if-worse")
    assert (code, said) == (0, "")


def test_what_cannot_be_said_is_one_line(runs, tmp_path, capsys):
    code, _, said = ludometer(capsys, "compare", runs["good"], "--fail-if-worse")
    assert (code, said.count("\n")) == (2, 1)
    assert "needs a baseline" in said
    spec = RunSpec(tasks=("babyai/pickup",), agents=("random",), models=(), episodes=2, limits={"steps": 3})
    run(tmp_path / "other", spec)
    code, _, said = ludometer(capsys, "compare", runs["good"], tmp_path / "other", "--fail-if-worse")
    assert code == 2
    assert "in common" in said


@pytest.mark.parametrize("table", ["board", "tasks", "pairs", "pairs-by-task"])
def test_every_table_has_the_same_numbers_in_every_form(runs, capsys, table):
    folders = runs["good"], runs["bad"]
    code, out, _ = ludometer(capsys, "compare", *folders, "--table", table, "--json")
    records = json.loads(out)
    assert code == 0
    assert records
    for form in ("--csv", "--md", "--latex", None):
        code, out, _ = ludometer(capsys, "compare", *folders, "--table", table, *([form] if form else []))
        assert code == 0
        key = "mean" if table in ("board", "tasks") else "difference"
        for record in records:
            shown = repr(record[key]) if form == "--csv" else f"{record[key]:.2f}"
            assert shown in out
