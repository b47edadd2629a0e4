"""The report opens offline, holds the terminal's numbers, and shows hostile text as text."""

import re
from html.parser import HTMLParser

import pytest

import scorers
from harness.cli import main
from harness.cli._tables import estimate
from harness.records import read_run
from scorers.progress import ProgressScorer
from scorers.report import write_html

HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}\u202e\x1b[31m</script><!--"


class Reader(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.scripts, self.links, self.words, self._script = [], [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._script = tag == "script"
        if self._script:
            self.scripts.append("")
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_endtag(self, tag):
        self._script = False

    def handle_data(self, data):
        if self._script:
            self.scripts[-1] += data
        else:
            self.words.append(data)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "run"
    command = ["run", "-t", "babyai/goto", "-a", "random", "-a", "oracle", "-n", "5", "--out", str(folder)]
    with pytest.raises(SystemExit) as stopped:
        main(command)
    assert stopped.value.code == 0
    return folder


def test_one_offline_file(run):
    text = (run / "report.html").read_text()
    assert len(text) < 3_000_000
    page = Reader(text)
    assert len(page.scripts) == 3
    assert page.links
    for link in page.links:
        assert link.startswith("#") or (run / link).is_file(), link
    assert "default-src 'none'" in text
    assert "unsafe-eval" not in text


def test_the_numbers_are_the_terminals(run):
    board = scorers.leaderboard(ProgressScorer().score(read_run(run)))
    words = " ".join(Reader((run / "report.html").read_text()).words)
    for _, row in board.iterrows():
        assert estimate(row, "mean") in words
        assert estimate(row, "iqm") in words


@pytest.mark.tampers
def test_hostile_names_are_text(run, tmp_path):
    copy = tmp_path / "run"
    (copy / "episodes").mkdir(parents=True)
    (copy / "run.json").write_bytes((run / "run.json").read_bytes())
    for number, file in enumerate(sorted((run / "episodes").rglob("*.jsonl"))):
        lines = file.read_text().splitlines()
        import json

        header = json.loads(lines[0])
        header["task"] = header["agent"] = HOSTILE
        (copy / "episodes" / f"{number}.jsonl").write_text("\n".join([json.dumps(header), *lines[1:], ""]))
    out = write_html([copy], tmp_path / "hostile.html", title=HOSTILE)
    page = Reader(out.read_text())
    assert len(page.scripts) == 3
    assert any(HOSTILE in data for data in page.words)
    assert not [script for script in page.scripts[:1] + page.scripts[2:] if "alert(1)" in script]
    assert "<script>alert" not in re.sub(r"&lt;", "", out.read_text())
