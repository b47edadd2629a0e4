import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import scorers
from harness.cli import _tables
from harness.testing.scorer import episode
from scorers.progress import ProgressScorer


def table(**agents):
    episodes = [
        episode(index, progress=value, agent=agent)
        for agent, scores in agents.items()
        for index, value in enumerate(scores)
    ]
    return ProgressScorer().score(episodes)


def test_the_best_mean_stands_first_and_failures_stand_beside():
    board = scorers.leaderboard(table(low=[0.1, 0.2, 0.0, 0.1, 0.1], high=[0.9, 0.8, None, 1.0, 0.7]))
    assert list(board["agent"]) == ["high", "low"]
    first = board.iloc[0]
    assert (first["episodes"], first["missing"], first["failed"]) == (5, 1, 1)
    assert first["mean"] == pytest.approx(0.85)
    assert "1 missing" in first["flags"]
    assert 0.7 <= first["mean_low"] <= first["mean"] <= first["mean_high"] <= 1.0


def test_adding_an_agent_changes_no_other():
    alone = scorers.leaderboard(table(a=[0.1, 0.5, 0.3, 0.9, 0.2]))
    both = scorers.leaderboard(table(a=[0.1, 0.5, 0.3, 0.9, 0.2], b=[0.0, 0.5, 1.0, 0.2, 0.4]))
    numbers = [column for column in alone.columns if column not in ("flags",)]
    assert alone.iloc[0][numbers].equals(both[both["agent"] == "a"].iloc[0][numbers])


def test_an_agent_without_any_score_is_shown_without_numbers():
    board = scorers.leaderboard(table(a=[0.5, 0.5], b=[None, None]))
    assert np.isnan(board[board["agent"] == "b"]["mean"].item())


def test_successes_have_wilsons_interval_never_plus_minus_zero():
    lost = [episode(n, progress=0.0, agent="a", binary=True) for n in range(5)]
    mixed = [episode(n, progress=p, agent="b") for n, p in enumerate([0.25, 0.5, 0.75, 0.5, 0.5])]
    nothing = [episode(n, progress=0.0, agent="c") for n in range(5)]
    rows = scorers.by_task(ProgressScorer().score([*lost, *mixed, *nothing])).set_index("agent")
    assert rows.loc["a", "method"] == "Wilson"
    assert rows.loc["a", "high"] > 0.3
    assert rows.loc["b", "method"] == "bootstrap"
    assert rows.loc["b", "low"] < 0.5 < rows.loc["b", "high"]
    assert np.isnan(rows.loc["c", "high"])


def test_answers_read_strictly_and_with_repairs_are_told_apart():
    rows = table(a=[0.5, 0.5]).assign(turns=10, ok=6, repaired=3, invalid_action=1)
    first = scorers.leaderboard(rows).iloc[0]
    assert (first["strict_rate"], first["tolerant_rate"], first["invalid_rate"]) == (0.6, 0.9, 0.1)
    out = io.StringIO()
    _tables.print_leaderboard(scorers.leaderboard(rows), Console(file=out, width=80))
    assert "answers read strictly 60.0%, with repairs 90.0%" in out.getvalue()


def trials(**agents):
    """Episodes of agents: for each, by task, the scores of each seed's trials."""
    return pd.DataFrame(
        [
            {**COMMON, "agent": agent, "task": task, "seed": seed, "index": n, "score": score}
            for agent, tasks in agents.items()
            for task, seeds in tasks.items()
            for seed, scores in enumerate(seeds)
            for n, score in enumerate(scores)
        ]
    )


COMMON = {
    "suite": "s", "suite_version": "1", "status": "done", "binary": True, "turns": 1, "ok": 1, "repaired": 0,
    "parse_error": 0, "invalid_action": 0, "empty": 0, "truncated": 0, "refusal": 0, "input_tokens": 0,
    "output_tokens": 0, "cost": 0.0, "seconds": 0.0,
}  # fmt: skip


def test_trials_of_a_seed_are_one_score():
    """Asking the same question ten times does not make the answer surer for other questions."""
    once = scorers.leaderboard(trials(a={"t": [[0.0], [1.0], [0.0], [1.0]]})).iloc[0]
    often = scorers.leaderboard(trials(a={"t": [[0.0] * 9, [1.0] * 9, [0.0] * 9, [1.0] * 9]})).iloc[0]
    for column in ("mean", "mean_low", "mean_high", "iqm"):
        assert often[column] == once[column]
    rows = scorers.by_task(trials(a={"t": [[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]})).iloc[0]
    assert rows["runs"] == 4
    assert rows["method"] == "bootstrap"


def test_episodes_that_repeat_another_are_told():
    episodes = trials(a={"t": [[1.0], [1.0], [0.0]]}, b={"t": [[1.0], [0.0], [0.0]]})
    episodes["trajectory"] = ["x", "x", "y", "x", "y", "z"]
    flags = scorers.leaderboard(episodes).set_index("agent")["flags"]
    assert "1 episodes are the same as another, step for step" in flags["a"]
    assert not any("step for step" in flag for flag in flags["b"])
