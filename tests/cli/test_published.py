"""``ludometer published``: boards and rows, for people and machines, safe whatever stands in them."""

import io
import json

import pandas as pd
import pytest
from ludometer_test_runs import run
from rich.console import Console

from harness.cli import main
from harness.cli._forms import csv, to_json
from harness.cli.published import markdown, print_rows
from harness.spec import RunSpec
from scorers.published import COLUMNS, beside, boards, published


def said(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["published", *arguments])
    printed = capsys.readouterr()
    return stopped.value.code, printed.out, printed.err


def test_without_a_board_the_boards_are_listed(capsys):
    code, out, _ = said([], capsys)
    assert not code
    assert [line.split()[0] for line in out.splitlines()[1:]] == boards()
    code, out, _ = said(["--json"], capsys)
    assert {row["board"]: row["rows"] for row in json.loads(out)} == {
        name: len(published(name)) for name in boards()
    }


def test_a_board_shows_its_rows_with_protocol_and_source(capsys):
    code, out, _ = said(["crafter"], capsys)
    assert not code
    assert "50.5 ± 6.8" in out
    assert "[1] 5 players, 20 episodes each" in out
    assert "±: standard deviation over seeds. Source: github.com/danijar/crafter README.md @e04542a" in out


def test_what_stands_beside_a_run_is_marked():
    out = io.StringIO()
    rows = beside(pd.DataFrame({"task": ["atari/pong@machado"]}))
    print_rows(rows, Console(file=out, width=200, highlight=False))
    head, *lines = out.getvalue().splitlines()
    assert head.split()[:3] == ["mark", "board", "agent"]
    assert all(line.startswith("published ") for line in lines[: len(rows)])
    assert any("[ ]" in line or "±:" in line for line in lines[len(rows) :])


def test_tasks_are_found_over_all_boards(capsys):
    code, out, _ = said(["--task", "BREAKOUT", "--json"], capsys)
    assert not code
    rows = json.loads(out)
    assert {row["board"] for row in rows} == {"atari-100k", "atari-gpt", "atari-human-random"}
    assert {row["task"] for row in rows} == {"atari/breakout"}


def test_every_form_holds_the_same_rows(capsys):
    rows = published("nethack")
    out = {form: said(["nethack", f"--{form}"], capsys)[1] for form in ("json", "csv", "md")}
    assert [row["score"] for row in json.loads(out["json"])] == rows["score"].tolist()
    read = pd.read_csv(io.StringIO(out["csv"]))
    assert list(read.columns) == COLUMNS
    assert read["score"].tolist() == rows["score"].tolist()
    lines = out["md"].splitlines()
    assert len(lines) == len(rows) + 2
    assert {line.count("|") for line in lines} == {lines[0].count("|")}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["crafer"], "did you mean 'crafter'"),
        (["crafer", "--json"], "did you mean 'crafter'"),
        (["crafter", "--task", "no-such"], "no published score of a task with 'no-such'"),
        (["\x1b[31mx"], "unknown board"),
    ],
)
def test_a_wrong_name_is_one_line_and_exit_code_2(arguments, words, capsys):
    code, out, err = said(arguments, capsys)
    assert code == 2
    assert words in err
    assert err.count("\n") == 1
    assert "\x1b" not in out + err


def test_where_nothing_was_published_nothing_is_printed():
    out = io.StringIO()
    print_rows(beside(pd.DataFrame({"task": ["gymnasium/CartPole-v1"]})), Console(file=out))
    assert out.getvalue() == ""


def hostile():
    row = dict.fromkeys(COLUMNS, "=cmd|'/c calc'!A1 \x1b[31m \u202e [bold red]x[/]")
    numbers = {"score": -1.5, "low": float("nan"), "high": float("nan"), "error": float("nan"), "runs": 3.0}
    return pd.DataFrame([{**row, **numbers}])


def test_what_stands_in_a_row_steers_no_terminal():
    out = io.StringIO()
    print_rows(hostile(), Console(file=out, width=400, highlight=False))
    for text in (out.getvalue(), markdown(hostile())):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "[bold red]x[/]" in text


def test_csv_holds_no_formula_and_json_no_nan():
    read = pd.read_csv(io.StringIO(csv(hostile())))
    assert read["agent"][0].startswith("'=")
    assert read["source"][0].startswith("'=")
    assert read["score"][0] == -1.5
    assert json.loads(to_json(hostile()))[0]["low"] is None


def test_compare_shows_them_apart(tmp_path, capsys):
    pytest.importorskip("crafter")
    spec = RunSpec(
        tasks=("crafter/standard",), agents=("random",), models=(), episodes=2, limits={"steps": 5}
    )
    run(tmp_path / "run", spec)
    with pytest.raises(SystemExit):
        main(["compare", str(tmp_path / "run"), "--published"])
    measured, _, published = capsys.readouterr().out.partition("Published by others")
    assert "random" in measured
    assert "DreamerV2" not in measured
    assert "DreamerV2" in published
