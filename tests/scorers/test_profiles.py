"""Profiles, curves and the probability of improvement, against plain loops."""

import numpy as np
import pandas as pd
import pytest

import scorers

MATRIX = np.random.default_rng(0).integers(0, 5, (6, 4)) / 4


@pytest.mark.parametrize("kind", ["runs", "average"])
def test_a_profile_is_the_share_strictly_above(kind):
    found = scorers.profile(MATRIX, [1.0, 0.25, 0.5, -1.0], kind=kind, resamples=10)
    above = MATRIX if kind == "runs" else MATRIX.mean(axis=0)
    assert found["threshold"].tolist() == [-1.0, 0.25, 0.5, 1.0]
    assert found["estimate"].tolist() == [(above > tau).mean() for tau in found["threshold"]]
    assert found["estimate"].iloc[[0, -1]].tolist() == [1.0, 0.0]


def test_every_task_weighs_the_same_in_a_profile():
    found = scorers.profile({"a": [0.0, 1.0], "b": [1.0] * 8}, [0.5], method="rliable")
    assert found["estimate"][0] == pytest.approx(0.75)
    assert found["low"][0] == pytest.approx(0.5)
    assert "different run counts" in found.attrs["flags"]


def test_the_bands_of_a_ragged_profile_are_those_of_a_loop():
    rng = np.random.default_rng(1)
    scores = {"a": rng.random(15), "b": rng.random(40)}
    found = scorers.profile(scores, [0.3, 0.6], resamples=20_000, method="rliable")
    drawn = [
        np.mean(
            [[(rng.choice(s, len(s)) > tau).mean() for tau in (0.3, 0.6)] for s in scores.values()], axis=0
        )
        for _ in range(4_000)
    ]
    expected = np.quantile(drawn, [0.025, 0.975], axis=0)
    found_ends = found[["low", "high"]].to_numpy().T
    assert np.abs(found_ends - expected).max() < 0.035  # one step of task a's share, and chance


def test_corrected_bands_are_wider_and_stay_within_one():
    plain = scorers.profile(MATRIX, [0.2, 0.6, 0.9], method="rliable")
    wide = scorers.profile(MATRIX, [0.2, 0.6, 0.9])
    assert (wide["high"] - wide["low"]).gt(plain["high"] - plain["low"]).any()
    assert wide["low"].ge(0).all()
    assert wide["high"].le(1).all()


@pytest.mark.parametrize("thresholds", [[], [0.1, np.nan]])
def test_thresholds_have_to_be_numbers(thresholds):
    with pytest.raises(ValueError, match="thresholds"):
        scorers.profile(MATRIX, thresholds)
    with pytest.raises(ValueError, match="kind"):
        scorers.profile(MATRIX, [0.5], kind="median")


def cube(runs=5, tasks=3, points=4):
    return np.random.default_rng(2).random((runs, tasks, points))


def test_each_point_of_a_curve_is_that_points_aggregate():
    made = cube()
    found = scorers.curves(made, steps=[0, 10, 20, 40], metrics=scorers.METRICS, resamples=20_000)
    assert found.columns.tolist() == ["step", "metric", "estimate", "low", "high"]
    assert found["step"].unique().tolist() == [0, 10, 20, 40]
    for point, (_, rows) in enumerate(found.groupby("step")):
        alone = scorers.aggregates(made[:, :, point], resamples=20_000)
        assert rows["metric"].tolist() == alone["metric"].tolist()
        assert rows["estimate"].to_numpy() == pytest.approx(alone["estimate"].to_numpy(), abs=1e-12)
        # The median of three tasks jumps; the others' ends are known to some thousandths.
        smooth = rows["metric"].ne("median").to_numpy()
        for end in ("low", "high"):
            assert rows[end].to_numpy()[smooth] == pytest.approx(alone[end].to_numpy()[smooth], abs=0.01)


def test_a_run_keeps_its_points_together():
    """Two points with the same scores have the same band to the last bit: one draw of runs for both."""
    row = np.random.default_rng(3).random((6, 2, 1))
    found = scorers.curves(np.concatenate([row, row], axis=2), metrics=["mean"], resamples=50)
    assert found.loc[0, ["estimate", "low", "high"]].equals(found.loc[1, ["estimate", "low", "high"]])


