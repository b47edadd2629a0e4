import numpy as np
import pandas as pd
import pytest

import scorers


def table(**agents):
    """Episodes of agents with scores of shape tasks × indexes."""
    rows = [
        {
            "suite": "s",
            "suite_version": "1",
            "agent": agent,
            "task": f"t{task}",
            "index": index,
            "score": score,
        }
        for agent, scores in agents.items()
        for task, runs in enumerate(scores)
        for index, score in enumerate(runs)
    ]
    return pd.DataFrame(rows)


def test_holm():
    # The worked example: sorted p times 4, 3, 2, 1, made monotone.
    assert scorers.holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert scorers.holm([0.9, 0.8]).tolist() == [1.0, 1.0]


def test_pairs_rest_on_the_same_seeds_only():
    rng = np.random.default_rng(0)
    seeds = rng.random((3, 12))
    episodes = table(a=seeds + 0.1, b=seeds, c=rng.random((3, 12)))
    episodes.loc[(episodes["agent"] == "b") & (episodes["index"] == 0), "score"] = np.nan
    pairs = scorers.pairwise(episodes, resamples=2000).set_index(["a", "b"])
    assert len(pairs) == 3
    assert pairs.loc[("a", "b"), "difference"] == pytest.approx(0.1)
    assert pairs.loc[("a", "b"), "pairs"] == 33
    assert pairs.loc[("a", "b"), "words"] == "a is better than b"
    assert sum("cannot be told apart" in words for words in pairs["words"]) >= 1
    assert (pairs["difference"] >= 0).all()
    assert (pairs["p_holm"] >= pairs["p_value"]).all()


def test_agents_without_a_seed_in_common_are_not_paired():
    episodes = table(a=[[0.1, 0.2, 0.3]], b=[[0.1, 0.2, 0.3]])
    episodes.loc[episodes["agent"] == "b", "task"] = "other"
    assert scorers.pairwise(episodes).empty
    ranks = scorers.rank_sets(episodes)
    assert ranks[["best", "worst"]].to_numpy().tolist() == [[1, 2], [1, 2]]


def test_clear_ranks_are_closed_and_ties_stay_open():
    rng = np.random.default_rng(1)
    seeds = rng.random((4, 20))
    episodes = table(
        top=seeds + 1,
        one=seeds + rng.normal(0, 0.1, seeds.shape),
        two=seeds + rng.normal(0, 0.1, seeds.shape),
    )
    ranks = scorers.rank_sets(episodes, resamples=2000).set_index("agent")
    assert ranks.loc["top"].tolist() == [1, 1]
    assert ranks.loc["one"].tolist() == [2, 3]
    assert ranks.loc["two"].tolist() == [2, 3]


@pytest.mark.slow
def test_rank_sets_hold_all_ranks_when_all_are_equal():
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(200):
        episodes = table(**{name: rng.random((5, 8)) for name in "abcde"})
        ranks = scorers.rank_sets(episodes, resamples=500)
        held += bool((ranks["best"] == 1).all() and (ranks["worst"] == 5).all())
    assert held >= 180  # nominal 190 of 200; three standard errors below is 181


def test_trials_of_one_seed_are_paired_with_that_seed():
    """An agent that plays a seed again and again is held against what the others scored on that seed."""
    episodes = table(a=[[0.2, 0.4, 0.6, 0.8]], b=[[0.1, 0.9, 0.1, 0.9]])
    episodes["seed"] = [0, 0, 1, 1, 0, 1, 2, 3]
    (pair,) = scorers.pairwise(episodes, resamples=500).to_dict("records")
    assert pair["pairs"] == 2
    assert pair["difference"] == pytest.approx(0.0)  # a: 0.3 and 0.7; b: 0.1 and 0.9


def test_an_interval_stands_with_the_probability_too():
    rng = np.random.default_rng(3)
    (pair,) = scorers.pairwise(table(a=rng.random((4, 9)), b=rng.random((4, 9)))).to_dict("records")
    assert 0 <= pair["probability_low"] < pair["probability"] < pair["probability_high"] <= 1


def test_a_verdict_needs_both_the_interval_and_the_test():
    """Three pairs that all go one way have an interval without zero, and a p-value of a quarter."""
    found = scorers.compare({"t": [1.0, 1.0, 1.0]}, {"t": [0.0, 0.0, 0.0]})
    assert found["low"][0] > 0
    assert found["p_value"][0] == pytest.approx(0.25, abs=0.02)
    assert found.attrs["words"] == "cannot be told apart"


def test_tasks_are_compared_one_by_one_with_holm():
    rng = np.random.default_rng(4)
    a = {"won": rng.random(20) + 1, "even": rng.random(20), "single": [0.5]}
    b = {"won": rng.random(20), "even": rng.random(20), "single": [0.5], "other": [1.0, 2.0]}
    found = scorers.compare_by_task(a, b).set_index("task")
    assert list(found.index) == ["won", "even"]
    assert found["words"].tolist() == ["better", "cannot be told apart"]
    assert (found["p_holm"] >= found["p_value"]).all()
    with pytest.raises(ValueError, match="two runs"):
        scorers.compare_by_task({"t": [1.0]}, {"t": [1.0]})


def test_weights_say_what_a_task_counts():
    a, b = {"one": [1.0, 1.0], "two": [0.0, 0.0]}, {"one": [0.0, 0.0], "two": [0.0, 0.0]}
    assert scorers.compare(a, b)["estimate"][0] == pytest.approx(0.5)
    assert scorers.compare(a, b, weights={"one": 3, "two": 1})["estimate"][0] == pytest.approx(0.75)


def test_what_is_left_out_is_counted():
    found = scorers.compare({"t": [0.1, np.nan, 0.3, 0.5]}, {"t": [0.2, 0.2, 0.2, np.nan]})
    assert found.attrs["left_out"] == 4


def test_unpaired_differences_agree_with_welch():
    """Against SciPy: the interval of a difference of two means, large samples."""
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(5)
    x, y = rng.normal(0.3, 1, 300), rng.normal(0, 2, 400)
    ours = scorers.compare({"t": x}, {"t": y}, paired=False).iloc[0]
    theirs = ttest_ind(x, y, equal_var=False).confidence_interval()
    assert ours["low"] == pytest.approx(theirs.low, abs=0.02)
    assert ours["high"] == pytest.approx(theirs.high, abs=0.02)


@pytest.mark.parametrize("paired", [True, False])
def test_memory_stays_bounded_with_many_runs(paired):
    import tracemalloc

    rng = np.random.default_rng(6)
    x, y = rng.random(2000), rng.random(2000)
    tracemalloc.start()
    scorers.compare({"t": x}, {"t": y}, paired=paired, resamples=2000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200e6
