"""Demonstrations: made by playing again, checked on the way, shown ahead of the model's own game."""

import base64
import json
import os
import resource
import shutil
import subprocess
import sys

import gymnasium
import pytest
from gymnasium.envs.registration import EnvSpec

from harness.api import Image
from harness.cli import main
from harness.convert import message_records
from harness.demonstrations import SERIES, Demonstration, by_oracle, read, write
from harness.histories._messages import observation_text
from harness.records import read_run
from harness.seeds import episode_seed
from harness.world import World, png

TASK = "babyai/putnext"


@pytest.fixture
def ludometer(capsys):
    """Call the command line; the exit code and what it said on standard error."""

    def call(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        return stopped.value.code, capsys.readouterr().err

    return call


def called(*arguments):
    """The same where no test's fixture is at hand."""
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    assert stopped.value.code == 0


@pytest.fixture(scope="module")
def oracle_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("oracle") / "demos.jsonl"
    called("demos", "--task", TASK, "--episodes", "2", "--out", path)
    return path


@pytest.fixture(scope="module")
def oracle_run(tmp_path_factory):
    """An ad-hoc run of the oracle."""
    folder = tmp_path_factory.mktemp("oracle") / "run"
    called("run", "--task", TASK, "--agent", "oracle", "--episodes", "2", "--no-report", "--out", folder)
    return folder


def tampered(run, folder, old, new):
    """A copy of a run in which one text is another one, once."""
    shutil.copytree(run, folder)
    file = sorted((folder / "episodes").rglob("*.jsonl"))[-1]
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return folder


def one_line(said):
    assert (said.startswith("error: "), said.count("\n")) == (True, 1), said


# ------------------------------------------------------------------------------------------- made


@pytest.mark.parametrize("observe", ["text", "image", "both"])
def test_an_oracles_demonstration_replays(ludometer, tmp_path, observe):
    path = tmp_path / "new" / "folder" / "demos.jsonl"
    command = ("demos", "--task", TASK, "--episodes", "2", "--observe", observe)
    assert ludometer(*command, "--out", path) == (0, "")
    found = read(path)
    assert [each.seed for each in found] == [episode_seed(SERIES, "", TASK, index) for index in (0, 1)]
    for each in found:
        assert (each.task, each.series, each.agent, each.progress) == (TASK, SERIES, "oracle", 1.0)
        world = World(TASK, observe=observe)
        _, frame = world.reset(each.seed)
        for step in each.steps:
            assert step.observation.sections == frame.observation.sections
            assert (frame.observation.image is None) == (step.picture is None) == (observe == "text")
            assert step.picture is None or step.picture == png(frame.observation.image)
            assert not frame.over
            frame = world.step(step.action)
        assert frame.terminated
        assert frame.progress.value == 1.0
        world.close()


def test_steps_cut_a_demonstration(ludometer, tmp_path, oracle_file, oracle_run):
    arguments = ("--task", TASK, oracle_run, "--steps", "3", "--out", tmp_path / "demos.jsonl")
    assert ludometer("demos", *arguments)[0] == 0
    of_oracle, of_run = read(tmp_path / "demos.jsonl")
    assert of_oracle.steps == read(oracle_file)[0].steps[:3]
    assert len(of_run.steps) == 3
    assert of_oracle.progress == of_run.progress == 0.0


def test_the_same_command_gives_the_same_bytes(oracle_file, oracle_run, ludometer, tmp_path):
    arguments = ("demos", "--task", TASK, "--observe", "both", "--episodes", "2", oracle_run)
    assert ludometer(*arguments, "--out", tmp_path / "one")[0] == 0
    command = [sys.executable, "-c", "from harness.cli import main; main()", *arguments]
    subprocess.run(
        [*command, "--out", tmp_path / "two"], check=True, env={**os.environ, "PYTHONHASHSEED": "7"}
    )
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o644


def test_of_a_run_the_best_episodes_are_taken(ludometer, tmp_path, monkeypatch):
    """A person's run: the first episode is given up, the second one solved."""
    solution = [step.action for step in by_oracle(
        TASK, episode_seed("play", "", TASK, 1), observe="text", steps=64
    ).steps]  # fmt: skip
    typed = ["turn left"] * 20 + solution
    read_end, write_end = os.pipe()
    os.write(write_end, "".join(line + "\n" for line in typed).encode())
    os.close(write_end)
    kept = os.dup(0)
    os.dup2(read_end, 0)
    try:
        assert ludometer("play", TASK, "--episodes", "2", "--steps", "20", "--out", tmp_path / "run")[0] == 0
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(read_end)
    lost, won = read_run(tmp_path / "run")
    assert (lost.end.progress.value, won.end.progress.value) == (0.0, 1.0)

    assert ludometer("demos", tmp_path / "run", "--out", tmp_path / "best") == (0, "")
    (best,) = read(tmp_path / "best")
    assert (best.agent, best.series, best.seed, best.progress) == ("human", "play", won.header.seed, 1.0)
    assert [step.action for step in best.steps] == solution
    assert observation_text(best.steps[0].observation) == "\n\n".join(
        f"[{section.name}]\n{section.text}" for section in won.start.observation.sections
    )
    assert ludometer("demos", tmp_path / "run", "--episodes", "9", "--out", tmp_path / "all") == (0, "")
    assert [each.seed for each in read(tmp_path / "all")] == [won.header.seed, lost.header.seed]


def test_the_best_of_each_task_are_taken(ludometer, tmp_path):
    tasks = ("--task", TASK, "--task", "babyai/open")
    run = ("run", *tasks, "--episodes", "2", "--no-report", "--steps", "40")
    for agent in ("random", "oracle"):
        assert ludometer(*run, "--agent", agent, "--out", tmp_path / agent)[0] == 0
    assert ludometer("demos", tmp_path / "random", tmp_path / "oracle", "--out", tmp_path / "out") == (0, "")
    assert [(each.task, each.agent) for each in read(tmp_path / "out")] == [
        ("babyai/open", "oracle"),
        (TASK, "oracle"),
    ]


def test_episodes_in_which_nothing_was_done_are_passed_over(ludometer, tmp_path, oracle_run):
    run = ("run", "--task", TASK, "--agent", "direct(choices=false)", "--model", "scripted:nonsense")
    assert (
        ludometer(*run, "--steps", "2", "--episodes", "1", "--no-report", "--out", tmp_path / "run")[0] == 0
    )
    command = ("demos", tmp_path / "run", "--episodes", "9", "--out", tmp_path / "demos")
    code, said = ludometer(*command)
    assert (code, said) == (2, "error: nothing was played in these runs\n")
    assert ludometer(*command, oracle_run) == (0, "")
    assert [each.agent for each in read(tmp_path / "demos")] == ["oracle"] * 2


def test_a_run_that_is_not_done_is_refused(ludometer, tmp_path, oracle_run):
    run = tmp_path / "run"
    shutil.copytree(oracle_run, run)
    for file in (run / "episodes").rglob("*.jsonl"):
        file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))
    assert ludometer("demos", run, "--out", tmp_path / "demos") == (
        2,
        "error: no episode of these runs is done\n",
    )
    assert not (tmp_path / "demos").exists()


