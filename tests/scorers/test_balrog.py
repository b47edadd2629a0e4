"""BALROG's boards come out again from its published episodes, by its formula and by ours."""

import runpy
from pathlib import Path

import pytest

BOARDS = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "balrog_boards.py"))
PUBLISHED = 0.0051
"""Boards are rounded to two digits, some of them from rounded numbers."""


def test_every_submission_has_its_published_average_and_error():
    rows = list(BOARDS["rows"](500))
    assert len(rows) == 18
    assert sum(row["episodes"] for row in rows) == 4564
    for row in rows:
        assert row["again"] == pytest.approx(row["published"], abs=PUBLISHED), row["model"]
        assert row["again_error"] == pytest.approx(row["published_error"], abs=PUBLISHED), row["model"]
        assert row["ours"] == pytest.approx(row["again"], abs=0.011)
        assert row["low"] < row["ours"] < row["high"]
        # Pooling tasks of different difficulty takes their differences for noise.
        assert row["our_error"] < row["again_error"]


@pytest.mark.slow
def test_how_many_pairs_can_be_told_apart():
    import pandas as pd

    told = BOARDS["apart"](pd.DataFrame(BOARDS["pairs"](1_000)))
    assert told["pairs"] == 120
    assert told["board's errors, Holm"] == 86
    assert told["within tasks, Holm"] == pytest.approx(90, abs=2)  # p-values of random permutations
    assert told["within tasks, Holm"] <= told["within tasks, p < 0.05"]
