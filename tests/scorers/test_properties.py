"""What must hold of every number, whatever the scores."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scorers
from harness.testing.scorer import episode
from scorers.progress import ProgressScorer

SCORES = st.floats(-10, 10, allow_subnormal=False) | st.sampled_from([0.0, 0.25, 1.0])
THRESHOLDS = [-1.0, 0.0, 0.1, 0.25, 0.5, 1.0]


def tasks(smallest=2, largest=6):
    """Task → scores: tasks of different names and run counts."""
    return st.dictionaries(
        st.text("abcxyz/0-9", min_size=1, max_size=4),
        st.lists(SCORES, min_size=smallest, max_size=largest),
        min_size=1,
        max_size=5,
    )


@st.composite
def shuffled(draw, scores):
    """The same scores, runs and tasks in another order."""
    names = draw(st.permutations(list(scores)))
    return {name: draw(st.permutations(scores[name])) for name in names}


def every_table(scores):
    yield scorers.aggregates(scores, resamples=60)
    yield scorers.profile(scores, THRESHOLDS, resamples=60)
    yield scorers.profile(scores, THRESHOLDS, kind="average", resamples=60)


@settings(max_examples=40)
@given(st.data(), tasks())
def test_the_order_of_runs_and_tasks_moves_no_estimate_and_no_interval(data, scores):
    """To the last bit: scores are put in order before the draw, so chance has nothing to move either."""
    other = data.draw(shuffled(scores))
    for one, two in zip(every_table(scores), every_table(other), strict=True):
        pd.testing.assert_frame_equal(one, two, check_exact=True)
    estimate, draws = scorers.probability_of_improvement(scores, scores, resamples=20)
    again, redrawn = scorers.probability_of_improvement(other, scores, resamples=20)
    assert estimate == again == pytest.approx(0.5)
    assert (draws == redrawn).all()


@settings(max_examples=20)
@given(st.data(), st.integers(0, 1000))
def test_the_order_of_runs_moves_no_curve(data, seed):
    curve = np.random.default_rng(seed).integers(0, 4, (5, 2, 3)) / 2
    order = data.draw(st.permutations(range(5)))
    pd.testing.assert_frame_equal(
        scorers.curves(curve, resamples=50), scorers.curves(curve[order], resamples=50), check_exact=True
    )


@settings(max_examples=40)
@given(tasks(smallest=1))
def test_intervals_hold_the_estimate_where_there_is_one(scores):
    smallest = min(len(column) for column in scores.values())
    for table in every_table(scores):
        if smallest == 1:
            assert table[["low", "high"]].isna().all(axis=None)
            assert "one run: no interval" in table.attrs["flags"]
        else:
            assert (table["low"] <= table["high"]).all()
    shares = scorers.profile(scores, THRESHOLDS, resamples=60)
    assert shares["estimate"].is_monotonic_decreasing
    assert shares["estimate"].between(0, 1).all()


@settings(max_examples=40)
@given(SCORES, st.lists(st.integers(2, 6), min_size=1, max_size=5))
def test_constants_have_no_width_and_say_so(score, sizes):
    scores = {f"t{task}": [score] * size for task, size in enumerate(sizes)}
    for table in every_table(scores):
        assert (table["high"] - table["low"]).to_numpy() == pytest.approx(0, abs=1e-12)
        assert any("all scores are equal" in flag for flag in table.attrs["flags"])
    found = scorers.aggregates(scores, resamples=60)
    assert found["low"].to_numpy() == pytest.approx(found["estimate"].to_numpy(), abs=1e-12)


@settings(max_examples=40)
@given(st.data(), tasks())
def test_missing_scores_are_counted_task_by_task_and_flagged(data, scores):
    lost = {task: data.draw(st.integers(0, 3), label=task) for task in scores}
    holed = {task: data.draw(st.permutations([*scores[task], *[np.nan] * lost[task]])) for task in scores}
    for found, whole in zip(every_table(holed), every_table(scores), strict=True):
        pd.testing.assert_frame_equal(found, whole, check_exact=True)
        assert found.attrs["missing"] == lost
        assert found.attrs["runs"] == {task: len(column) for task, column in scores.items()}
        total = sum(lost.values())
        assert (f"{total} missing" in found.attrs["flags"]) == (total > 0)
    if any(lost.values()):
        with pytest.raises(ValueError, match="has a missing score"):
            scorers.probability_of_improvement(holed, scores)


@settings(max_examples=15)
@given(
    st.dictionaries(
        st.sampled_from("abcd"), st.lists(st.floats(0, 1), min_size=1, max_size=5), min_size=2, max_size=4
    )
)
def test_adding_an_agent_changes_no_others_row(agents):
    episodes = {
        agent: [episode(index, progress=value, agent=agent) for index, value in enumerate(scores)]
        for agent, scores in agents.items()
    }
    board = scorers.leaderboard(
        ProgressScorer().score([one for played in episodes.values() for one in played]), resamples=60
    ).set_index("agent")
    for agent, played in episodes.items():
        alone = scorers.leaderboard(ProgressScorer().score(played), resamples=60).set_index("agent")
        pd.testing.assert_series_equal(board.loc[agent], alone.loc[agent], check_exact=True)


@settings(max_examples=40)
@given(tasks(smallest=1), st.data())
def test_the_probability_of_improvement_of_both_ways_is_one(x, data):
    y = {task: data.draw(st.lists(SCORES, min_size=1, max_size=6)) for task in x}
    there, draws = scorers.probability_of_improvement(x, y, resamples=30)
    back, _ = scorers.probability_of_improvement(y, x, resamples=30)
    assert there + back == pytest.approx(1)
    assert ((draws >= -1e-12) & (draws <= 1 + 1e-12)).all()
