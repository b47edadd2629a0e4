"""Ten thousand episodes in a list. How long that takes is printed, and measured by benchmarks/view.py."""

import json
import re
import time
from itertools import islice

import pandas as pd
import pytest

from harness.records import iter_run, read_outline
from harness.viewer.outline import quick_outline
from scorers.progress import ProgressScorer

pytestmark = pytest.mark.tampers
MANY = 10_000


@pytest.fixture(scope="module")
def large(played, tmp_path_factory):
    folder = tmp_path_factory.mktemp("large") / "run"
    source = next(iter(sorted((played / "episodes").glob("direct*/**/0000.jsonl"))))
    header, _, rest = source.read_text().partition("\n")
    known, place = json.loads(header), folder / "episodes" / "direct" / "babyai" / "goto"
    place.mkdir(parents=True)
    (folder / "run.json").write_text((played / "run.json").read_text())
    for index in range(MANY):
        line = json.dumps({**known, "index": index, "seed": index}, separators=(",", ":"))
        (place / f"{index:05}.jsonl").write_text(f"{line}\n{rest}")
    return folder


def test_ten_thousand_episodes_are_listed(browse, large):
    browser, start = browse(large), time.perf_counter()
    page = browser.get("/run/0?sort=-index").text
    print(f"{MANY:,} episodes listed in {time.perf_counter() - start:.2f} s without scores.csv")  # noqa: T201
    assert page.count('scope="row"') == 100
    assert [int(i) for i in re.findall(r"</td><td>(\d+)</td><td>done", page)] == list(range(9_999, 9_899, -1))


def test_the_scores_stand_in_for_the_episodes_until_those_change(browse, large, monkeypatch):
    monkeypatch.setattr("harness.viewer.index._FRESH", -1.0)
    read = []
    monkeypatch.setattr(
        "harness.viewer.index.quick_outline", lambda *args: read.append(args[0]) or quick_outline(*args)
    )
    row = ProgressScorer().score(islice(iter_run(large), 1)).iloc[0].to_dict()
    place = "elsewhere/run/episodes/direct/babyai/goto"
    rows = [{**row, "index": index, "path": f"{place}/{index:05}.jsonl"} for index in range(MANY)]
    pd.DataFrame(rows).to_csv(large / "scores.csv", index=False)
    browser, start = browse(large), time.perf_counter()
    assert browser.get("/run/0/state").json()["done"] == MANY
    print(f"{MANY:,} episodes listed in {time.perf_counter() - start:.2f} s with scores.csv")  # noqa: T201
    assert read == []
    changed = next((large / "episodes").rglob("00007.jsonl"))
    changed.write_bytes(changed.read_bytes())
    browser.get("/run/0/state")
    assert read == [str(changed)]


def test_a_quick_look_says_what_a_close_one_does(large, tmp_path):
    whole = (large / "episodes/direct/babyai/goto/00003.jsonl").read_bytes()
    lines = whole.splitlines(keepends=True)
    long = lines[0] + b"".join(lines[1:-1] * 40) + lines[-1]  # more than is read at once
    assert len(long) > 1 << 17
    for content, taken in {
        whole: True,
        long: True,
        whole[:-1]: False,
        b"".join(lines[:-1]): False,
        whole + lines[-2]: False,
        whole + lines[-1][:20]: False,
        whole[:-5] + b"\0" + whole[-4:]: False,
        lines[0]: False,
        b"".join(lines[1:]): False,
        whole.replace(b'"schema_version":', b'"schema_version":9'): False,
        b"": False,
    }.items():
        file = tmp_path / "episode.jsonl"
        file.write_bytes(content)
        quick = quick_outline(str(file), len(content))
        assert (quick is not None) is taken, content[-100:]
        if quick is not None:
            header, end = read_outline(file)
            assert (quick.head.entrant, quick.head.seed) == (header.entrant, header.seed)
            assert (quick.tail.turns, quick.tail.progress.value) == (end.turns, end.progress.value)
