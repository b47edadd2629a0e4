"""A scorer as a stranger writes it: fifteen lines, the shared contract, and the commands take it."""

import json

import pytest
from ludometer_test_runs import run

from harness import plugins
from harness.cli import main
from harness.errors import InputError
from harness.spec import RunSpec
from harness.testing import ScorerContract
from scorers.progress import ProgressScorer
from scorers.runs import read_runs


class StepsScorer:
    """Done in few steps is better."""

    def score(self, episodes):
        table = ProgressScorer().score(episodes)
        quick = 1 - table["steps"].astype(float) / 100
        return table.assign(score=quick.where(table["score"].notna()), quick=quick)


class TestSteps(ScorerContract):
    plugin = StepsScorer


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plugin") / "run"
    spec = RunSpec(
        tasks=("babyai/goto",), agents=("random", "oracle"), models=(), episodes=3, limits={"steps": 20}
    )
    run(folder, spec)
    return folder


@pytest.fixture
def registered(monkeypatch):
    load = plugins.load
    monkeypatch.setattr(
        plugins, "load", lambda group, name: StepsScorer if name == "steps" else load(group, name)
    )


def ludometer(capsys, *words):
    with pytest.raises(SystemExit) as stopped:
        main([str(word) for word in words])
    return stopped.value.code or 0, capsys.readouterr()


def test_compare_takes_it(played, registered, capsys):
    code, said = ludometer(capsys, "compare", played, "--scorer", "steps", "--json")
    assert code == 0
    means = {row["agent"]: row["mean"] for row in json.loads(said.out)}
    assert means["oracle"] > means["random"]
    assert means["oracle"] < 1  # progress would be 1


def test_the_report_takes_it(played, registered, capsys, tmp_path):
    pytest.importorskip("altair")
    code, _ = ludometer(capsys, "report", played, "--scorer", "steps", "--html", tmp_path / "r.html")
    assert code == 0
    assert (tmp_path / "r.html").stat().st_size > 0


def test_its_columns_stand_beside(played):
    table = read_runs([played], StepsScorer().score)
    assert {"quick", "steps", "folder"} <= set(table.columns)


def test_one_that_loses_episodes_is_refused(played):
    with pytest.raises(InputError, match="one row an episode"):
        read_runs([played], lambda episodes: ProgressScorer().score(list(episodes)[1:]))


def test_one_that_is_not_there_is_one_line(played, capsys):
    code, said = ludometer(capsys, "compare", played, "--scorer", "nobodys")
    assert code == 2
    assert said.err.count("\n") == 1
