"""The report opens offline, holds the terminal's numbers in every form, and shows hostile text as text."""

import csv
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
import vl_convert

import scorers
import scorers.runs
from harness.cli import main
from harness.records import read_run
from scorers import cells
from scorers.progress import ProgressScorer
from scorers.report import contents, report_html, tables
from scorers.report._behaviour import POINTS, _thinned
from scorers.report._price import prices

HOSTILE = (
    "=cmd()|<script>alert(1)</script>\"'&{{7*7}}\u202e\x1b[31m\0</script><!-- javascript:alert(2) \\input{x}"
)


class Reader(HTMLParser):
    """What a browser makes of a page: scripts, links, ids, words, tags."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.scripts, self.links, self.sources, self.ids, self.words = [], [], [], [], []
        self._tag = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._tag = tag
        if tag == "script":
            self.scripts.append("")
        self.links += [value for name, value in attrs if name == "href"]
        self.sources += [value for name, value in attrs if name in ("src", "srcset", "action")]
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        self._tag = ""

    def handle_data(self, data):
        if self._tag == "script":
            self.scripts[-1] += data
        elif self._tag != "style":
            self.words.append(data)

    @property
    def specs(self):
        return json.loads(self.scripts[1])


def ludometer(*arguments):
    with pytest.raises(SystemExit) as stopped:
        main(list(map(str, arguments)))
    return stopped.value.code


def played(folder, *arguments):
    assert ludometer("run", *arguments, "--out", folder) == 0
    return folder


def page(*runs, **settings):
    found = contents(runs, resamples=200, **settings)
    return Reader(report_html(found, runs[0]))


def drawn(reader):
    """Every plot by name, as a browser would draw it."""
    return {name: vl_convert.vegalite_to_svg({**spec, "width": 400}) for name, spec in reader.specs.items()}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    answers = "scripted:go forward,turn left,nonsense"
    agents = ("-a", "random", "-a", "oracle", "-a", "direct", "-m", answers)
    tasks = ("-t", "babyai/goto", "-t", "minigrid/MiniGrid-DoorKey-5x5-v0")
    return played(tmp_path_factory.mktemp("report") / "run", *tasks, *agents, "-n", "4", "--steps", "8")


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Of Crafter and NetHack, by agents that ask no model."""
    tasks = ("-t", "crafter/standard", "-t", "nethack/NetHackScore-v0")
    return played(tmp_path_factory.mktemp("report") / "many", *tasks, "-a", "random", "-n", "2",
                  "--steps", "20")  # fmt: skip


def test_one_offline_file(run):
    text = (run / "report.html").read_text()
    assert len(text.encode()) < 3_000_000
    reader = Reader(text)
    assert len(reader.scripts) == 3
    assert reader.sources == []
    assert len(reader.ids) == len(set(reader.ids))
    records = [link for link in reader.links if not link.startswith("#")]
    assert len(records) == len(read_run(run))
    assert all((run / unquote(link)).is_file() for link in records)
    assert {link[1:] for link in reader.links if link.startswith("#")} <= set(reader.ids)
    assert "default-src 'none'" in text
    assert "unsafe-eval" not in text
    # Nothing is asked of the network, not even by the plots' data.
    own = text.replace(reader.scripts[0], "")
    addresses = set(re.findall(r"https?://[^\"\s]+", own))
    assert all(address.startswith("https://vega.github.io/schema/vega-lite/") for address in addresses)


def test_every_question_has_its_section(run):
    reader = Reader((run / "report.html").read_text())
    assert {"board", "tasks", "price", "honesty", "behaviour", "settings", "episodes"} <= set(reader.ids)
    shown = {"leaderboard", "pairs", "detectable", "tasks", "profiles", "price", "notes", "outcomes",
             "endings", "sizes", "progress", "actions", "instructions"}  # fmt: skip
    assert {f"t-{name}" for name in shown} <= set(reader.ids)
    assert set(drawn(reader)) == {
        "aggregates", "pairs", "tasks", "profiles", "price-tokens", "price-seconds", "outcomes", "endings",
        "progress", "actions",
    }  # fmt: skip


