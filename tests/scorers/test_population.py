"""Intervals for tasks like these: whole tasks are resampled."""

import numpy as np
import pandas as pd
import pytest

import scorers

LIKE = {"population": "tasks like these"}


def width(table, metric="mean"):
    row = table.set_index("metric").loc[metric]
    return row["high"] - row["low"]


def test_estimates_are_the_same_and_the_population_is_named():
    scores = np.random.default_rng(0).random((6, 8))
    here, there = scorers.aggregates(scores), scorers.aggregates(scores, **LIKE)
    assert list(here["estimate"]) == list(there["estimate"])
    assert there.attrs["population"] == "tasks like these, new seeds"


def test_tasks_that_differ_make_it_wider_than_their_runs_do():
    rng = np.random.default_rng(1)
    scores = np.linspace(0, 1, 10) + rng.normal(0, 0.01, (5, 10))
    assert width(scorers.aggregates(scores, **LIKE)) > 10 * width(scorers.aggregates(scores))


def test_one_task_says_nothing_of_others():
    table = scorers.aggregates(np.random.default_rng(2).random((6, 1)), **LIKE)
    assert table["low"].isna().all()
    assert "one task: no interval for others like it" in table.attrs["flags"]


def test_ragged_tasks_agree_with_full_ones():
    """One run less in one of twenty tasks hardly changes anything."""
    scores = np.random.default_rng(3).random((8, 20))
    ragged = {f"{task:02d}": column for task, column in enumerate(scores.T)}
    ragged["00"] = ragged["00"][:-1]
    full, less = (scorers.aggregates(s, resamples=4000, **LIKE) for s in (scores, ragged))
    for metric in scorers.METRICS:
        assert width(less, metric) == pytest.approx(width(full, metric), rel=0.15)


@pytest.mark.slow
def test_its_coverage():
    """Tasks drawn from a population of tasks: the mean of all of them is in the interval."""
    rng, held = np.random.default_rng(4), {"corrected": 0, "rliable": 0}
    for number in range(1_000):
        means = rng.beta(2, 3, 12)
        scores = (rng.random((5, 12)) < means).astype(float)
        for method in held:
            table = scorers.aggregates(scores, method=method, resamples=500, seed=number, **LIKE)
            held[method] += table["low"][0] <= 0.4 <= table["high"][0]
    assert 0.90 <= held["corrected"] / 1_000 <= 0.97
    assert held["rliable"] >= held["corrected"]  # it counts the noise of runs twice


def test_the_leaderboard_takes_it():
    rng = np.random.default_rng(5)
    rows = [
        {"agent": "a", "task": f"t{task}", "index": n, "seed": n, "score": score, "status": "done",
         "binary": None, "turns": 1, "ok": 1, "repaired": 0, "parse_error": 0, "invalid_action": 0,
         "empty": 0,
         "truncated": 0, "refusal": 0, "input_tokens": 0, "output_tokens": 0, "cost": 0.0, "seconds": 0.0}
        for task in range(5) for n, score in enumerate(rng.random(5) * task / 4)
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    near, far = scorers.leaderboard(table).iloc[0], scorers.leaderboard(table, **LIKE).iloc[0]
    assert far["mean_high"] - far["mean_low"] > near["mean_high"] - near["mean_low"]
