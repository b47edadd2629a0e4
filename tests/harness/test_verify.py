"""A run folder is evidence: what was changed in it is found, with the turn and what differs."""

import json
import shutil
from pathlib import Path

import pytest
from ludometer_test_runs import run

from harness.cli import main
from harness.spec import RunSpec
from harness.verify import verify

SPEC = RunSpec(
    tasks=("babyai/goto", "minigrid/MiniGrid-DoorKey-5x5-v0"),
    agents=("direct", "plan", "vote(samples=2)", "reflexion(trials=2)", "random", "oracle"),
    models=("scripted:go forward,turn left,nonsense,turn right",),
    episodes=2,
    limits={"steps": 8},
)
DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("played") / "run"
    run(folder, SPEC)
    return folder


def told(report):
    return [str(each) for each in report.differences] + [
        f"{episode.episode}: {each}" for episode in report.episodes for each in episode.differences
    ]


def test_a_run_that_nobody_touched_verifies(played):
    report = verify(played)
    assert report.sound and report.complete, told(report)
    assert len(report.episodes) == 22
    assert all(episode.executed for episode in report.episodes)


def test_several_processes_find_the_same(played):
    assert verify(played, workers=2) == verify(played, workers=1)


def test_a_run_of_the_version_before_verifies():
    report = verify(DATA / "run-schema-1")
    assert report.sound, told(report)


def test_pictures_and_other_games_verify(tmp_path):
    spec = RunSpec(
        tasks=(
            "minihack/MiniHack-Room-5x5-v0",
            "crafter/standard",
            "atari/breakout",
            "babyai/goto+sticky(0.25)",
        ),
        agents=("direct", "random"),
        models=("scripted:north,move west,fire,go forward,do",),
        episodes=1,
        observe="both",
        limits={"steps": 12, "turns": 12},
    )
    run(tmp_path / "run", spec)
    report = verify(tmp_path / "run")
    assert report.sound, told(report)


@pytest.fixture
def copy(played, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(played, folder)
    return folder


def find(folder, agent="direct", task="minigrid"):
    """The file of an episode that was lost by no luck: it has all its turns."""
    return next(
        file for file in sorted(folder.rglob("*.jsonl")) if f"/{agent}" in str(file) and task in str(file)
    )


def lines_of(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def put(file, lines):
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))


def line(lines, kind, index=0):
    return [line for line in lines if line["kind"] == kind][index]


def step(lines, turn=1):
    return line(lines, "turn", turn)["steps"][0]


def renumber(lines):
    turns = [each for each in lines if each["kind"] == "turn"]
    for index, each in enumerate(turns):
        each["index"] = index


def without_turn(lines):
    lines.remove(line(lines, "turn", 3))
    renumber(lines)
    line(lines, "end").update(turns=7)


def with_turn(lines):
    lines.insert(4, json.loads(json.dumps(line(lines, "turn", 1))))
    renumber(lines)
    line(lines, "end").update(turns=9)


def with_turns_swapped(lines):
    first, second = 2, 3
    lines[first], lines[second] = lines[second], lines[first]
    renumber(lines)


TAMPERING = {
    "a reward": (lambda ls: step(ls).update(reward=1.0), "turn 1", "reward"),
    "a hash": (lambda ls: step(ls).update(hash="0" * 32), "turn 1", "hash"),
    "a progress": (lambda ls: step(ls)["progress"].update(value=0.5), "turn 1", "progress.value"),
    "a part of a progress": (
        lambda ls: step(ls)["progress"]["parts"].update(success=1.0), "turn 1", "progress.parts.success",
    ),
    "an action": (
        lambda ls: (step(ls).update(action="drop"), line(ls, "turn", 1)["decision"].update(actions=["drop"])),
        "turn 1", "hash",
    ),
    "a decision": (lambda ls: line(ls, "turn", 1)["decision"].update(actions=["drop"]), "turn 1", "actions"),
    "an outcome": (lambda ls: line(ls, "turn", 2)["decision"].update(outcome="ok"), "turn 2", "outcome"),
    "an end of the game": (lambda ls: step(ls).update(terminated=True), "turn 1", "terminated"),
    "the seed": (lambda ls: line(ls, "header").update(seed=7), "header", "seed"),
    "the score": (lambda ls: line(ls, "end")["progress"].update(value=1.0), "end", "progress.value"),
    "the return": (lambda ls: line(ls, "end").update(episode_return=3.0), "end", "episode_return"),
    "the number of steps": (lambda ls: line(ls, "end").update(steps=3), "end", "steps"),
    "the ending": (lambda ls: line(ls, "end").update(ending="terminated", limit=None), "end", "ending"),
    "the limit": (lambda ls: line(ls, "end").update(limit="tokens"), "end", "limit"),
    "the tokens": (lambda ls: line(ls, "end")["usage"].update(input=1), "end", "usage.input"),
    "the price": (lambda ls: line(ls, "end").update(cost=9.0), "end", "cost"),
    "the time": (lambda ls: line(ls, "end").update(seconds=0.0), "end", "seconds"),
    "a turn deleted": (without_turn, "turn 3", ""),
    "a turn added": (with_turn, "turn 2", ""),
    "turns swapped": (with_turns_swapped, "turn 0", ""),
    "the model": (lambda ls: line(ls, "header").update(model="openai:gpt-9"), "header", "model"),
    "the agent": (lambda ls: line(ls, "header").update(agent="cot"), "header", "agent"),
    "the task": (lambda ls: line(ls, "header").update(task="babyai/goto"), "header", "task"),
    "the configuration": (lambda ls: line(ls, "header").update(config_hash="0"), "header", "config_hash"),
    "the instructions": (lambda ls: line(ls, "start").update(instructions="win"), "start", "instructions"),
    "the first observation": (
        lambda ls: line(ls, "start")["observation"]["sections"][0].update(text="x"), "start", "observation",
    ),
    "the last observation": (
        lambda ls: line(ls, "end")["observation"]["sections"][0].update(text="a door"), "end", "observation",
    ),
    "the limit of steps": (lambda ls: line(ls, "start").update(max_steps=99), "start", "max_steps"),
    "what the model was told": (lambda ls: line(ls, "turn", 3).update(notice="good"), "turn 3", "notice"),
    "a request": (
        lambda ls: line(ls, "turn", 1)["calls"][0]["request"]["add"][0]["parts"][0].update(text="hint"),
        "turn 1", "characters",
    ),
}  # fmt: skip


