"""Looking after every round: wrong verdicts stay as rare as was said, however often one looks."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scorers
from scorers._rounds import in_order
from scorers._sequential import log_money, rounds_to_go

_FILE = Path(__file__).parents[2] / "benchmarks" / "sequential.py"
_SPEC = importlib.util.spec_from_file_location("sequential_benchmark", _FILE)
simulation = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(simulation)


def wrongly_decided(model, tasks, experiments, rounds):
    row = simulation.equal_row(model, experiments, rounds, tasks, seed=7)
    return row["wrong"], row["wrong_t_test"]


@pytest.mark.parametrize("model", simulation.EQUAL)
def test_equal_agents_are_seldom_told_apart(model):
    wrong, peeked = wrongly_decided(model, tasks=3, experiments=200, rounds=60)
    assert wrong <= 0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5
    assert peeked > 0.12  # what looking again and again at a t-test does


@pytest.mark.slow
@pytest.mark.parametrize("tasks", [1, 2, 8])
@pytest.mark.parametrize("model", simulation.EQUAL)
def test_equal_agents_are_seldom_told_apart_in_many_rounds(model, tasks):
    wrong, peeked = wrongly_decided(model, tasks, experiments=2000, rounds=400)
    assert wrong <= 0.05 + 2 * (0.05 * 0.95 / 2000) ** 0.5
    assert peeked > 0.2


@pytest.mark.parametrize(("tasks", "difference", "most"), [(1, 0.3, 70), (5, 0.2, 35)])
def test_a_true_difference_is_found(tasks, difference, most):
    row = simulation.different_row(simulation.success, difference, 200, 150, tasks)
    assert row["found"] >= 0.95
    assert row["wrong"] <= 0.01
    assert row["mean_rounds"] <= most


def held(model, difference, experiments, rounds, truth):
    """How often all intervals of an experiment hold the true difference."""
    rng, kept = np.random.default_rng(11), 0
    for _ in range(experiments):
        a, b = model(rng, (rounds, 3), difference)
        looks = scorers.sequential(a, b)
        kept += bool(((looks["low"] <= truth) & (truth <= looks["high"])).all())
    return kept / experiments


def test_all_intervals_hold_the_truth_at_once():
    assert held(simulation.success, 0.2, 60, 40, 0.2) >= 0.87


@pytest.mark.slow
@pytest.mark.parametrize(("model", "truth"), [(simulation.success, 0.2), (simulation.opposite, 0.0)])
def test_all_intervals_hold_the_truth_at_once_in_many_rounds(model, truth):
    """The truth is left out once as much is won by a bet against it."""
    won = []
    for differences in simulation.experiments(model, truth, 2000, 300, 3, seed=11):
        half = [log_money(sign * differences, sign * truth) for sign in (1, -1)]
        won.extend((np.maximum(*half) >= np.log(40)).any(axis=-1))
    assert np.mean(won) <= 0.05 + 2 * (0.05 * 0.95 / 2000) ** 0.5


def test_the_intervals_shrink_around_the_estimate():
    rng = np.random.default_rng(0)
    a, b = simulation.success(rng, (120, 2), 0.3)
    looks = scorers.sequential(a, b)
    assert list(looks.columns) == ["n", "estimate", "low", "high", "decided"]
    assert looks["n"].tolist() == list(range(1, 121))
    assert looks["estimate"].iloc[-1] == pytest.approx((a - b).mean())
    assert (looks["low"].diff().dropna() >= 0).all()
    assert (looks["high"].diff().dropna() <= 0).all()
    last = looks.iloc[-1]
    assert 0 < last["low"] < last["estimate"] < last["high"] < 1
    assert looks["decided"].tolist() == ((looks["low"] >= 0) | (looks["high"] <= 0)).tolist()


def test_the_table_stops_where_the_money_does():
    """What simulations watch is what users see."""
    rng = np.random.default_rng(1)
    for _ in range(10):
        a, b = simulation.progress(rng, (40, 3), 0.2)
        (stop,), (sign,) = simulation.decided((a - b)[None])
        looks = scorers.sequential(a, b)
        first = looks["n"][looks["decided"]].min() if looks["decided"].any() else 0
        assert first == stop
        assert not stop or (looks["low"].iloc[-1] >= 0) == (sign > 0)


def test_money_by_hand():
    """One round of one task with difference d: each bet pays 1 + bet · d."""
    bets = 0.95 * 2.0 ** (-np.arange(12) / 2)
    assert log_money(np.array([[0.5]]))[0] == pytest.approx(np.log((1 + bets * 0.5).mean()))
    two = log_money(np.array([[0.5, -1.0]]))[0]
    assert two == pytest.approx(np.log(((1 + bets * 0.5) * (1 - bets)).mean()))
    # Many tasks are multiplied in parts.
    many = np.full((1, 100), 0.1)
    assert log_money(many)[0] == pytest.approx(np.log(((1 + bets * 0.1) ** 100).mean()))


def test_swapping_agents_and_scaling_scores_changes_nothing_else():
    rng = np.random.default_rng(2)
    a, b = simulation.success(rng, (60, 2), 0.3)
    one, other = scorers.sequential(a, b), scorers.sequential(b, a)
    assert one["low"].to_numpy() == pytest.approx(-other["high"].to_numpy())
    scaled = scorers.sequential(10 * a - 5, 10 * b - 5, bounds=(-5, 5))
    assert scaled["high"].to_numpy() == pytest.approx(10 * one["high"].to_numpy())
    assert scaled["decided"].tolist() == one["decided"].tolist()


def test_rounds_wait_until_they_are_whole():
    a = {"x": [1.0, 1.0, np.nan, 1.0], "y": [1.0, 1.0], "z": [0.0]}
    b = {"x": [0.0, 0.5, 0.0, 0.0], "y": [0.0, 0.0]}
    looks = scorers.sequential(a, b)
    assert looks["estimate"].tolist() == [1.0, pytest.approx(0.875)]
    assert scorers.sequential({"x": []}, {"x": []}).empty


@pytest.mark.parametrize(
    ("a", "b"),
    [({"x": [1.0]}, {"y": [1.0]}), ({"x": [1.0]}, {"x": [1.0, 0.0]}), ({"x": [1.5]}, {"x": [0.0]})],
)
def test_what_is_no_comparison_is_refused(a, b):
    with pytest.raises(ValueError, match=r"."):
        scorers.sequential(a, b)


def test_rounds_to_go():
    rng = np.random.default_rng(3)
    a, b = simulation.success(rng, (400, 1), 0.2)
    (stop,), _ = simulation.decided((a - b)[None])
    guess = rounds_to_go((a - b)[: stop // 2])
    assert 1 <= guess < 400
    assert rounds_to_go(np.zeros((5, 2))) == np.inf
    assert rounds_to_go(np.zeros((0, 2))) == np.inf
    assert rounds_to_go((a - b)[: stop - 1]) >= 1


def episodes(agent, task, scores, status="done", series="s 1"):
    return [
        {
            "agent": agent, "task": task, "series": series, "index": index, "seed": hash((series, index)),
            "score": score, "status": status if not isinstance(score, str) else score,
        }
        for index, score in enumerate(scores)
        if score is not None
    ]  # fmt: skip


def played(*rows):
    table = pd.DataFrame([row for some in rows for row in some])
    return table.assign(score=pd.to_numeric(table["score"], errors="coerce"))


def test_an_episode_that_takes_long_is_not_overtaken():
    table = played(
        episodes("a", "t", [0.1, 0.2, 0.3, 0.4]), episodes("b", "t", [0.0, "unfinished", 0.0, 0.0]),
        episodes("a", "u", [0.1, 0.2, 0.3]), episodes("b", "u", [0.0, "failed", 0.5]),
        episodes("a", "v", [0.1, 0.2]), episodes("b", "v", [0.0]), episodes("a", "only a's", [0.3]),
    )  # fmt: skip
    found = in_order(table, "a", "b", ["t", "u", "v", "w"])
    assert found.a["t"].tolist() == [0.1]
    assert found.a["u"].tolist() == [0.1, 0.2, 0.3]
    assert np.isnan(found.b["u"][1])
    assert found.waiting == {"t": "episode 1 of b", "v": "episode 1 of b", "w": "episode 0 of a"}
    assert [len(scores) for scores in found.a.values()] == [1, 3, 1, 0]


def test_a_second_series_of_seeds_goes_on_after_the_first():
    first = [episodes(agent, "t", [0.1, 0.2], series="s 1") for agent in "ab"]
    second = [episodes(agent, "t", [0.3, 0.4], series="more") for agent in "ab"]
    assert in_order(played(*first, *second), "a", "b", ["t"]).a["t"].tolist() == [0.1, 0.2, 0.3, 0.4]


def test_what_cannot_be_paired_is_refused():
    one = episodes("a", "t", [0.1, 0.2])
    with pytest.raises(ValueError, match="more than once"):
        in_order(played(one, one, episodes("b", "t", [0.1])), "a", "b", ["t"])
    other = [{**row, "seed": 5} for row in episodes("b", "t", [0.1, 0.2])]
    with pytest.raises(ValueError, match="same seeds"):
        in_order(played(one, other), "a", "b", ["t"])
