"""How long the pages of `ludometer view` take: the list of a large run, and a long episode.

``python benchmarks/view.py [--quick] [--json]``. One process makes the pages, without a socket between. The
large run is one short episode (babyai/goto, `direct` with a scripted model) under many headers; the long one
is real play (atari/breakout, a scripted model that moves to and fro). `cold`: nothing was looked at before
by this viewer (files are in the system's cache); `seconds` is the shortest of several. A page that is given
before the game is played again up to its turn says so, and its text comes later: `played` is that too.
"""

import argparse
import asyncio
import json
import re
import tempfile
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

EPISODES, TURNS, ROUNDS = 10_000, 5_000, 3
QUICK = (1_000, 500, 2)


def play(folder, task, answers, steps):
    import harness.run
    from harness.folder import RunFolder
    from harness.plan import make_plan
    from harness.spec import RunSpec
    from harness.stage import Threads

    harness.run.Workers = lambda most: Threads()  # quicker to start
    spec = RunSpec(
        tasks=(task,),
        agents=("direct",),
        models=(f"scripted:{answers}",),
        episodes=1,
        limits={"steps": steps},
    )
    run = RunFolder(folder)
    plan = make_plan(spec)
    asyncio.run(harness.run.execute(spec, plan, run, run.open(spec, plan), harness.run.Watcher()))
    return next((folder / "episodes").rglob("*.jsonl"))


def multiply(file, count):
    """The same episode under other headers."""
    header, _, rest = file.read_bytes().partition(b"\n")
    known = json.loads(header)
    for index in range(count):
        name = f"{known['episode'].rpartition('/')[0]}/{index:04}"
        line = json.dumps({**known, "episode": name, "index": index, "seed": index}, separators=(",", ":"))
        file.with_name(f"{index:04}.jsonl").write_bytes(line.encode() + b"\n" + rest)


def score(folder):
    from harness.records import iter_run
    from scorers.progress import ProgressScorer

    (folder / "scores.csv").write_text(ProgressScorer().score(iter_run(folder)).to_csv(index=False))


def client(folder):
    from starlette.testclient import TestClient

    from harness.viewer.app import create_app

    app = create_app([folder], token="t", port=1)
    browser = TestClient(app, base_url="http://127.0.0.1:1")
    browser.get("/static/view.css?token=t")  # nothing of the run is looked at
    return browser


def get(browser, address):
    """Seconds, and the page."""
    start = time.perf_counter()
    answer = browser.get(address)
    seconds = time.perf_counter() - start
    assert answer.status_code == 200, (address, answer.status_code, answer.text[:500])
    return seconds, answer.text


def shortest(rounds, folder, *addresses):
    """For each address the shortest of its times, asked one after the other of a new viewer each round."""
    times = []
    for _ in range(rounds):
        browser = client(folder)
        times.append([get(browser, address)[0] for address in addresses])
    return [min(each) for each in zip(*times, strict=True)]


def lists(folder, episodes, rounds):
    yield "list, cold, without scores.csv", episodes, shortest(rounds, folder, "/run/0")[0]
    score(folder)
    cold, warm, by_score, words = shortest(
        rounds, folder, "/run/0", "/run/0?from=100", "/run/0?sort=-score&status=done", "/run/0?q=nonsense"
    )
    yield "list, cold", episodes, cold
    yield "list, another page", episodes, warm
    yield "list, sorted and filtered", episodes, by_score
    yield "search for what nobody wrote", episodes, words
    yield "live: anything new?", episodes, shortest(rounds, folder, "/", "/run/0/state")[1]


def long_episode(folder, turns, rounds):
    found = re.search(r"/run/0/episode/\w+", get(client(folder), "/run/0")[1])
    page = found[0]
    middle = turns // 2
    for name, addresses in {
        "open at the first turn, cold": [page],
        "open in the middle, cold": [f"{page}?turn={middle}"],
        "open at the last turn, cold": [f"{page}?turn=last"],
        "played to the last turn, cold": [f"{page}?turn=last&wait=1"],
        "the next turn": [f"{page}?turn={middle}&wait=1", f"{page}?turn={middle + 1}"],
        "the turn before": [f"{page}?turn={middle}&wait=1", f"{page}?turn={middle - 1}"],
        "its whole request, cold": [f"{page}/request?turn={middle}&call=0"],
        "its picture, cold": [f"{page}/picture?turn={middle}"],
    }.items():
        yield name, turns, shortest(rounds, folder, *addresses)[-1]


def rows(episodes, turns, rounds):
    with tempfile.TemporaryDirectory() as scratch:
        many, one = Path(scratch) / "many", Path(scratch) / "long"
        multiply(play(many, "babyai/goto", "go forward,turn left", 6), episodes)
        for name, size, seconds in lists(many, episodes, rounds):
            yield {"page": name, "episodes": size, "turns": None, "mb": None, "seconds": round(seconds, 3)}
        file = play(one, "atari/breakout", "left,right,noop", turns)
        size = round(file.stat().st_size / 1e6, 1)
        for name, count, seconds in long_episode(one, turns, rounds):
            yield {"page": name, "episodes": 1, "turns": count, "mb": size, "seconds": round(seconds, 3)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = list(rows(*(QUICK if options.quick else (EPISODES, TURNS, ROUNDS))))
    if options.json:
        print(json.dumps(found))
        return
    for row in found:
        print(f"{row['page']:34} {row['turns'] or row['episodes']:>7,}  {row['seconds']:7.3f} s")


if __name__ == "__main__":
    main()