@pytest.mark.tampers
@pytest.mark.parametrize("kind", TAMPERING)
def test_what_was_changed_is_found(kind, copy):
    change, where, what = TAMPERING[kind]
    file = find(copy)
    lines = lines_of(file)
    assert [each["kind"] for each in lines] == ["header", "start", *["turn"] * 8, "end"]
    change(lines)
    put(file, lines)
    report = verify(copy)
    assert not report.sound
    bad = [episode for episode in report.episodes if not episode.sound]
    assert len(bad) == 1
    assert any(where in str(each) and what in str(each) for each in bad[0].differences), told(report)


@pytest.mark.tampers
def test_the_file_of_another_episode_is_found(copy):
    first, second = (find(copy, task=task) for task in ("minigrid", "babyai"))
    shutil.copyfile(second, first)
    assert any("header" in each and "seed" in each for each in told(verify(copy)))


@pytest.mark.tampers
def test_a_run_json_that_was_changed_is_found(copy):
    record = json.loads((copy / "run.json").read_text())
    record["config"]["tasks"]["babyai/goto"]["limits"]["steps"] = 20
    (copy / "run.json").write_text(json.dumps(record))
    assert any("config_hash" in each for each in told(verify(copy)))


@pytest.mark.tampers
def test_an_episode_that_run_json_does_not_ask_for_is_found(copy):
    file = find(copy)
    lines = lines_of(file)
    line(lines, "header").update(episode=line(lines, "header")["episode"][:-4] + "0009", index=9)
    put(file.with_name("0009.jsonl"), lines)
    assert any("no such episode" in each for each in told(verify(copy)))


@pytest.mark.tampers
def test_a_file_that_is_no_episode_is_found(copy):
    find(copy).write_bytes(b'{"messages": []}\n')
    report = verify(copy)
    assert not report.sound
    assert {episode.status for episode in report.episodes} == {"done", "unreadable"}


def test_what_is_missing_or_unfinished_is_named_and_is_no_fault(copy):
    find(copy, "random").unlink()
    file = find(copy)
    put(file, lines_of(file)[:-3])
    report = verify(copy)
    assert report.sound and not report.complete
    assert len(report.missing) == 1
    assert [episode.status for episode in report.episodes].count("unfinished") == 1


@pytest.mark.tampers
def test_the_command_says_which_turn_and_what_differs(copy, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["verify", str(copy)])
    assert ended.value.code == 0
    assert "verified: 22 episodes" in capsys.readouterr().out
    file = find(copy)
    lines = lines_of(file)
    step(lines).update(reward=1.0)
    put(file, lines)
    with pytest.raises(SystemExit) as ended:
        main(["verify", str(copy)])
    assert ended.value.code == 1
    said = capsys.readouterr().out
    assert "NOT verified: 1 of 22" in said
    assert "turn 1" in said and "reward: recorded 1.0, now 0.0" in said
    with pytest.raises(SystemExit) as ended:
        main(["verify", str(copy), "--json"])
    assert ended.value.code == 1
    (report,) = json.loads(capsys.readouterr().out)
    assert (report["verified"], report["complete"]) == (False, True)
    assert sum(not episode["verified"] for episode in report["episodes"]) == 1


def test_what_is_no_run_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["verify", str(tmp_path)])
    assert ended.value.code == 2
    assert "no run.json" in capsys.readouterr().err
