"""Whatever a model, a game or a file's name says is text on the page, and nothing else."""

import html
import json
import random
import re
import shutil
from html.parser import HTMLParser

import pytest

from harness.records import MessageRecord
from harness.viewer.pages import messages
from harness.viewer.words import Block, compared

pytestmark = pytest.mark.tampers

EVIL = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</pre></bdi><iframe src=javascript:alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "\x1b[31mred\x1b]0;title\x07",
    "\u202egnp.exe\u2066\u200f",
    "before\0after",
    "’ or 1=1 --\r\nSet-Cookie: x=1",
]


def changed(folder, change):
    """Change the lines of one episode of `direct`."""
    file = next(iter(sorted((folder / "episodes").glob("direct*/**/0000.jsonl"))))
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        change(line)
    file.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    return folder


@pytest.fixture
def copy(played, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(played, folder)
    (folder / "scores.csv").unlink(missing_ok=True)
    return folder


def only(browser):
    """The address of the one episode that was changed: the one whose agent is not like the others'."""
    links = re.findall(r'href="(/run/0/episode/\w+)"', browser.get("/run/0").text)
    return links[0]


class Tags(HTMLParser):
    """Every tag of a page is one of ours, leads to us and does nothing by itself."""

    def handle_starttag(self, tag, attrs):
        assert tag in OURS, tag
        attributes = dict(attrs)
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in {"href", "src", "action"} & attributes.keys():
            assert re.match(r"/(?!/)|#main$", attributes[name]), attributes[name]


OURS = {
    "a", "article", "bdi", "body", "button", "dd", "del", "details", "div", "dl", "dt", "figcaption",
    "figure", "form", "h1", "h2", "h3", "head", "header", "html", "img", "input", "ins", "label", "li",
    "link", "main", "mark", "meta", "meter", "nav", "ol", "option", "output", "p", "pre", "q", "script",
    "section", "select", "span", "strong", "summary", "table", "tbody", "td", "th", "thead", "title",
    "tr", "ul",
}  # fmt: skip


def clean(page):
    """Our own markup is all that there is, and nothing invisible."""
    Tags().feed(page)
    assert page.count("<script") == 1
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\u200e\u200f\ud800-\udfff]", page)
    return page


@pytest.mark.parametrize("evil", EVIL)
def test_what_a_model_says_is_text(browse, copy, evil):
    def change(line):
        if line["kind"] == "turn":
            for call in line["calls"]:
                call["text"] = call["reasoning"] = call["finish"] = call["model"] = evil
                call["request"]["add"] = [{"role": evil, "parts": [{"text": evil}, {"image": evil}]}]
                call["request"]["sampling"] = {evil: evil}
                call["request"]["choices"] = [evil]
            line["decision"]["repair"] = line["decision"]["cut"] = line["notice"] = evil
            line["decision"]["planned"] = [evil]
            line["decision"]["memo"] = {evil: evil}

    browser = browse(changed(copy, change))
    address = only(browser)
    for path in (f"{address}?turn=1&wait=1", f"{address}/request?turn=1&call=0", f"/run/0?q={'alert'}"):
        clean(browser.get(path).text)
    whole = browser.get(f"{address}/text?turn=1&part=answer.0")
    assert whole.content.decode() == evil and whole.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("evil", EVIL)
def test_names_are_text(browse, copy, evil):
    def change(line):
        if line["kind"] == "header":
            line.update(task=f"babyai/{evil}", agent=evil, suite=evil, started=evil, model=evil)
        if line["kind"] == "start":
            line["instructions"] = evil
            line["observation"]["sections"] = [{"name": evil, "text": evil, "stability": "slow"}]
        if line["kind"] == "end":
            line["limit"] = evil

    browser = browse(changed(copy, change))
    clean(browser.get("/run/0").text)
    page = clean(browser.get(f"{only(browser)}?wait=1").text)
    assert "cannot be shown again" in page  # there is no such task, so the first observation is the record's
    clean(browser.get(f"{only(browser)}?turn=last&wait=1").text)


def test_a_run_of_an_evil_name_opens(browse, copy):
    import os

    other = copy.with_name("<img src=x onerror=alert(1)>\u202e\x1b[1m")
    copy.rename(other)
    browser = browse(other)
    for path in ("/", "/run/0", only(browser)):
        clean(browser.get(path).text)
    broken = os.fsdecode(os.fsencode(other.parent) + b"/\xff\xfe")
    other.rename(broken)
    from pathlib import Path

    browser = browse(Path(broken))
    for path in ("/", "/run/0", only(browser)):
        assert "\\udcff" in clean(browser.get(path).text)