def test_the_games_own_measures(many):
    reader = page(many)
    assert {"t-crafter", "t-achievements", "t-nethack-depth", "t-nethack-levels"} <= set(reader.ids)
    assert {"achievements", "depths"} <= set(drawn(reader))


def test_the_numbers_are_the_same_in_every_form(run, tmp_path, capsys):
    board = scorers.leaderboard(ProgressScorer().score(read_run(run)))
    pairs = scorers.pairwise(ProgressScorer().score(read_run(run)))
    shown = [cells.estimate(row, name) for _, row in board.iterrows() for name in ("mean", "iqm")]
    shown += [row["difference"] for row in cells.pair_cells(pairs)]
    files = [tmp_path / "r.html", tmp_path / "r.md", tmp_path / "r.tex"]
    code = ludometer("report", run, "--html", files[0], "--md", files[1], "--latex", files[2],
                     "--csv", tmp_path / "csv")  # fmt: skip
    assert code == 0
    texts = [" ".join(Reader(files[0].read_text()).words), files[1].read_text(), files[2].read_text()]
    capsys.readouterr()
    assert ludometer("compare", run) == 0
    for text in (*texts, capsys.readouterr().out):
        assert [number for number in shown if number not in text.replace("--", "–")] == []
    with (tmp_path / "csv" / "leaderboard.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert [float(row["mean_low"]) for row in rows] == board["mean_low"].tolist()
    assert json.loads((run / "summary.json").read_text())["leaderboard"][0]["iqm"] == board["iqm"][0]


def test_a_number_links_to_the_episodes_behind_it(run):
    report = contents([run], resamples=200)
    html = report_html(report, run)
    for name in ("leaderboard", "tasks", "pairs", "price", "outcomes"):
        table = re.search(rf'<table id="t-{name}">.*?</table>', html, re.S)[0]
        rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", table, re.S)
        assert rows
        assert all('<td><a href="#e' in row for row in rows)


def test_records_are_read_once(run, monkeypatch):
    read = []
    once = scorers.runs.iter_run
    monkeypatch.setattr("scorers.runs.iter_run", lambda folder: read.append(folder) or once(folder))
    monkeypatch.setattr("harness.records.read_run", None)
    report_html(contents([run], resamples=200), run)
    assert read == [run]


def test_of_a_long_episode_few_points_are_kept(run):
    episode = next(episode for episode in read_run(run) if len(episode.turns) > 5)
    steps, values = _thinned(episode)
    assert steps.tolist() == list(range(len(values)))
    long = episode.model_copy(update={"turns": episode.turns * 200})
    steps, values = _thinned(long)
    assert len(steps) <= POINTS
    assert steps[-1] == sum(len(turn.steps) for turn in long.turns)
    assert values[-1] == episode.end.progress.value


def test_a_run_in_a_store(run):
    upath = pytest.importorskip("upath")
    store = upath.UPath("memory://reports/run")
    for file in (run / "run.json", *(run / "episodes").rglob("*.jsonl")):
        copy = store / file.relative_to(run).as_posix()
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    reader = page(store)
    assert [link for link in reader.links if not link.startswith("#")] == []
    assert any("memory://reports/run/episodes/" in words for words in reader.words)
    assert ludometer("report", store, "--html", store / "r.html", "--csv", store / "t") == 0
    assert (store / "r.html").stat().st_size > 100_000
    assert (store / "t" / "pairs.csv").exists()


def test_a_folder_that_cannot_be_made_is_told(run, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert ludometer("report", run, "--html", tmp_path / "file" / "r.html") == 2
    assert "cannot make the folder" in capsys.readouterr().err


def test_curves_end_at_the_score(run):
    report = contents([run], resamples=200)
    last = report.progress.groupby("agent")["estimate"].last()
    assert dict(last) == pytest.approx(report.board.set_index("agent")["mean"].to_dict())
    assert report.progress.groupby("agent").size().max() <= 100
    assert report.progress["step"].max() == report.episodes["steps"].max()


def test_who_is_beaten_for_less_is_told(run):
    table = contents([run], resamples=200).prices.set_index("agent")
    direct = next(name for name in table.index if name.startswith("direct"))
    # An oracle and chance ask nobody: they are no rivals of a model.
    assert table.loc[direct, "tokens_front"]
    assert not table.loc["oracle", "tokens_front"]


def test_the_pareto_front():
    episodes = pd.DataFrame(
        {"agent": list("abcd"), "score": 1.0, "input_tokens": [9, 5, 5, 1], "output_tokens": 1,
         "cost": [2.0, 1.0, 1.0, np.nan], "seconds": 1.0}
    )  # fmt: skip
    board = pd.DataFrame(
        {"agent": list("abcd"), "mean": [0.9, 0.5, 0.4, 0.1], "mean_low": 0.0, "mean_high": 1.0}
    )
    table = prices(episodes, board).set_index("agent")
    assert table["tokens_front"].tolist() == [True, True, False, True]
    assert table["dollars_front"].tolist() == [True, True, False, False]
    assert table.loc["c", "dollars_beaten_by"] == ["b"]
    assert table.loc["d", "dollars_beaten_by"] == []
    assert table["seconds_front"].tolist() == [True, False, False, False]


def test_the_first_lost_turn_is_told(run):
    behaviour = contents([run], resamples=200).behaviour
    lost = {path: turn for path, turn in behaviour.first_lost.items() if "direct" in path}
    assert set(lost.values()) == {2}
    assert len(lost) == sum(turns > 2 for turns in _turns(run))


def _turns(run):
    return [len(episode.turns) for episode in read_run(run) if episode.header.agent == "direct"]


def rewritten(run, folder, change):
    """A run whose episodes' lines are changed."""
    (folder / "episodes").mkdir(parents=True)
    (folder / "run.json").write_bytes((run / "run.json").read_bytes())
    for number, file in enumerate(sorted((run / "episodes").rglob("*.jsonl"))):
        lines = change([json.loads(line) for line in file.read_text().splitlines()])
        text = "\n".join(map(json.dumps, lines)) + "\n"
        (folder / "episodes" / f"{number}.jsonl").write_text(text)
    return folder


@pytest.mark.tampers
def test_hostile_text_is_text_in_every_form(run, tmp_path):
    def change(lines):
        lines[0]["task"] = "babyai/" + HOSTILE
        lines[0]["agent"] = HOSTILE + lines[0]["agent"]
        for line in lines:
            for step in line["steps"] if line["kind"] == "turn" else ():
                step["action"] = HOSTILE
        return lines

    copy = rewritten(run, tmp_path / "run", change)
    form = {name: tmp_path / f"r.{name}" for name in ("html", "md", "latex", "csv")}
    options = [word for name, path in form.items() for word in (f"--{name}", path)]
    assert ludometer("report", copy, "--title", HOSTILE + "\udcff", *options) == 0
    text = form["html"].read_text()
    reader = Reader(text)
    assert len(reader.scripts) == 3
    assert "<script>alert" not in text
    assert not [script for script in reader.scripts[:1] + reader.scripts[2:] if "alert(1)" in script]
    assert not [link for link in reader.links if "javascript" in link]
    assert any("<script>alert(1)</script>" in words for words in reader.words)
    own = text.replace(reader.scripts[0], "")
    assert not {"\u202e", "\x1b", "\0"} & set(own)
    assert not {"\u202e", "\x1b", "\0"} & set(json.dumps(reader.specs, ensure_ascii=False))
    assert "7*7" in own
    drawn(reader)
    assert "<script" not in form["md"].read_text()
    assert "\\input" not in form["latex"].read_text()
    with form["csv"].open(newline="") as lines:
        assert all(row["agent"].startswith("'=cmd()") for row in csv.DictReader(lines))


@pytest.mark.tampers
def test_failed_episodes_are_missing_and_told(run, tmp_path):
    failure = {
        "kind": "failure",
        "turn": 0,
        "outcome": "api_error",
        "error": "Overloaded",
        "message": "<b>no</b>",
    }

    def change(lines):
        return [*lines[:2], failure] if lines[0]["agent"] == "random" else lines

    copy = rewritten(run, tmp_path / "run", change)
    reader = page(copy)
    drawn(reader)
    words = " ".join(reader.words)
    assert "8 failed and are missing, not zero" in words
    assert "api_error: Overloaded: <b>no</b>" in words


def test_one_agent_one_episode_no_model(tmp_path):
    folder = played(tmp_path / "run", "-t", "babyai/goto", "-a", "random", "-n", "1", "--steps", "4")
    reader = page(folder)
    drawn(reader)
    assert "one run: no interval" in " ".join(reader.words)
    assert "price-tokens" not in reader.specs


def test_nothing_scored_yet(run, tmp_path):
    copy = rewritten(run, tmp_path / "run", lambda lines: lines[:2])
    reader = page(copy)
    drawn(reader)
    assert "No episode has a score yet." in " ".join(reader.words)


def test_two_runs_of_the_same_agents(run, tmp_path):
    copy = rewritten(run, tmp_path / "again", lambda lines: lines)
    report = contents([run, copy], resamples=200)
    assert (
        sorted(report.board["agent"])[:1]
        == [a for a in sorted(report.board["agent"]) if a.endswith("(again)")][:1]
    )
    assert report.actions.groupby(["agent", "game"])["share"].sum().max() <= 1.0001
    assert report.board["agent"].nunique() == 6
    drawn(Reader(report_html(report, run)))


def test_published_rows_stand_beside_marked(run, tmp_path):
    assert ludometer("report", run, "--published", "--md", tmp_path / "r.md") == 0
    text = (tmp_path / "r.md").read_text()
    assert "## published" in text
    rows = re.search(r"## published\n.*?\n\n(.*?)\n\n", text, re.S)[1].splitlines()
    assert {row.split(" | ")[1] for row in rows[2:]} == {"measured", "published"}
    assert "Source: " in text
    assert not {"t-published", "t-published-notes"} & set(page(run).ids)


@pytest.mark.tampers
def test_a_pdf_holds_the_same(run, tmp_path):
    pytest.importorskip("fpdf")
    hostile = rewritten(
        run, tmp_path / "run", lambda lines: [lines[0] | {"agent": HOSTILE + "日本"}, *lines[1:]]
    )
    out = tmp_path / "r.pdf"
    assert ludometer("report", hostile, "--pdf", out, "--title", HOSTILE) == 0
    assert out.read_bytes().startswith(b"%PDF-")
    assert not (hostile / "report.html").exists()


def test_a_pdf_without_its_package_is_told(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("scorers.report._pdf.find_spec", lambda name: None if name == "fpdf" else name)
    assert ludometer("report", run, "--pdf", tmp_path / "r.pdf") == 2
    assert 'pip install "ludometer[report]"' in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_is_whole_or_not_there(run, tmp_path, monkeypatch):
    out = tmp_path / "r.html"
    out.write_text("before")
    monkeypatch.setattr("scorers.report.report_html", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["report", str(run), "--html", str(out)])
    assert out.read_text() == "before"


def test_no_table_is_lost(run):
    found = tables(contents([run], resamples=200))
    for section in found.values():
        for table in section:
            assert len(table.cells) == len(table.frame) == len(table.behind())
            assert len({tuple(row) for row in table.cells}) == 1


@pytest.mark.browser
@pytest.mark.slow
def test_a_browser_draws_every_plot_and_unfolds_what_is_linked(run, tmp_path):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000",
               "--enable-logging=stderr", f"--user-data-dir={tmp_path}", "--dump-dom"]  # fmt: skip
    address = f"{(run / 'report.html').as_uri()}#e1-0"
    shown = subprocess.run([*command, address], capture_output=True, text=True, timeout=120, check=True)
    assert "Content Security Policy" not in shown.stderr
    assert "Uncaught" not in shown.stderr
    plots = re.findall(
        r'<div class="plot[^"]*" id="chart-([\w-]+)"[^>]*>(?=<svg|<div|<details)', shown.stdout
    )
    assert set(plots) == set(Reader((run / "report.html").read_text()).specs)
    assert shown.stdout.count('<svg xmlns="http://www.w3.org/2000/svg"') >= len(plots)
    assert re.search(r'<details id="e1" open', shown.stdout)
    assert not re.search(r'<details id="e0" open', shown.stdout)