# ---------------------------------------------------------------------------------------- refused


@pytest.mark.tampers
def test_a_run_that_does_not_replay_is_refused(ludometer, oracle_run, tmp_path):
    """And a file that is there stays as it is: the first of the two episodes replays."""
    *_, last = read_run(oracle_run)
    hashes = [step.hash for turn in last.turns for step in turn.steps]
    out = tmp_path / "demos.jsonl"
    out.write_text("mine\n")
    for number, old in enumerate((last.start.hash, hashes[0], hashes[-1])):
        run = tampered(oracle_run, tmp_path / f"run{number}", f'"hash":"{old}"', f'"hash":"{"0" * len(old)}"')
        code, said = ludometer("demos", run, "--episodes", "2", "--out", out)
        assert code == 2
        one_line(said)
        assert "no longer gives what was recorded" in said
        assert "0001.jsonl" in said
    assert out.read_text() == "mine\n"
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["demos.jsonl"]


@pytest.mark.tampers
def test_a_recorded_action_that_is_none_is_refused(ludometer, oracle_run, tmp_path):
    *_, last = read_run(oracle_run)
    action = last.turns[-1].steps[-1].action
    run = tampered(
        oracle_run, tmp_path / "run", f'"steps":[{{"action":"{action}"', '"steps":[{"action":"fly"'
    )
    code, said = ludometer("demos", run, "--episodes", "2", "--out", tmp_path / "demos.jsonl")
    assert code == 2
    one_line(said)
    assert "0001.jsonl" in said
    assert "the game no longer takes what was recorded: no action is called" in said
    assert not (tmp_path / "demos.jsonl").exists()


