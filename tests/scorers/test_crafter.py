"""Crafter's score: the paper's formula, with how many episodes it rests on."""

import math

import numpy as np
import pandas as pd
import pytest
from ludometer_test_runs import run

from harness.cli import main
from harness.spec import RunSpec
from scorers.crafter import achievement_rates, crafter_score, crafter_scores, unlocked
from scorers.runs import read_runs


def test_the_formula():
    # Two achievements: one in all of four episodes, one in one of them.
    seen = np.array([[1, 0], [1, 1], [1, 0], [1, 0]], dtype=bool)
    assert crafter_score(seen) == pytest.approx(math.sqrt(101 * 26) - 1)
    assert crafter_score(np.zeros((3, 22))) == 0
    assert crafter_score(np.ones((3, 22))) == pytest.approx(100)


def table(scores, agent="a"):
    rng = np.random.default_rng(0)
    seen = rng.random((scores, 3)) < [0.9, 0.5, 0.1]
    return pd.DataFrame(
        [{"agent": agent, "task": "crafter/x", "seed": n, **dict(zip("xyz", row, strict=True))}
         for n, row in enumerate(seen)]
    )  # fmt: skip


def test_an_interval_holds_the_score_and_one_episode_has_none():
    (row,) = crafter_scores(table(20)).to_dict("records")
    assert row["low"] < row["score"] < row["high"]
    assert row["episodes"] == 20
    (row,) = crafter_scores(table(1)).to_dict("records")
    assert math.isnan(row["low"])


def test_another_agent_changes_nothing():
    alone = crafter_scores(table(20))
    beside = crafter_scores(pd.concat([table(20), table(9, "b")], ignore_index=True))
    pd.testing.assert_frame_equal(alone, beside[beside["agent"] == "a"].reset_index(drop=True))


def test_rates_are_bounds_where_none_or_all_succeeded():
    rates = achievement_rates(table(10)).set_index("achievement")
    assert (rates["low"] < rates["high"]).all()
    assert rates["words"]["z"].startswith("0 of 10: at most") or " of 10" in rates["words"]["z"]


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    pytest.importorskip("crafter")
    folder = tmp_path_factory.mktemp("crafter") / "run"
    spec = RunSpec(
        tasks=("crafter/standard",), agents=("random",), models=(), episodes=2, limits={"steps": 8}
    )
    run(folder, spec)
    return folder


def test_a_real_run(played):
    seen = unlocked(read_runs([played]))
    assert seen.shape == (2, 3 + 22)
    (row,) = crafter_scores(seen).to_dict("records")
    assert 0 <= row["score"] <= 100
    assert row["episodes"] == 2


def test_the_command_shows_it(played, capsys):
    with pytest.raises(SystemExit):
        main(["compare", str(played)])
    assert "geometric mean of its achievements' rates, over 2 episodes" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["compare", str(played), "--table", "achievements", "--csv"])
    assert capsys.readouterr().out.count("\n") == 1 + 22
