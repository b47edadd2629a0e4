"""Tables of others: the published Atari-100k aggregates come out, and bad tables are one clear line."""

import json
from pathlib import Path

import pytest

from harness.cli import main
from harness.errors import InputError
from scorers.tables import atari_reference, read_table

PUBLISHED = Path(__file__).parents[2] / "results" / "published"

# mean, median, IQM, optimality gap, as the methods' papers and rliable's definitions give them
KNOWN = {
    "iris": (1.046, 0.289, 0.501, 0.512),
    "simple": (0.332, 0.134, 0.130, 0.729),
    "diamond": (1.459, 0.373, 0.641, 0.480),
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_published_atari_100k_aggregates_come_out(name, capsys):
    file = PUBLISHED / f"atari100k_{name}.csv"
    with pytest.raises(SystemExit) as stopped:
        main(["aggregate", str(file), "--normalise", "atari", "--resamples", "500", "--json"])
    assert not stopped.value.code
    rows = {row["metric"]: row for row in json.loads(capsys.readouterr().out)}
    found = [rows[metric]["estimate"] for metric in ("mean", "median", "iqm", "optimality_gap")]
    assert found == pytest.approx(KNOWN[name], abs=5e-4)
    assert all(row["low"] <= row["estimate"] <= row["high"] for row in rows.values())


def test_the_reference_is_the_published_one():
    reference = atari_reference()
    assert len(reference) == 57
    assert tuple(reference.loc["breakout"]) == (1.7, 30.5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("task,score\na,1\n", "no column 'run'"),
        ("task,run,score\na,0,many\n", "line 2: score 'many' is not a number"),
        ("task,run,score\na,0,1\na,0,2\n", "run 0 of task 'a' stands twice"),
        ("task,run,score\na,0,inf\n", "is not a number"),
        ("", "is not a CSV table"),
        ("task,run,score,random,human\na,0,1,2,2\n", "missing or equal"),
    ],
)
def test_a_bad_table_is_one_clear_line(text, words, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        read_table(tmp_path / "t.csv")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_game_without_reference_is_named(tmp_path):
    (tmp_path / "t.csv").write_text("task,run,score\natari/Breakout,0,3\nchess,0,1\n")
    with pytest.raises(InputError, match="for 'chess'"):
        read_table(tmp_path / "t.csv", "atari")


def test_reference_columns_normalise(tmp_path):
    (tmp_path / "t.csv").write_text(
        "task,run,score,random,human\na,1,5,0,10\na,0,0,0,10\nb,0,,1,2\nb,1,2,1,2\n"
    )
    scores = read_table(tmp_path / "t.csv")[""]
    assert scores["a"].tolist() == [0.0, 0.5]
    assert scores["b"][1] == 1.0
    assert scores["b"][0] != scores["b"][0]


def test_a_table_without_a_score_is_refused(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("task,run,score\na,0,\n")
    with pytest.raises(SystemExit) as stopped:
        main(["aggregate", str(tmp_path / "t.csv")])
    assert stopped.value.code == 2
    assert "has no score" in capsys.readouterr().err


def test_a_runs_scores_are_such_a_table(tmp_path, capsys):
    """Agents apart, an index for a run, and the mean of a seed's trials: the numbers of the leaderboard."""
    import pandas as pd
    from ludometer_test_runs import run

    import scorers
    from harness.spec import RunSpec
    from scorers.runs import read_runs

    spec = RunSpec(
        tasks=("babyai/goto", "babyai/open"), agents=("random", "oracle"), models=(), episodes=4,
        limits={"steps": 15},
    )  # fmt: skip
    run(tmp_path / "run", spec)
    table = read_runs([tmp_path / "run"])
    table.to_csv(tmp_path / "scores.csv", index=False)
    with pytest.raises(SystemExit):
        main(["aggregate", str(tmp_path / "scores.csv"), "--json"])
    ours = pd.DataFrame(json.loads(capsys.readouterr().out)).set_index(["agent", "metric"])
    for row in scorers.leaderboard(table).to_dict("records"):
        for metric in ("mean", "iqm"):
            same = ours.loc[(row["agent"], metric)]
            assert same["estimate"] == pytest.approx(row[metric], abs=1e-12)
            assert max(same["low"], 0) == pytest.approx(row[f"{metric}_low"], abs=1e-12)