def test_a_table_and_a_mapping_are_the_array():
    made = cube()
    long = pd.DataFrame(
        [
            {"task": str(task), "run": run, "step": step, "score": made[run, task, step]}
            for run, task, step in np.ndindex(made.shape)
        ]
    ).sample(frac=1, random_state=0)
    expected = scorers.curves(made)
    assert scorers.curves(long).equals(expected)
    assert scorers.curves({str(task): made[:, task] for task in (2, 0, 1)}).equals(expected)
    assert expected.attrs["runs"] == {"0": 5, "1": 5, "2": 5}


def test_tasks_of_a_curve_may_have_different_run_counts_and_one_run_has_no_band():
    made = cube()
    ragged = scorers.curves({"a": made[:, 0], "b": made[:3, 1]}, metrics=["mean"])
    assert ragged["estimate"][0] == pytest.approx((made[:, 0, 0].mean() + made[:3, 1, 0].mean()) / 2)
    assert ragged["low"].notna().all()
    one = scorers.curves(made[:1])
    assert one[["low", "high"]].isna().all(axis=None)
    assert "one run: no interval" in one.attrs["flags"]


def table(**columns):
    return pd.DataFrame({"task": ["t", "t"], "run": [0, 0], "step": [1, 2], "score": [0.1, 0.2], **columns})


@pytest.mark.parametrize(
    ("scores", "settings", "message"),
    [
        (np.zeros((3, 3)), {}, "points array, got 2"),
        ({}, {}, "no task"),
        (table()[:0], {}, "no task"),
        ({"a": [1.0, 2.0]}, {}, "'a' is no runs × points"),
        ({"a": [[1.0]], "b": [[1.0, 2.0]]}, {}, "'b' has 2 points, not 1"),
        ({"a": [[1.0, 2.0]]}, {"steps": [0]}, "2 points, not 1"),
        ({"a": [[1.0, 2.0], [np.nan, 1.0]]}, {"steps": [5, 6]}, "task 'a', run 1, step 5: no score"),
        (table(run=[0, 1]), {}, "no score"),
        (table(step=[1, 1]), {}, "stands twice"),
        (table().drop(columns="run"), {}, "no column 'run'"),
        (cube(), {"metrics": ["mode"]}, "unknown metric 'mode'"),
    ],
)
def test_what_is_no_curve_is_refused(scores, settings, message):
    with pytest.raises(ValueError, match=message):
        scorers.curves(scores, **settings)


def test_improvement_counts_pairs_and_halves_ties():
    x, y = {"a": [1.0, 2.0], "b": [0.0]}, {"a": [1.0, 1.0, 0.0], "b": [3.0, -1.0], "only y": [1.0]}
    estimate, draws = scorers.probability_of_improvement(x, y, resamples=500)
    assert estimate == pytest.approx(((0.5 + 0.5 + 1 + 3) / 6 + 0.5) / 2)
    assert draws.shape == (500,)
    again = scorers.probability_of_improvement(x, y, resamples=500)[1]
    assert (draws == again).all()


def test_draws_of_improvement_are_those_of_a_loop():
    rng = np.random.default_rng(4)
    x, y = rng.random((5, 2)), rng.random((7, 2)) - 0.1
    _, draws = scorers.probability_of_improvement(x, y, resamples=20_000)
    loop = []
    for _ in range(4_000):
        a = x[rng.integers(0, 5, (5, 2)), [0, 1]]
        b = y[rng.integers(0, 7, (7, 2)), [0, 1]]
        loop.append((a[:, None] > b[None]).mean())
    assert np.quantile(draws, [0.025, 0.5, 0.975]) == pytest.approx(
        np.quantile(loop, [0.025, 0.5, 0.975]), abs=0.025
    )


def test_improvement_wants_the_same_tasks():
    with pytest.raises(ValueError, match="3 and 2 tasks"):
        scorers.probability_of_improvement(np.zeros((2, 3)), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="no task in common"):
        scorers.probability_of_improvement({"a": [1.0]}, {"b": [1.0]})
