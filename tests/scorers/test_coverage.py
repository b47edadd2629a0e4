"""How often nominal 95 % intervals hold the truth: what docs/statistics.md promises, simulated again."""

import runpy
from pathlib import Path

import pytest

STUDY = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "intervals.py"))
EXPERIMENTS = 1_000

LEAST = {"success": 0.87, "skewed": 0.87, "heavy": 0.80, "ragged": 0.87}
"""What the corrected intervals of mean, IQM and optimality gap have to hold from three runs on: 0.03 (three
standard errors) below the least of the documented table."""


@pytest.mark.slow
@pytest.mark.parametrize("runs", [3, 5, 10])
@pytest.mark.parametrize("shape", list(LEAST))
def test_intervals_hold_the_truth(shape, runs):
    held = STUDY["aggregates_cover"](shape, runs, EXPERIMENTS, 500)
    for metric in ("mean", "iqm", "optimality_gap"):
        assert held[f"corrected {metric}"] >= held[f"rliable {metric}"]
        assert held[f"corrected {metric}"] >= LEAST[shape]
    assert held["corrected iqm"] <= 0.98


@pytest.mark.slow
def test_differences_err_no_more_often_than_stated():
    found = STUDY["compare_covers"]("skewed", 5, EXPERIMENTS, 500)
    for which in ("paired", "unpaired"):
        assert found[f"errs, {which}"] <= 0.05 + 0.021  # three standard errors
        assert found[f"difference, {which}"] >= 0.90
