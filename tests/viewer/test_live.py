"""A run that is being played: the pages follow it, and only what came is read."""

import json
import re
import shutil

import pytest

from harness.records import read_episode
from harness.viewer.lines import EpisodeFile

pytestmark = pytest.mark.tampers


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr("harness.viewer.index._FRESH", -1.0)


@pytest.fixture
def growing(played, tmp_path):
    """A run whose first episode of `direct` has only begun, and the lines that are still to come."""
    folder = tmp_path / "run"
    shutil.copytree(played, folder)
    file = next(iter(sorted((folder / "episodes").glob("direct*/**/0000.jsonl"))))
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:2]))
    return folder, file, lines[2:]


def test_the_list_follows(browse, growing):
    folder, file, lines = growing
    browser = browse(folder)
    states = [browser.get("/run/0/state").json()]
    assert (states[0]["unfinished"], states[0]["done"]) == (1, 7)
    for line in lines:
        with file.open("ab") as stream:
            stream.write(line)
        states.append(browser.get("/run/0/state").json())
    assert len({state["version"] for state in states}) == len(states)
    turns = [state["turns"] - states[0]["turns"] for state in states]
    assert turns == [*range(len(lines)), len(lines) - 1]  # the last line is the end
    assert states[-1]["done"] == 8
    assert browser.get("/run/0/state").json() == states[-1]
    assert f'data-version="{states[-1]["version"]}"' in browser.get("/run/0").text


def test_a_new_episode_comes_into_the_list(browse, growing):
    folder, file, _ = growing
    moved = file.read_bytes()
    file.unlink()
    browser = browse(folder)
    assert browser.get("/run/0/state").json()["episodes"] == 7
    file.write_bytes(moved)
    assert browser.get("/run/0/state").json()["episodes"] == 8


def test_an_episode_follows_also_with_a_line_that_is_half_written(browse, growing):
    folder, file, lines = growing
    browser = browse(folder)
    address = browser.episodes()["direct", 0]
    for number, line in enumerate(lines[:4]):
        page = browser.get(f"{address}?turn=last&wait=1").text
        assert f'data-last="{number}"' in page and "Now, after" in page
        version = re.search(r'data-version="([^"]+)"', page)[1]
        with file.open("ab") as stream:
            stream.write(line[:50])
            stream.flush()
            assert browser.get(f"{address}/state").json()["version"] == version
            browser.get("/run/0")
            stream.write(line[50:])
            stream.flush()
        state = browser.get(f"{address}/state").json()
        assert state["version"] != version and state["turns"] == number + 1
    assert "Observation" in browser.get(f"{address}?turn=4&wait=1").text


def test_an_episode_that_is_played_anew_is_read_anew(browse, growing):
    folder, file, lines = growing
    browser = browse(folder)
    address = browser.episodes()["direct", 0]
    with file.open("ab") as stream:
        stream.write(b"".join(lines[:3]))
    assert 'data-last="3"' in browser.get(address).text
    begun = b"".join(file.read_bytes().splitlines(keepends=True)[:3])
    file.rename(file.with_suffix(".mismatch-1"))
    file.write_bytes(begun)
    assert 'data-last="1"' in browser.get(f"{address}?turn=last&wait=1").text
    file.unlink()
    browser.get(address, 404)


def test_a_failed_episode_says_why(browse, growing):
    folder, file, lines = growing
    failure = {"kind": "failure", "turn": 1, "outcome": "api_error", "error": "Gone", "message": "<gone>"}
    with file.open("ab") as stream:
        stream.write(lines[0] + json.dumps(failure, separators=(",", ":")).encode() + b"\n")
    browser = browse(folder)
    assert browser.get("/run/0/state").json()["failed"] == 1
    assert "&lt;gone&gt;" in browser.get(f"{browser.episodes()['direct', 0]}?turn=1&wait=1").text


@pytest.mark.parametrize("agent", ["direct", "vote", "reflexion", "random"])
def test_the_index_agrees_with_reading_the_whole_file(played, agent):
    for path in (played / "episodes").glob(f"{agent}*/**/*.jsonl"):
        file, episode = EpisodeFile(path), read_episode(path)
        assert [file.turn(number) for number in range(len(file.turns))] == episode.turns
        assert (file.header, file.start, file.end) == (episode.header, episode.start, episode.end)
        assert file.status == episode.status and file.memory() == episode.memory
        asked = [number for turn in file.turns for number in turn.asked] + [*file.memory_asked]
        assert [file.request(number) for number in asked] == [each for *_, each in episode.requests()]


def test_any_chain_of_deltas_is_undone_as_readers_undo_it(tmp_path, played):
    import random

    source = next(iter(sorted((played / "episodes").glob("direct*/**/0000.jsonl"))))
    header, start, turn, *_ = source.read_text().splitlines()
    dice, lines = random.Random(1), [header, start]
    for index in range(60):
        line = json.loads(turn)
        line["index"], call = index, line["calls"][0]
        line["calls"] = []
        for number in range(dice.randrange(3)):
            add = [
                {"role": "user", "parts": [{"text": f"{index}.{number}.{k}"}]}
                for k in range(dice.randrange(4))
            ]
            line["calls"].append({**call, "request": {"keep": dice.choice([0, 1, 2, 5, 40]), "add": add}})
        lines.append(json.dumps(line, separators=(",", ":")))
    path = tmp_path / "0000.jsonl"
    path.write_text("\n".join(lines) + "\n")
    file, wanted = EpisodeFile(path), list(read_episode(path).requests())
    asked = [number for each in file.turns for number in each.asked]
    assert len(asked) == len(wanted) > 30
    assert [file.request(number) for number in asked] == [messages for *_, messages in wanted]


def test_one_turn_of_a_long_episode_reads_few_lines(tmp_path, played, monkeypatch):
    source = next(iter(sorted((played / "episodes").glob("direct*/**/0000.jsonl"))))
    header, start, turn, following, *_ = source.read_text().splitlines()
    lines = [header, start, turn]
    for index in range(1, 400):
        line = json.loads(following)
        line["index"] = index
        line["calls"][0]["request"]["keep"] = 1  # a window: only the system message stays
        lines.append(json.dumps(line, separators=(",", ":")))
    path = tmp_path / "0000.jsonl"
    path.write_text("\n".join(lines) + "\n")
    file, read = EpisodeFile(path), []
    monkeypatch.setattr(file, "_calls", lambda line, whole=file._calls: read.append(line) or whole(line))
    assert file.request(file.turns[399].asked[0])[0].role == "system"
    assert len(read) == 2