def _nothing_played(monkeypatch):
    def played(*_, **__):
        raise AssertionError("something was played")

    monkeypatch.setattr(World, "reset", played)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "say what to show"),
        (["--task", "crafter/standard"], "crafter/standard has no oracle; play it yourself"),
        (["--task", TASK, "--task", "crafter/standard"], "crafter/standard has no oracle"),
        (["--task", "babyai/gotoo"], "did you mean 'babyai/goto'"),
        (["--task", TASK, "no-such-run"], "no-such-run is not a run folder"),
        (["--task", "atari/pong@nothing"], "unknown protocol"),
        (["--task", TASK, "--episodes", "0"], "--episodes"),
        (["--task", TASK, "--steps", "0"], "--steps"),
        (["--task", TASK, "--observe", "sound"], "--observe"),
        (["--task", "gymnasium:CartPole-v1"], "has no oracle"),
    ],
    ids=lambda case: " ".join(case)[:40],
)
def test_a_bad_input_is_one_clear_line(ludometer, tmp_path, monkeypatch, arguments, words):
    _nothing_played(monkeypatch)
    monkeypatch.chdir(tmp_path)
    code, said = ludometer("demos", *arguments, "--out", "demos.jsonl")
    assert code == 2
    one_line(said)
    assert words in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("out", "words"),
    [
        (".", "is not a file"),
        ("folder", "is not a file"),
        ("file/demos.jsonl", "cannot write"),
        ("/dev/null", "is not a file"),  # to replace it would be worse than a traceback
        ("", "is not a file"),
    ],
)
def test_a_place_for_no_file_is_refused_before_anything_is_played(
    ludometer, tmp_path, monkeypatch, out, words
):
    _nothing_played(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    device = os.stat("/dev/null")  # noqa: PTH116
    code, said = ludometer("demos", "--task", TASK, "--out", out)
    assert code == 2
    one_line(said)
    assert words in said
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["file", "folder"]
    assert os.stat("/dev/null").st_mode == device.st_mode  # noqa: PTH116


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder where no file can be made")  # noqa: PTH112
def test_a_folder_that_takes_no_file_is_one_clear_line(ludometer):
    code, said = ludometer("demos", "--task", TASK, "--steps", "1", "--out", "/proc/self/demos.jsonl")
    assert code == 2
    one_line(said)
    assert "cannot write" in said


def test_a_demonstration_of_nothing_is_refused(ludometer, tmp_path):
    """Most Atari games have no words, so their demonstrations need pictures."""
    run = ("run", "--task", "atari/alien", "--agent", "random", "--seeds", "other", "--steps", "2")
    assert ludometer(*run, "--episodes", "1", "--no-report", "--out", tmp_path / "run")[0] == 0
    for observe in ("text", "both"):
        code, said = ludometer("demos", tmp_path / "run", "--observe", observe, "--out", tmp_path / "demos")
        assert code == 2
        one_line(said)
        assert "use --observe image" in said
    assert not (tmp_path / "demos").exists()
    command = ("demos", tmp_path / "run", "--observe", "image", "--out", tmp_path / "demos")
    assert ludometer(*command) == (0, "")
    (found,) = read(tmp_path / "demos")
    assert all(step.picture for step in found.steps)


def test_a_file_that_cannot_be_written_whole_is_not_written(ludometer, tmp_path):
    """A disk that is full, nearly: no file may grow beyond 2,000 bytes."""
    out = tmp_path / "demos.jsonl"
    out.write_text("mine\n")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        code, said = ludometer("demos", "--task", TASK, "--out", out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert code == 2
    one_line(said)
    assert "cannot write" in said
    assert out.read_text() == "mine\n"
    assert list(tmp_path.iterdir()) == [out]


class Strange(gymnasium.Env):
    """Says what is a line's end to Unicode, and what is no Unicode at all."""

    observation_space = gymnasium.spaces.Text(100)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        return "one\u2028two\x85three\x0bfour\rfive", {}

    def step(self, action):
        return "half a pair: \ud800", 0.0, False, False, {}


def test_any_text_survives_the_file(ludometer, tmp_path, monkeypatch):
    monkeypatch.setitem(gymnasium.registry, "Strange-v0", EnvSpec("Strange-v0", Strange))
    game = ("--task", "gymnasium:Strange-v0", "--steps", "2", "--episodes", "1", "--seeds", "other")
    assert ludometer("run", *game, "--agent", "random", "--no-report", "--out", tmp_path / "run")[0] == 0
    assert ludometer("demos", tmp_path / "run", "--out", tmp_path / "demos") == (0, "")
    (found,) = read(tmp_path / "demos")
    said = [observation_text(step.observation) for step in found.steps]
    assert said[0].endswith("one\u2028two\x85three\x0bfour\rfive")
    assert said[1].endswith("half a pair: ?")  # as it stands in the record
    few_shot = f'few-shot(demos="{tmp_path / "demos"}")'
    play = ("run", *game[:-2], "--agent", few_shot, "--model", "scripted", "--no-report")
    assert ludometer(*play, "--out", tmp_path / "few")[0] == 0


# --------------------------------------------------------------------------------- the file is read

GOOD = {
    "task": TASK,
    "series": "x",
    "seed": 1,
    "agent": "oracle",
    "progress": 1.0,
    "steps": [{"sections": [{"name": "m", "text": "t", "stability": "static"}], "action": "drop"}],
}


def with_step(**changes):
    return json.dumps({**GOOD, "steps": [{**GOOD["steps"][0], **changes}]}).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file or directory; make them: ludometer demos"),
        ("folder", "Is a directory"),
        (b"", f"none of {TASK}; make some: ludometer demos --task {TASK}"),
        (b"not JSON\n", "line 1: not a demonstration (Invalid JSON"),
        (json.dumps(GOOD).encode() + b"\n{}\n", "line 2: not a demonstration (task: Field required)"),
        (json.dumps({**GOOD, "extra": 1}).encode(), "(extra: Extra inputs"),
        (json.dumps({**GOOD, "seed": "one"}).encode(), "(seed: "),
        (json.dumps({**GOOD, "steps": []}).encode(), "(steps: "),
        (b"[1, 2]", "line 1: not a demonstration"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe\x00", "line 1: not a demonstration"),
        (b'{"task": "\xff"}', "line 1: not a demonstration"),
        (with_step(png="!!!"), "(steps.0: "),
        (with_step(png=base64.b64encode(b"GIF89a").decode()), "png is not a PNG file"),
        (
            with_step(sections=[{"name": "m", "text": "t", "stability": "wobbly"}]),
            "stability: String should match pattern '^(static|slow|volatile)",
        ),
        (json.dumps({**GOOD, "task": "babyai/open"}).encode(), f"none of {TASK}"),
    ],
)
def test_a_bad_file_is_one_clear_line_and_nothing_starts(ludometer, tmp_path, content, words):
    path = tmp_path / "demos.jsonl"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    run = ("run", "--task", TASK, "--agent", f'few-shot(demos="{path}")', "--model", "scripted")
    code, said = ludometer(*run, "--out", tmp_path / "run")
    assert code == 2
    one_line(said)
    assert words in said
    assert str(path) in said
    assert not (tmp_path / "run" / "episodes").exists()


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("few-shot", 'few-shot needs demonstrations: few-shot(demos="FILE")'),
        ("few-shot(demos=3)", "demos=3"),
        ('few-shot(demos="x",examples=0)', "examples=0"),
        ('few-shot(demos="x",steps=0)', "steps=0"),
        ("few-shot(demos=a/b.jsonl)", "cannot read 'few-shot(demos=a/b.jsonl)' at character 17"),
        ("few-shot(demos=/a/b.jsonl)", "cannot read 'few-shot(demos=/a/b.jsonl)' at character 16"),
    ],
)
def test_settings_that_do_not_serve_are_one_clear_line(ludometer, tmp_path, agent, words):
    run = ("run", "--task", TASK, "--agent", agent, "--model", "scripted", "--out", tmp_path / "run")
    code, said = ludometer(*run)
    assert code == 2
    one_line(said)
    assert words in said
    assert not (tmp_path / "run" / "episodes").exists()


