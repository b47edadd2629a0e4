"""The leaderboard site: verified runs only, links that lead somewhere, hostile names as text."""

import json
import re
import shutil
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from ludometer_test_runs import run

from harness.cli import main
from harness.spec import RunSpec

pytest.importorskip("altair")


def play(folder, *agents):
    spec = RunSpec(
        tasks=("babyai/goto", "babyai/open"), agents=agents, models=(), episodes=3, limits={"steps": 15}
    )
    run(folder, spec)
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    return [play(folder / "first", "oracle"), play(folder / "<b>second", "random")]


def ludometer(capsys, *words):
    with pytest.raises(SystemExit) as stopped:
        main([str(word) for word in words])
    return stopped.value.code or 0, capsys.readouterr()


class _Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.ids = [], set()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids.add(attrs.get("id"))
        if "href" in attrs:
            self.found.append(attrs["href"])


def links(page):
    parser = _Links()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


@pytest.fixture(scope="module")
def made(runs, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "site"
    with pytest.raises(SystemExit) as stopped:
        main(["site", *map(str, runs), "--out", str(out)])
    assert not stopped.value.code
    return out


def test_every_link_leads_to_something_on_the_site(made):
    pages = list(made.rglob("*.html"))
    assert len(pages) == 3
    for page in pages:
        parser = links(page)
        assert parser.found
        for href in parser.found:
            if href.startswith("#"):
                assert href[1:] in parser.ids
                continue
            assert not re.match(r"[a-z]+:|//|/", href)
            target = (page.parent / unquote(href.partition("#")[0])).resolve()
            assert target.is_file()
            assert target.is_relative_to(made.resolve())


def test_the_board_has_both_runs_with_verdict_date_and_versions(made):
    text = (made / "index.html").read_text(encoding="utf-8")
    assert text.index("oracle") < text.index("random")
    assert text.count("verified: 6 episodes (6 done)") == 2
    assert "not verified" not in text
    assert "minigrid " in text
    assert re.search(r"<td>20\d\d-\d\d-\d\d</td>", text)
    assert "<b>second" not in text
    assert "&lt;b&gt;second" in text


def test_a_submission_verifies_from_the_site(made, capsys):
    for folder in (made / "runs").iterdir():
        assert json.loads((folder / "verify.json").read_text())["verified"]
        assert ludometer(capsys, "verify", folder)[0] == 0


def test_nothing_of_this_machine_is_on_it(made, runs):
    for page in made.rglob("*"):
        if page.is_file():
            assert str(runs[0].parent).encode() not in page.read_bytes()


@pytest.mark.tampers
def test_a_run_that_was_changed_stops_it_before_anything_is_written(runs, tmp_path, capsys):
    changed = tmp_path / "changed"
    shutil.copytree(runs[1], changed)
    episode = next((changed / "episodes").rglob("*.jsonl"))
    lines = episode.read_text().replace('"reward":0.0', '"reward":0.5', 1)
    episode.write_text(lines)
    code, said = ludometer(capsys, "site", runs[0], changed, "--out", tmp_path / "site")
    assert code == 1
    assert "not verified" in said.err
    assert not (tmp_path / "site").exists()
    code, _ = ludometer(capsys, "site", runs[0], changed, "--out", tmp_path / "site", "--unverified")
    assert code == 0
    assert "not verified" in (tmp_path / "site" / "index.html").read_text()


def test_a_folder_that_holds_something_else_is_left_alone(runs, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    code, said = ludometer(capsys, "site", runs[0], "--out", tmp_path / "mine")
    assert code == 2
    assert said.err.count("\n") == 1
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_site_is_replaced_as_a_whole(runs, tmp_path, capsys):
    for count in (2, 1):
        assert ludometer(capsys, "site", *runs[:count], "--out", tmp_path / "site")[0] == 0
        assert len(list((tmp_path / "site" / "runs").iterdir())) == count
    assert [file.name for file in tmp_path.iterdir()] == ["site"]
