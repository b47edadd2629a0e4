"""The published record: whole, sourced, true to its sources, and out of reach of every test."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scorers
from harness.errors import InputError
from scorers.published import COLUMNS, bare, beside, boards, published, read
from scorers.tables import atari_reference, read_table

FOLDER = Path(__file__).parents[2] / "results" / "published"
OF_RUNS = {"atari100k_diamond.csv", "atari100k_iris.csv", "atari100k_simple.csv", "balrog_episodes.csv"}
TABLES = sorted(path for path in FOLDER.glob("*.csv") if path.name not in OF_RUNS)

RANGES = {
    "progress (%)": (0, 100),
    "completed (%)": (0, 100),
    "Crafter score (%)": (0, 100),
    "human-normalised optimality gap": (0, 1),
    "human-normalised mean": (0, 3),
    "human-normalised median": (0, 3),
    "human-normalised IQM": (0, 3),
    "human-normalised": (0, 1),
    "episode reward": (-1, 23),
    "dungeon depth, mean": (1, 60),
    "experience level, mean": (1, 30),
    "in-game score, mean": (0, 1e6),
    "in-game score, median": (0, 1e6),
    "score": (-1e5, 1e7),
}
"""The values that each metric can have, or that anybody has reached."""

SPOTS = [
    # board, agent, task, metric, score: read in the source that the row names
    ("balrog-llm", "Grok-4 (naive)", "balrog", "progress (%)", 43.55),
    ("balrog-llm", "GPT-4o-2024-05-13 (naive)", "nethack", "progress (%)", 0.4),
    ("balrog-vlm", "Gemini-2.5-Pro-Exp-03-25 (naive)", "babyai", "progress (%)", 74.0),
    ("crafter", "human", "crafter", "Crafter score (%)", 50.5),
    ("crafter", "SPRING", "crafter", "episode reward", 12.3),
    ("crafter", "ELLM", "crafter", "episode reward", 6.0),
    ("nethack", "AutoAscend", "nethack", "in-game score, median", 7093),
    ("nethack", "NetPlay (guided, GPT-4)", "nethack", "in-game score, mean", 405.0),
    ("nethack", "GPT-2 127M, diff history, 32M samples", "nethack", "in-game score, mean", 1885),
    ("videogamebench", "VG-Agent, gemini-2.5-pro-preview-03-25", "videogamebench", "completed (%)", 0.48),
    (
        "videogamebench",
        "VG-Agent, gemini-2.5-pro-preview-03-25",
        "videogamebench-lite",
        "completed (%)",
        1.6,
    ),
    ("videogamebench", "VG-Agent, gpt-4o-2024-08-06", "videogamebench", "completed (%)", 0.09),
    ("lmgame", "gpt-4.1-2025-04-14 (without harness)", "lmgame/sokoban", "score", 0),
    ("lmgame", "claude-3-7-sonnet-20250219 (with harness)", "lmgame/candy_crush", "score", 484.0),
    ("smartplay", "human", "smartplay/Crafter", "score", 2680),
    ("atari-gpt", "GPT-4o", "atari-gpt", "human-normalised", 0.232),
    ("atari-offline", "JOWA-150M", "atari/assault", "score", 1458.6),
    ("atari-100k", "EfficientZero", "atari/breakout", "score", 414.1),
    ("atari-100k", "MuZero", "atari/pong", "score", -6.7),
    ("atari-100k", "STORM", "atari/freeway", "score", 0),
    ("atari-100k", "STORM (paper)", "atari-100k", "human-normalised mean", 1.267),
    ("atari-human-random", "human", "atari/breakout", "score", 30.5),
]


def everything():
    return pd.concat([published(name) for name in boards()], ignore_index=True)


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_file_reads_and_every_row_says_where_it_comes_from(path):
    table = read(path)
    assert list(table.columns) == COLUMNS
    assert len(table)
    assert path.stat().st_size <= 300_000
    for name in ("source", "date", "protocol"):
        assert (table[name].str.strip() != "").all()
    # An address: a repository with a commit, a paper, or a page.
    assert (
        table["source"].str.contains(r"@[0-9a-f]{7}|arXiv \d{4}\.\d{5}|openreview\.net|www\.|epoch\.ai").all()
    )
    assert table["score"].notna().all()


def test_boards_are_of_all_files_and_hold_each_row_once():
    table = everything()
    assert set(boards()) == {"atari-human-random", *(name for path in TABLES for name in read(path)["board"])}
    assert not table.duplicated(["board", "agent", "task", "metric", "source"]).any()
    assert len(table) == sum(len(read(path)) for path in TABLES) + 2 * 57


def test_scores_are_in_the_range_of_their_metric():
    table = everything()
    assert set(table["metric"]) == set(RANGES)
    for metric, rows in table.groupby("metric"):
        assert rows["score"].between(*RANGES[metric]).all(), metric
    assert (table["error"].dropna() >= 0).all()
    bounded = table.dropna(subset=["low"])
    assert ((bounded["low"] <= bounded["score"]) & (bounded["score"] <= bounded["high"])).all()
    assert (table["runs"].dropna() >= 1).all()


@pytest.mark.parametrize("spot", SPOTS, ids=lambda spot: f"{spot[0]}-{spot[1]}"[:40])
def test_spot_values_are_those_of_the_sources(spot):
    board, agent, task, metric, score = spot
    rows = published(board)
    found = rows[(rows["agent"] == agent) & (rows["task"] == task) & (rows["metric"] == metric)]
    assert found["score"].tolist() == pytest.approx([score], abs=0.05)


@pytest.mark.parametrize(("name", "agent"), [("iris", "IRIS"), ("diamond", "DIAMOND"), ("simple", "SimPLe")])
def test_rows_of_atari_100k_come_out_of_the_runs(name, agent):
    runs = read_table(FOLDER / f"atari100k_{name}.csv")[""]
    rows = published("atari-100k").query("agent == @agent").set_index(["task", "metric"])
    for game, scores in runs.items():
        row = rows.loc[(f"atari/{game}", "score")]
        assert row["score"] == pytest.approx(scores.mean(), rel=1e-5)
        assert row["error"] == pytest.approx(scores.std(ddof=1), rel=1e-5)
        assert row["runs"] == len(scores)
    normalised = read_table(FOLDER / f"atari100k_{name}.csv", "atari")[""]
    for found in scorers.aggregates(normalised, name=agent).itertuples():
        metric = "IQM" if found.metric == "iqm" else found.metric.replace("_", " ")
        row = rows.loc[("atari-100k", f"human-normalised {metric}")]
        assert row["score"] == pytest.approx(found.estimate, rel=1e-5)
        # Ends rest on other random draws of the same scores.
        assert [row["low"], row["high"]] == pytest.approx([found.low, found.high], abs=0.02)


def test_the_atari_reference_is_shown_and_not_written_twice():
    rows = published("atari-human-random").set_index(["agent", "task"])["score"]
    for game, reference in atari_reference().iterrows():
        assert rows.loc[[("human", f"atari/{game}")]].tolist() == [reference["human"]]
        assert reference["random"] in rows.loc[[("random", f"atari/{game}")]].tolist()
    assert sorted(rows.loc[[("random", "atari/video_pinball")]]) == [0.0, 16256.9]


def test_an_unknown_board_is_one_clear_line():
    with pytest.raises(InputError, match="unknown board 'crafer'; did you mean 'crafter'"):
        published("crafer")
    with pytest.raises(InputError, match="there are atari-100k, "):
        published("?")


GOOD = "b,a,t,m,1.5,,,,,,2024-05,p,s"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("agent,score\na,1\n", "has other columns"),
        ("", "is not a CSV table"),
        (f"{{head}}\n{GOOD}\nb,a,t2,m,many,,,,,,2024,p,s\n", "line 3: score 'many' is not a number"),
        ("{head}\nb,a,t,m,inf,,,,,,2024,p,s\n", "line 2: score 'inf' is not a number"),
        ("{head}\nb,a,t,m,nan,,,,,,2024,p,s\n", "is not a number"),
        ("{head}\nb,a,t,m,,,,,,,2024,p,s\n", "line 2: score is empty"),
        ("{head}\nb,a,t,m,1,,,,,,2024,p, \n", "line 2: source is empty"),
        ("{head}\nb,a,t,m,1,,,,,,,p,s\n", "line 2: date is empty"),
        ("{head}\nb,a,t,m,1,,,,,,May 2024,p,s\n", "line 2: date 'May 2024'"),
        ("{head}\nb,a,t,m,1,,,2,,,2024,p,s\n", "line 2: error_kind does not say"),
        (f"{{head}}\n{GOOD}\n{GOOD}\n", "line 3: the same agent, task, metric and source stand twice"),
    ],
)
def test_a_bad_table_is_one_clear_line(text, words, tmp_path):
    (tmp_path / "t.csv").write_text(text.replace("{head}", ",".join(COLUMNS)))
    with pytest.raises(InputError) as caught:
        read(tmp_path / "t.csv")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_good_row_reads(tmp_path):
    (tmp_path / "t.csv").write_text(",".join(COLUMNS) + f"\n{GOOD}\n")
    row = read(tmp_path / "t.csv").iloc[0]
    assert row["score"] == 1.5
    assert np.isnan(row["low"])
    assert row["error_kind"] == ""


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        read(tmp_path / "none.csv")


def episodes(*tasks, agents=("a", "b"), runs=4):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "suite": "s",
            "suite_version": "1",
            "agent": agent,
            "task": task,
            "game": task.partition("/")[0],
            "index": index,
            "seed": index,
            "score": rng.random(),
        }
        for agent in agents
        for task in tasks
        for index in range(runs)
    )


def test_beside_gives_what_belongs_to_the_tasks_and_their_games():
    rows = beside(episodes("atari/breakout@atari100k", "babyai/goto+noise(p=0.1)"))
    assert set(rows["task"]) == {"atari/breakout", "babyai"}
    assert set(rows["mark"]) == {"published"}
    assert list(rows.columns) == ["mark", *COLUMNS]
    assert (rows["protocol"] != "").all()
    assert {"IRIS", "random", "human", "GPT-4o"} <= set(rows["agent"])
    order = rows[["task", "board", "metric"]].apply(tuple, axis=1).tolist()
    assert order == sorted(order)
    for _, group in rows.groupby(["task", "board", "metric"]):
        assert group["score"].is_monotonic_decreasing


def test_beside_has_nothing_for_a_task_that_nobody_published():
    rows = beside(episodes("gymnasium/CartPole-v1"))
    assert rows.empty
    assert list(rows.columns) == ["mark", *COLUMNS]


@pytest.mark.parametrize("test", [scorers.pairwise, scorers.rank_sets])
def test_published_rows_are_no_episodes_and_cannot_be_tested(test):
    with pytest.raises(KeyError):
        test(published("crafter"))
    with pytest.raises(KeyError):
        test(beside(episodes("crafter/standard")))


def test_published_rows_change_no_test_even_when_put_among_episodes():
    measured = episodes("atari/pong", runs=8)
    mixed = pd.concat([measured, beside(measured)], ignore_index=True)
    pairs = scorers.pairwise(measured, resamples=500)
    among = scorers.pairwise(mixed, resamples=500)
    pd.testing.assert_frame_equal(among, pairs)
    # Ranks: nothing at all is claimed of anybody.
    ranks = scorers.rank_sets(mixed, resamples=500)
    assert (ranks["best"] == 1).all()
    assert (ranks["worst"] == len(ranks)).all()


def test_a_caller_cannot_change_the_record():
    for rows in (published("crafter"), beside(episodes("crafter/standard"))):
        rows.loc[:, ["score", "agent"]] = [0.0, "x"]
    assert published("crafter")["score"].max() == 50.5
    assert "x" not in set(published("crafter")["agent"])


def test_names_of_tasks_lose_protocol_and_perturbations():
    assert bare("atari/pong@machado+sticky(p=0.1)") == "atari/pong"
    assert bare("babyai/goto+noise(p=0.1)") == "babyai/goto"
    assert bare("nethack/score") == "nethack/score"


def test_the_readme_names_every_file():
    readme = (FOLDER.parent / "README.md").read_text()
    for path in FOLDER.glob("*.csv"):
        assert f"`{path.name}`" in readme, path.name
