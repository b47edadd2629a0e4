"""Aggregates against published values, and the properties that numbers must have."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import trim_mean

import scorers

MATRICES = st.builds(
    lambda runs, tasks, seed: np.random.default_rng(seed).lognormal(size=(runs, tasks)),
    st.integers(2, 8),
    st.integers(1, 7),
    st.integers(0, 1000),
)


def values(table, column="estimate"):
    return table.set_index("metric")[column]


@settings(max_examples=40)
@given(MATRICES)
def test_estimates_are_rliables_definitions(matrix):
    found = values(scorers.aggregates(matrix, resamples=10))
    assert found["mean"] == pytest.approx(matrix.mean(axis=0).mean(), abs=1e-12)
    assert found["median"] == pytest.approx(np.median(matrix.mean(axis=0)), abs=1e-12)
    assert found["iqm"] == pytest.approx(trim_mean(matrix, 0.25, axis=None), abs=1e-12)
    assert found["optimality_gap"] == pytest.approx(1 - np.minimum(matrix, 1).mean(), abs=1e-12)


@settings(max_examples=25)
@given(MATRICES, st.randoms())
def test_the_order_of_runs_and_tasks_does_not_matter(matrix, dice):
    rows, columns = list(range(matrix.shape[0])), list(range(matrix.shape[1]))
    dice.shuffle(rows)
    dice.shuffle(columns)
    one = scorers.aggregates(matrix, resamples=10)
    two = scorers.aggregates(matrix[rows][:, columns], resamples=10)
    assert values(one).to_numpy() == pytest.approx(values(two).to_numpy(), abs=1e-12)


def test_percentile_intervals_match_an_independent_bootstrap():
    matrix = np.random.default_rng(1).random((6, 5))
    found = scorers.aggregates(matrix, resamples=40_000, method="rliable")
    draw = np.random.RandomState(2)
    means = [
        np.mean([matrix[draw.randint(0, 6, 6), task].mean() for task in range(5)]) for _ in range(10_000)
    ]
    low, high = np.percentile(means, [2.5, 97.5])
    assert values(found, "low")["mean"] == pytest.approx(low, abs=4e-3)
    assert values(found, "high")["mean"] == pytest.approx(high, abs=4e-3)


def test_the_correction_widens_by_the_root_of_n_over_n_minus_one():
    matrix = np.random.default_rng(1).random((5, 8))
    plain = scorers.aggregates(matrix, method="rliable")
    wide = scorers.aggregates(matrix)
    ratio = (wide["high"] - wide["low"]) / (plain["high"] - plain["low"])
    assert ratio.to_numpy() == pytest.approx(np.sqrt(5 / 4), abs=1e-9)
    assert wide.attrs["method"] == "corrected"


def test_ragged_scores_weigh_every_task_the_same():
    ragged = {"a": [0.0, 1.0], "b": [0.5] * 10}
    found = scorers.aggregates(ragged)
    assert values(found)["mean"] == 0.5
    assert values(found)["iqm"] == pytest.approx(0.5)
    assert "different run counts" in found.attrs["flags"]


def test_a_ragged_mapping_of_equal_counts_is_the_matrix():
    matrix = np.random.default_rng(0).random((4, 3))
    mapping = {str(task): matrix[:, task] for task in range(3)}
    assert scorers.aggregates(mapping).equals(scorers.aggregates(matrix))


def test_one_run_is_refused_an_interval_and_few_are_flagged():
    one = scorers.aggregates([[0.1, 0.9]])
    assert one["low"].isna().all()
    assert one["high"].isna().all()
    assert "one run: no interval" in one.attrs["flags"]
    assert "fewer than 5 runs" in scorers.aggregates([[0.1], [0.2]]).attrs["flags"]


def test_missing_scores_are_counted_never_dropped_in_silence():
    found = scorers.aggregates({"a": [0.0, np.nan, 1.0], "b": [1.0, 1.0, 1.0]})
    assert found.attrs["missing"] == {"a": 1, "b": 0}
    assert "1 missing" in found.attrs["flags"]
    with pytest.raises(ValueError, match="'b' has no score"):
        scorers.aggregates({"a": [1.0], "b": [np.nan]})


def test_constants_have_zero_width_and_say_so():
    found = scorers.aggregates(np.full((5, 3), 0.25))
    assert (found["high"] - found["low"]).abs().max() < 1e-12
    assert any("all scores are equal" in flag for flag in found.attrs["flags"])


def test_a_name_has_draws_of_its_own():
    matrix = np.random.default_rng(0).random((5, 4))
    one, again, other = (scorers.aggregates(matrix, name=name) for name in ("x", "x", "y"))
    assert one.equals(again)
    assert not one.equals(other)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (1, 20, 0.0089, 0.2361)],
)
def test_wilson(successes, n, low, high):
    assert scorers.wilson(successes, n) == pytest.approx((low, high), abs=1e-4)


def test_clopper_pearson():
    assert scorers.clopper_pearson(0, 10) == pytest.approx((0.0, 0.3085), abs=1e-4)
    assert scorers.clopper_pearson(5, 10) == pytest.approx((0.1871, 0.8129), abs=1e-4)


def test_a_clear_difference_is_told_and_none_is_not():
    rng = np.random.default_rng(0)
    base = rng.random((20, 4))
    better = scorers.compare(base + 0.2, base)
    assert better.attrs["words"] == "better"
    assert better["p_value"][0] < 0.01
    assert better["estimate"][1] == 1.0
    same = scorers.compare(rng.random((20, 4)), rng.random((20, 4)), paired=False)
    assert same.attrs["words"] == "cannot be told apart"
    assert same["p_value"][0] > 0.05


def test_pairing_sees_what_noise_hides():
    rng = np.random.default_rng(3)
    base = rng.random((15, 3))
    shifted = base + 0.05 + rng.normal(0, 0.02, base.shape)
    assert scorers.compare(shifted, base).attrs["words"] == "better"
    assert scorers.compare(shifted, base, paired=False).attrs["words"] == "cannot be told apart"
