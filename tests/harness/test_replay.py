"""Episodes are played again from seed and actions: the same frames, checked on the way."""

import json
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from ludometer_test_runs import run

from harness.demonstrations import by_record
from harness.errors import InputError
from harness.plan import make_plan
from harness.records import read_episode
from harness.replay import moments, played_again
from harness.spec import RunSpec
from harness.world import World, png

OLD = Path(__file__).parents[1] / "data" / "run-schema-1"
LOOSE = "gymnasium/ludometer_test_worlds:TestLoose-v0"


def played(folder, task, agent="random", steps=12, **more):
    """The only episode of a run."""
    spec = RunSpec(tasks=(task,), agents=(agent,), episodes=1, limits={"steps": steps}, **more)
    assert not run(folder, spec).failed
    (file,) = (Path(folder) / "episodes").rglob("*.jsonl")
    return read_episode(file)


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    return played(tmp_path_factory.mktemp("solved") / "run", "babyai/putnext", "oracle", 40)


def changed(episode, path, change):
    """The episode from a file in which one line is another one."""
    lines = [json.loads(line) for line in episode.path.read_text().splitlines()]
    path.write_text("".join(json.dumps(line) + "\n" for line in (change(line) for line in lines) if line))
    return read_episode(path)


# -------------------------------------------------------------------------------------- the same frames


@pytest.mark.parametrize(
    ("task", "observe", "steps"),
    [
        ("babyai/goto", "text", 12),
        ("babyai/goto+sticky(0.5)+blackout(0.5)", "both", 12),
        ("minigrid/MiniGrid-DoorKey-5x5-v0", "image", 12),
        pytest.param("crafter/standard", "text", 2, marks=pytest.mark.slow),
        ("nethack/NetHackScore-v0", "text", 12),
        ("nethack/NetHackScore-v0", "image", 12),
        ("atari/breakout", "text", 6),
        ("atari/alien", "image", 6),
        ("gymnasium/CartPole-v1", "text", 12),
    ],
)
def test_words_and_pictures_come_back(tmp_path, task, observe, steps):
    """Whatever the model was shown, both can be had; what was recorded of them is the same."""
    episode = played(tmp_path / "run", task, steps=steps, observe=observe)
    again = list(moments(episode, observe="both"))
    assert [moment.turn for moment in again] == [*episode.turns, None]
    recorded = [turn.steps[0] for turn in episode.turns]
    assert [(m.frame.hash, m.frame.reward) for m in again[1:]] == [(s.hash, s.reward) for s in recorded]
    for moment, seen in ((again[0], episode.start.observation), (again[-1], episode.end.observation)):
        shown = moment.frame.observation
        assert shown.image.ndim == 3
        assert len({image.tobytes() for image in (m.frame.observation.image for m in again)}) > 1
        if observe != "text":
            assert seen.image == sha256(png(shown.image)).hexdigest()
        if observe != "image":
            assert [section.text for section in seen.sections] == [each.text for each in shown.sections]


def test_every_frame_is_the_one_that_the_world_gave(tmp_path):
    episode = played(tmp_path / "run", "nethack/NetHackScore-v0")
    world = World("nethack/NetHackScore-v0", observe="both")
    _, frame = world.reset(episode.header.seed)
    for moment in moments(episode, observe="both"):
        assert moment.frame.observation.sections == frame.observation.sections
        assert np.array_equal(moment.frame.observation.image, frame.observation.image)
        assert replace(moment.frame, observation=frame.observation) == frame
        frame = world.step(moment.step.action) if moment.step is not None else frame
    world.close()


@pytest.mark.parametrize("path", sorted((OLD / "episodes").rglob("*.jsonl")), ids=lambda path: path.parts[-4])
def test_episodes_of_the_schema_before_come_back(path):
    episode = read_episode(path)
    last = list(moments(episode, observe="text"))[-1]
    assert last.frame.progress.value == episode.end.progress.value
    words = [section.text for section in last.frame.observation.sections]
    assert words == [section.text for section in episode.end.observation.sections]