@pytest.mark.parametrize(
    "query", ["q=%00%1b[1m", "q=<script>alert(1)</script>", "agent=%22%3E<script>", "q=%ff%fe"]
)
def test_what_an_address_says_is_text(browse, copy, query):
    browser = browse(copy)
    clean(browser.get(f"/run/0?{query}").text)
    clean(browser.get(f"/run/0/episode/{query}", 404).text)


def test_ten_megabytes_are_cut_with_a_link_to_all_of_them(browse, copy):
    long = "<b>" + "x" * 10_000_000

    def change(line):
        if line["kind"] == "turn" and line["index"] == 1:
            line["calls"][0]["text"] = long
            line["calls"][0]["request"]["add"][-1]["parts"] = [{"text": long}]

    browser = browse(changed(copy, change))
    page = browser.get(f"{only(browser)}?turn=1&wait=1").text
    assert len(page) < 200_000 and "All 10,000,003 characters" in page
    for link in set(re.findall(r'href="([^"]+/text\?[^"]+)"', page)):
        assert browser.get(link.replace("&amp;", "&")).text == long
    found = browser.get("/run/0?q=xxxxxxx").text
    assert len(found) < 20_000 and "1 episodes hold" in found


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("\n".join(map(str, range(10**6))), "\n".join(map(str, range(10**6, 0, -1)))),
        ("a\n" * 4_999, "a\nb\n" * 2_499),
        ("a " * 4_999, "b a " * 2_499),
        (("a " * 95 + "\n") * 50, ("a b " * 47 + "\n") * 50),
    ],
)
def test_long_observations_are_compared_in_time_or_not_at_all(before, after):
    block = Block("seen.0", "map", after, before)
    kept = re.sub("<del>.*?</del>|</?ins>|\n", "", str(block.shown), flags=re.S)
    assert kept == after[:20_000].replace("\n", "")


def test_a_comparison_holds_both_texts():
    dice = random.Random(3)
    for _ in range(300):
        before, after = ("".join(dice.choices("ab <&\n", k=dice.randrange(30))) for _ in range(2))
        marked = str(compared(before, after))
        for one, other, text in (("del", "ins", after), ("ins", "del", before)):
            kept = re.sub(f"<{one}>.*?</{one}>|</?{other}>|\n", "", marked, flags=re.S)
            assert html.unescape(kept) == text.replace("\n", "")


def test_a_request_of_many_long_messages_makes_no_endless_page():
    records = [MessageRecord(role="user", parts=({"text": "x" * 30_000},))] * 1_000
    assert sum(len(block.shown) for block in messages(0, records)) <= 1_000_000


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[: len(raw) // 2],  # torn
        lambda raw: raw.replace(b'"kind":"turn"', b'"kind":"tern"', 1),
        lambda raw: raw.replace(b'"index":1', b'"index":7', 1),
        lambda raw: b"\x1f\x8b" + raw,
        lambda raw: b"\0" * 4096,
        lambda raw: b"",
        lambda raw: raw.replace(b'"calls":[{', b'"calls":[{"text":"\\ud800",', 1),
        lambda raw: b"[" * 100_000,
        lambda raw: raw.replace(b'"keep":', b'"keep":9', 3),
    ],
)
def test_a_damaged_file_stops_nothing_else(browse, copy, damage):
    file = next(iter(sorted((copy / "episodes").glob("direct*/**/0000.jsonl"))))
    file.write_bytes(damage(file.read_bytes()))
    browser = browse(copy)
    page = browser.get("/run/0").text
    assert len(re.findall(r'href="/run/0/episode/\w+"', page)) >= 7
    for link in re.findall(r'href="(/run/0/episode/\w+)"', page):
        answer = browser.client.get(f"{link}?turn=1&wait=1")
        assert answer.status_code in (200, 409), answer.text
    browser.get("/run/0?q=nonsense")
    browser.get("/run/0/state")


@pytest.mark.parametrize("row", ["evil", '"', "a,b,c\n" * 10, "path,status\nepisodes/x,done\n", "\0"])
def test_a_table_of_scores_that_is_none_is_passed_over(browse, copy, row):
    (copy / "scores.csv").write_text(row)
    assert browse(copy).get("/run/0/state").json()["done"] == 8


@pytest.mark.parametrize("evil", EVIL)
def test_an_agent_of_an_evil_name_can_be_filtered_for(browse, copy, evil):
    def change(line):
        if line["kind"] == "header":
            line.update(agent=evil, model=None)

    browser = browse(changed(copy, change))
    options = re.findall(r'<option value="([^"]+)"', browser.get("/run/0").text.partition('name="task"')[0])
    names = [html.unescape(option) for option in options]
    counts = [
        browser.client.get("/run/0", params={"agent": name}).text.count('scope="row"') for name in names
    ]
    assert sorted(counts) == [1, 1, 2, 2, 2]