def test_what_is_evaluated_is_never_shown(ludometer, tmp_path, oracle_run):
    """Demonstrations of a run's own seeds are refused for these seeds, and taken for others."""
    demos = tmp_path / "own.jsonl"
    assert ludometer("demos", oracle_run, "--out", demos) == (0, "")
    few_shot = ("--agent", f'few-shot(demos="{demos}")', "--model", "scripted")
    game = ("run", "--task", TASK, "--episodes", "1", "--steps", "2", "--no-report")
    code, said = ludometer(*game, *few_shot, "--out", tmp_path / "run")
    assert code == 2
    one_line(said)
    assert "are of the seeds that are evaluated (adhoc 1); record others with --seeds NAME" in said
    assert not (tmp_path / "run" / "episodes").exists()
    assert ludometer(*game, *few_shot, "--seeds", "new", "--out", tmp_path / "run")[0] == 0

    other = ("run", "--task", TASK, "--agent", "oracle", "--episodes", "1", "--no-report", "--seeds", "other")
    assert ludometer(*other, "--out", tmp_path / "other")[0] == 0
    assert ludometer("demos", tmp_path / "other", "--out", demos) == (0, "")
    assert ludometer(*game, *few_shot, "--out", tmp_path / "run2")[0] == 0
    code, said = ludometer(*game, *few_shot, "--seeds", "other", "--out", tmp_path / "run3")
    assert code == 2
    assert "are of the seeds that are evaluated (other)" in said


