"""What a model writes is text in a terminal, whatever it writes."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

import scorers
from harness.cli import _forms, _tables, main
from harness.cli._show import show_episode
from harness.records import read_run
from harness.terminal import safe_text
from scorers import cells
from scorers.progress import ProgressScorer

HOSTILE = "\x1b[31mred\x07 [bold]x[/bold] \u202e \x00 </script> =1+1"


@given(st.text())
def test_nothing_that_steers_a_terminal_gets_through(text):
    shown = safe_text(text)
    assert not [char for char in shown if (ord(char) < 32 and char not in "\n\t") or 0x7F <= ord(char) < 0xA0]
    assert not set(shown) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200f\u200e\ufeff\u2028\u2029")


def test_plain_text_stays_as_it_is():
    assert safe_text("Grüße: × – ’ 日本\n\tok") == "Grüße: × – ’ 日本\n\tok"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("show") / "run"
    config = folder.parent / "c.yaml"
    model = "scripted:" + HOSTILE.replace(",", "")
    config.write_text(json.dumps({"models": [model], "tasks": ["babyai/goto"], "episodes": 2}))
    with pytest.raises(SystemExit) as stopped:
        main(["run", "-c", str(config), "--steps", "4", "--out", str(folder)])
    assert stopped.value.code == 0
    return folder


@pytest.mark.parametrize("full", [False, True])
def test_an_episode_is_shown_turn_by_turn_with_everything_escaped(run, full):
    episode = read_run(run)[0]
    out = io.StringIO()
    show_episode(episode, Console(file=out, force_terminal=False, width=80), full=full)
    text = out.getvalue()
    assert "\\x1b[31mred\\x07 [bold]x[/bold] \\u202e \\x00" in text
    assert "\x1b" not in text
    assert "turn 3" in text
    assert text.count("[mission]") >= (8 if full else 4)


def test_one_turn_can_be_picked(run, capsys):
    path = str(read_run(run)[0].path)
    with pytest.raises(SystemExit):
        main(["show", path, "--turns", "1:2"])
    shown = capsys.readouterr().out
    assert "turn 1" in shown
    assert "turn 2" not in shown


def test_tables_hold_the_same_numbers_and_no_formula(run):
    table = ProgressScorer().score(read_run(run))
    table["agent"] = "=cmd()"
    board = scorers.leaderboard(table)
    assert _forms.csv(board).splitlines()[1].startswith("'=cmd()")
    assert json.loads(_forms.to_json(board))[0]["mean"] == board["mean"][0]
    shown = cells.estimate(board.iloc[0], "mean")
    assert shown in _forms.markdown(cells.board_cells(board))
    assert shown in _forms.latex(cells.board_cells(board))
    out = io.StringIO()
    _tables.print_leaderboard(board, Console(file=out, width=80))
    assert shown in out.getvalue()
    assert max(len(line) for line in out.getvalue().splitlines() if "note" not in line) <= 80


@pytest.mark.parametrize("kind", ["games", "tasks", "suites", "agents", "models"])
def test_lists_are_for_people_and_machines(kind, capsys):
    with pytest.raises(SystemExit):
        main(["list", kind, "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert rows
    if kind == "tasks":
        assert {"task", "game", "text", "image", "deterministic"} <= set(rows[0])
    with pytest.raises(SystemExit):
        main(["list", kind])
    assert str(next(iter(rows[0].values()))) in capsys.readouterr().out


def test_doctor_never_shows_a_key(monkeypatch, capsys):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123")
    with pytest.raises(SystemExit):
        main(["doctor"])
    said = capsys.readouterr().out
    assert "key OPENAI_API_KEY" in said
    assert "canary" not in said


@pytest.mark.parametrize("form", ["--json", "--csv", "--md", "--latex", None])
def test_compare_prints_runs(run, form, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["compare", str(run), *([form] if form else [])])
    assert not stopped.value.code
    assert "direct" in capsys.readouterr().out