def test_a_turn_of_several_steps_is_several_moments(tmp_path):
    answer = "scripted:Actions:\nturn left\nturn left\ngo forward"
    episode = played(tmp_path / "run", "babyai/goto", "plan(stop=never)", 9, models=(answer,))
    again = list(moments(episode, observe="text"))
    counts = [len(turn.steps) for turn in episode.turns]
    assert counts == [3, 3, 3]
    assert [(m.turn.index, m.number) for m in again[:-1]] == [
        (index, number) for index, count in enumerate(counts) for number in range(max(1, count))
    ]


def test_a_turn_that_moved_nothing_is_one_moment_without_a_step(tmp_path):
    episode = played(tmp_path / "run", "babyai/goto", "direct(choices=false)", 3, models=("scripted:fly",))
    first, second, *_ = moments(episode, observe="text")
    assert (first.step, first.number) == (None, 0)
    assert first.frame.observation.sections == second.frame.observation.sections


def test_only_what_is_wanted_is_looked_at_and_nothing_is_played_after_it(solved, monkeypatch):
    looks, steps = [], []
    look, advance = World.look, World.advance
    monkeypatch.setattr(World, "look", lambda world: looks.append(1) or look(world))
    monkeypatch.setattr(World, "advance", lambda world, action: steps.append(1) or advance(world, action))
    shown = list(moments(solved, observe="text", turns=range(4, 7)))
    assert [moment.turn.index for moment in shown] == list(range(7))
    assert (len(steps), len(looks)) == (7, 4)  # one more, to check the last step
    whole = list(moments(solved, observe="text"))
    words = [[moment.frame.observation.sections for moment in each] for each in (shown[4:], whole[4:7])]
    assert words[0] == words[1]
    assert not any(moment.frame.observation.sections for moment in shown[:4])
    assert list(moments(solved, observe="text", turns=range(20, len(solved.turns))))[-1].turn is None


def test_the_world_is_closed_whenever_one_stops_looking(solved, monkeypatch):
    closed = []
    close = World.close
    monkeypatch.setattr(World, "close", lambda world: closed.append(1) or close(world))
    with closing(moments(solved, observe="text")) as again:
        assert len(list(islice(again, 2))) == 2
    assert len(closed) == 1


@pytest.mark.parametrize("task", ["nethack/NetHackScore-v0", "babyai/goto"])
def test_an_oracle_is_asked_before_each_step_as_when_it_played(tmp_path, monkeypatch, task):
    """Asking may move the state of a game."""
    asked = []
    oracle = World.oracle
    monkeypatch.setattr(World, "oracle", lambda world: asked.append(1) or oracle(world))
    for agent in ("oracle", "random"):
        episode = played(tmp_path / agent, task, agent)
        steps = [step for turn in episode.turns for step in turn.steps]
        asked.clear()
        list(moments(episode, observe="text"))
        assert len(asked) == (len(steps) if agent == "oracle" else 0)


# ------------------------------------------------------------------------------------------ checked


@pytest.mark.parametrize(("turn", "words"), [(None, "at the start"), (0, "in turn 0"), (5, "in turn 5")])
def test_what_differs_is_told_with_its_turn(solved, tmp_path, turn, words):
    def change(line):
        if turn is None and line["kind"] == "start":
            line["hash"] = "0" * 32
        if line["kind"] == "turn" and line["index"] == turn:
            line["steps"][0]["hash"] = "0" * 32
        return line

    episode = changed(solved, tmp_path / "0000.jsonl", change)
    with pytest.raises(InputError, match="no longer gives what was recorded") as raised:
        list(moments(episode, observe="text"))
    assert words in str(raised.value)
    assert "0000.jsonl" in str(raised.value)
    assert "\n" not in str(raised.value)
    with pytest.raises(InputError, match=words):  # demonstrations are made by the same means
        by_record(episode, observe="text", steps=200)


def test_an_action_that_is_none_any_more_is_told_with_its_turn(solved, tmp_path):
    def change(line):
        if line["kind"] == "turn" and line["index"] == 2:
            line["steps"][0]["action"] = "fly\nhome"
        return line

    with pytest.raises(InputError, match="turn 2: the game no longer takes what was recorded"):
        list(moments(changed(solved, tmp_path / "0000.jsonl", change), observe="text"))