def test_the_oracles_own_series_is_refused_too(ludometer, tmp_path, oracle_file):
    few_shot = ("--agent", f'few-shot(demos="{oracle_file}")', "--model", "scripted")
    run = ("run", "--task", TASK, *few_shot, "--seeds", SERIES, "--out", tmp_path / "run")
    code, said = ludometer(*run)
    assert code == 2
    assert f"are of the seeds that are evaluated ({SERIES})" in said


# ----------------------------------------------------------------------------------------- shown


class Listener:
    """A model that remembers what it was asked, by index of the episode."""

    def __init__(self):
        self.asked = {}

    def __call__(self, request):
        number = int(request.episode.partition("#")[0].rpartition("/")[2])
        self.asked.setdefault(number, []).append(request)
        return request.choices[request.turn % len(request.choices)]


def few_shot(path, **settings):
    more = "".join(f",{key}={value}" for key, value in settings.items())
    return f'few-shot(demos="{path}"{more})'


def words_of(demonstration):
    return [observation_text(step.observation) for step in demonstration.steps]


def test_the_request_holds_the_demonstration_ahead_of_the_episode(play, oracle_file):
    model = Listener()
    agent = few_shot(oracle_file, history="full(tokens=100000)")
    (episode,) = play(model, tasks=(TASK,), agents=(agent,), episodes=1, limits={"steps": 6})
    shown = read(oracle_file)[0]
    requests = model.asked[0]
    assert len(requests) == len(episode.turns) == 6
    for at, request in enumerate(requests):
        system, *talk = request.messages
        assert system.role == "system"
        assert "First you are shown an example of the same task" in system.text
        assert [message.role for message in talk] == ["user", "assistant"] * (len(talk) // 2) + ["user"]
        ahead, own = talk[: 2 * len(shown.steps)], talk[2 * len(shown.steps) :]
        assert [message.text for message in ahead[1::2]] == [step.action for step in shown.steps]
        first, *rest = words_of(shown)
        assert [m.text for m in ahead[::2]] == ["Example 1 begins.\n\n" + first, *rest]
        assert own[0].text.startswith("The examples are over. Your own game begins.\n\n[mission]")
        assert len(own) == 2 * at + 1
        assert [m.text for m in own[1::2]] == [t.decision.text for t in episode.turns[:at]]
        assert "The examples are over" not in "".join(m.text for m in (*ahead, *own[1:]))
        assert request.stable == len(request.messages)
        if at:  # append-only: each request begins with the one before
            before = requests[at - 1].messages
            assert request.messages[: len(before)] == before
    recorded = [messages for *_, messages in episode.requests()]
    assert recorded == [message_records(request.messages) for request in requests]


def test_the_demonstration_stays_when_the_history_drops_turns(play, oracle_file):
    model = Listener()
    play(
        model,
        tasks=(TASK,),
        agents=(few_shot(oracle_file, history="window(turns=2)"),),
        episodes=1,
        limits={"steps": 6},
    )
    count = 1 + 2 * len(read(oracle_file)[0].steps)
    assert len({request.messages[:count] for request in model.asked[0]}) == 1
    assert [len(request.messages) - count for request in model.asked[0]] == [1, 3, 5, 5, 5, 5]
    for request in model.asked[0]:
        assert request.messages[count].text.startswith("The examples are over")


def test_the_best_are_shown_first_and_only_so_many_and_so_long(play, oracle_file, tmp_path):
    one, two = read(oracle_file)
    poor = two.model_copy(update={"progress": 0.25})
    other = by_oracle("babyai/open", 3, observe="text", steps=9)
    write(tmp_path / "demos", [other, poor, one])
    model = Listener()
    spec = {"tasks": (TASK,), "episodes": 1, "limits": {"steps": 1}}
    play(model, agents=(few_shot(tmp_path / "demos", examples=1),), folder="one", **spec)
    play(model, agents=(few_shot(tmp_path / "demos", examples=5, steps=2),), folder="more", **spec)
    first, second = model.asked[0]
    assert len(first.messages) == 1 + 2 * len(one.steps) + 1
    assert first.messages[1].text.endswith(words_of(one)[0])
    assert "shown 2 examples of" in second.messages[0].text
    expected = [words_of(one)[:2], words_of(two)[:2]]
    shown = [message.text for message in second.messages[1:-1:2]]
    assert shown == [
        "Example 1 begins.\n\n" + expected[0][0], expected[0][1],
        "Example 2 begins.\n\n" + expected[1][0], expected[1][1],
    ]  # fmt: skip


def test_a_demonstration_with_the_very_seed_of_the_episode_is_not_shown(play, tmp_path):
    """Whatever its series says: a seed may be in two of them."""
    same = by_oracle(TASK, episode_seed("adhoc", "1", TASK, 0), observe="text", steps=5)
    other = by_oracle(TASK, 5, observe="text", steps=5)
    write(tmp_path / "demos", [same, other])
    model = Listener()
    agent = few_shot(tmp_path / "demos", examples=2)
    episodes = play(model, tasks=(TASK,), agents=(agent,), episodes=2, limits={"steps": 2})
    assert episodes[0].header.seed == same.seed
    own, foreign = (
        [[m.text.removeprefix("Example 1 begins.\n\n") for m in r.messages[1:-1]] for r in model.asked[index]]
        for index in (0, 1)
    )
    for request in own:
        assert request[:10:2] == words_of(other)
        assert not set(request[:10]) & set(words_of(same)[:1])
    for request in foreign:
        assert request[:10:2] == words_of(same)
        assert request[12:20:2] == words_of(other)[1:]


@pytest.mark.parametrize("observe", ["image", "both"])
def test_pictures_are_shown_as_pictures(play, ludometer, tmp_path, observe):
    path = tmp_path / "demos.jsonl"
    assert ludometer("demos", "--task", TASK, "--observe", observe, "--out", path) == (0, "")
    (shown,) = read(path)
    model = Listener()
    agent = few_shot(path, steps=4)
    (episode,) = play(model, tasks=(TASK,), agents=(agent,), episodes=1, observe=observe, limits={"steps": 2})
    for request in model.asked[0]:
        pictures = [
            [part.png for part in message.parts if isinstance(part, Image)] for message in request.messages
        ]
        assert pictures[0] == []
        assert pictures[1:9:2] == [[step.picture] for step in shown.steps[:4]]
        assert pictures[2:9:2] == [[]] * 4
        assert len(pictures[-1]) == 1
        assert ("[mission]" in request.messages[3].text) == (observe == "both")
        assert request.messages[:9] == model.asked[0][0].messages[:9]
    assert episode.turns[0].calls[0].pictures == 5


def test_a_step_that_shows_nothing_is_still_a_message(play, tmp_path):
    """As when a perturbation hides the only section; services refuse a message without content."""
    blind = Demonstration.model_validate({**GOOD, "steps": [{"action": "drop"}, {"action": "toggle"}]})
    write(tmp_path / "demos", [blind])
    model = Listener()
    play(model, tasks=(TASK,), agents=(few_shot(tmp_path / "demos"),), episodes=1, limits={"steps": 1})
    assert all(message.text.strip() for message in model.asked[0][0].messages)


def test_an_episode_does_not_go_on_with_other_demonstrations(ludometer, tmp_path, oracle_file):
    """Its requests would no longer be those that it began with."""
    shown = tmp_path / "demos.jsonl"
    lines = oracle_file.read_text().splitlines(keepends=True)
    shown.write_text("".join(lines))
    command = [
        "run", "--task", TASK, "--agent", f'few-shot(demos="{shown}")', "--model", "scripted:turn left",
        "--episodes", "1", "--steps", "4", "--no-report", "--out", str(tmp_path / "run"),
    ]  # fmt: skip
    assert ludometer(*command)[0] == 0
    (file,) = (tmp_path / "run" / "episodes").rglob("*.jsonl")
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:4]))
    changed = json.loads(lines[0])
    changed["steps"] = changed["steps"][:1]
    shown.write_text(json.dumps(changed) + "\n")
    assert ludometer(*command)[0] == 1
    assert "not those that this episode began with" in file.read_text()
    shown.write_text("".join(lines))
    assert ludometer(*command)[0] == 0
