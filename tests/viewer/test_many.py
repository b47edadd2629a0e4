"""Ten thousand episodes in a list. How long that takes is printed, and measured by benchmarks/view.py."""

import json
import re
import time
from itertools import islice

import pandas as pd
import pytest

from harness.records import iter_run, read_outline
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
        "harness.viewer.index.read_outline", lambda path: read.append(path) or read_outline(path)
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
    assert read == [changed]