@pytest.mark.parametrize("kept", [1, 3])
def test_what_is_not_finished_comes_back_as_far_as_it_went(solved, tmp_path, kept):
    lines = solved.path.read_bytes().splitlines(keepends=True)
    (tmp_path / "0000.jsonl").write_bytes(b"".join(lines[: kept + 2]) + b'{"kind":"tu')
    again = list(moments(read_episode(tmp_path / "0000.jsonl"), observe="text"))
    assert [m.turn and m.turn.index for m in again] == [*range(kept), None]


def test_where_nothing_was_played_that_is_told(solved, tmp_path):
    episode = changed(
        solved, tmp_path / "0000.jsonl", lambda line: line if line["kind"] == "header" else None
    )
    for function in (moments, played_again):
        with pytest.raises(InputError, match="nothing was played"):
            list(function(episode, observe="text"))


def test_an_agent_that_is_not_installed_does_not_matter(solved, tmp_path):
    def change(line):
        return (
            {**line, "agent": "theirs(x=1)", "resolved": "theirs(x=1)"} if line["kind"] == "header" else line
        )

    assert list(moments(changed(solved, tmp_path / "0000.jsonl", change), observe="text"))[-1].turn is None


# ------------------------------------------------------------------------------- never the same again


@pytest.fixture(scope="module")
def loose(tmp_path_factory):
    """A game that is never the same twice, as the run recorded it."""
    episode = played(tmp_path_factory.mktemp("loose") / "run", LOOSE, "direct", 8, models=("scripted:calm",))
    assert not episode.header.deterministic
    return episode


def test_what_is_never_the_same_is_shown_as_it_was_recorded(loose):
    again = list(moments(loose, observe="both"))
    words = [[section.text for section in m.frame.observation.sections] for m in again]
    recorded = [loose.start.observation, *(turn.observation for turn in loose.turns)]
    assert words == [[section.text for section in observation.sections] for observation in recorded]
    assert [m.frame.progress.value for m in again[1:]] == [t.steps[-1].progress.value for t in loose.turns]
    with pytest.raises(InputError, match="no longer gives"):
        list(played_again(loose, observe="text"))


def with_pictures(loose, run, name):
    """The episode in a run of its own, with a picture's hash at the start."""
    path = run / "episodes" / "a" / "b" / "0000.jsonl"
    path.parent.mkdir(parents=True)

    def change(line):
        if line["kind"] == "start":
            line["observation"]["image"] = name
        return line

    return changed(loose, path, change)


def test_pictures_that_the_run_kept_are_shown(loose, tmp_path):
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    name = sha256(png(image)).hexdigest()
    episode = with_pictures(loose, tmp_path, name)
    assert next(moments(episode, observe="image")).frame.observation.image is None
    file = tmp_path / "pictures" / name[:2] / f"{name}.png"
    file.parent.mkdir(parents=True)
    file.write_bytes(png(image))
    seen = next(moments(episode, observe="image")).frame.observation
    assert np.array_equal(seen.image, image)
    assert seen.sections  # the words stay
    for other in (png(image[:2]), b"", b"\x89PNG\r\n\x1a\n"):  # not what was recorded
        file.write_bytes(other)
        assert next(moments(episode, observe="image")).frame.observation.image is None


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "", "x" * 64, "A" * 64])
def test_what_is_no_hash_is_no_path(loose, tmp_path, name):
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(np.zeros((2, 2, 3), dtype=np.uint8)))
    episode = with_pictures(loose, tmp_path / "run", name)
    assert next(moments(episode, observe="image")).frame.observation.image is None


def test_an_observation_that_nobody_recorded_is_said_to_be_unknown(loose, tmp_path):
    def change(line):
        return {**line, "observation": None} if line["kind"] == "turn" else line

    again = list(moments(changed(loose, tmp_path / "0000.jsonl", change), observe="text"))
    assert again[1].frame.observation.sections[0].text == "(not recorded)"


def test_the_task_that_is_never_the_same_plans_as_such():
    (spec,) = make_plan(RunSpec(tasks=(LOOSE,), agents=("random",), episodes=1)).episodes
    assert not spec.info.deterministic
