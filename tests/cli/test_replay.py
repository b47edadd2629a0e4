"""``ludometer replay`` at the command line: what it says, what it refuses, what it leaves alone."""

import subprocess
import sys
import time

import pytest
from ludometer_test_runs import run

from harness.cli import main
from harness.spec import RunSpec

HOSTILE = "\x1b[31mred\x07 [bold]x[/bold] \u202e \x00"


def only(folder):
    (file,) = (folder / "episodes").rglob("*.jsonl")
    return file


@pytest.fixture(scope="module")
def episode(tmp_path_factory):
    """Two turns with words, and one that is lost."""
    folder = tmp_path_factory.mktemp("replay") / "run"
    model = f"scripted:{HOSTILE}\nAction: turn left,fly away,Action: go forward"
    spec = RunSpec(
        tasks=("babyai/goto",), agents=("cot",), models=(model,), episodes=1, seeds="x", limits={"turns": 3}
    )
    assert not run(folder, spec).failed
    return only(folder)


@pytest.fixture
def ludometer(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return stopped.value.code, said.out, said.err

    return call


def test_an_episode_is_told_turn_by_turn(ludometer, episode):
    code, out, err = ludometer("replay", episode)
    assert (code, err) == (0, "")
    turns = out.split("── turn ")
    assert len(turns) == 4
    for turn in turns[1:]:
        assert "[mission]" in turn and "answer:" in turn
    assert "turn left → reward 0, progress 0.000" in turns[1]
    assert "no action" in turns[2]
    assert "── truncated (turns) ──" in turns[3]


def test_nothing_steers_the_terminal_and_nothing_waits_in_a_pipe(ludometer, episode, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("waited"))
    code, out, _ = ludometer("replay", episode)
    assert code == 0
    assert not [char for char in out if ord(char) < 32 and char != "\n"]
    assert "\\x1b[31mred\\x07 [bold]x[/bold] \\u202e \\x00" in out


@pytest.mark.parametrize(
    ("speed", "waits"), [((), [1.0] * 3), (("--speed", "4"), [0.25] * 3), (("--speed", "0"), [])]
)
def test_in_a_terminal_each_turn_can_be_read(ludometer, episode, monkeypatch, speed, waits):
    waited = []
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(time, "sleep", waited.append)
    assert ludometer("replay", episode, *speed)[0] == 0
    assert waited == waits


@pytest.mark.parametrize(
    ("turns", "shown", "end"),
    [
        ("1:2", [1], False),
        ("1:", [1, 2], True),
        (":1", [0], False),
        ("-1", [2], True),
        ("0:99", [0, 1, 2], True),
    ],
)
def test_turns_can_be_picked(ludometer, episode, turns, shown, end):
    code, out, _ = ludometer("replay", episode, f"--turns={turns}")
    assert code == 0
    assert [index for index in range(3) if f"── turn {index} ──" in out] == shown
    assert ("── truncated" in out) == end


def test_a_video_says_what_it_is(ludometer, episode, tmp_path):
    path = tmp_path / "out.gif"
    code, out, err = ludometer("replay", episode, "--video", path, "--turns", "0:2", "--scale", "2")
    assert (code, err) == (0, "")
    assert out.startswith(f"video: {path} (2 frames of 1280 × 720, ")
    assert path.read_bytes().startswith(b"GIF89a")


def test_a_video_that_is_there_is_kept_unless_forced(ludometer, episode, tmp_path):
    path = tmp_path / "out.mp4"
    path.write_text("mine")
    code, _, err = ludometer("replay", episode, "--video", path)
    assert (code, err) == (2, f"error: '{path}' is there already; --force replaces it\n")
    assert path.read_text() == "mine"
    assert ludometer("replay", episode, "--video", path, "--force", "--turns", "0")[0] == 0
    assert path.read_bytes()[4:8] == b"ftyp"
    assert [file.name for file in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--video", "out.avi"], "has to end in .mp4, .gif or .webm"),
        (["--video", "out"], "has to end in .mp4, .gif or .webm"),
        (["--video", "folder.mp4"], "is not a file"),
        (["--video", "nowhere/out.mp4"], "there is no folder"),
        (["--video", "out.mp4", "--speed", "0"], "from 0.01 to 50"),
        (["--video", "out.mp4", "--speed", "nan"], "from 0.01 to 50"),
        (["--video", "out.mp4", "--speed", "1e9"], "from 0.01 to 50"),
        (["--speed", "-1"], "from 0.01 to 50"),
        (["--speed", "quick"], "--speed"),
        (["--scale", "2"], "are for --video"),
        (["--force"], "are for --video"),
        (["--video", "out.mp4", "--scale", "0"], "--scale"),
        (["--video", "out.mp4", "--scale", "999"], "use a smaller --scale"),
        (["--turns", "3:9"], "has the turns 0 to 2"),
        (["--turns", "x"], "expected A:B"),
    ],
    ids=lambda case: " ".join(case)[:50] if isinstance(case, list) else "",
)
def test_a_bad_input_is_one_clear_line(ludometer, episode, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.mp4").mkdir()
    code, out, err = ludometer("replay", episode, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: ")
    assert words in err
    assert [file.name for file in tmp_path.iterdir()] == ["folder.mp4"]


def test_a_file_that_is_no_episode_is_one_clear_line(ludometer, tmp_path):
    for name, content, words in (
        ("missing.jsonl", None, "is not a file"),
        ("empty.jsonl", "", "holds no episode"),
        ("other.jsonl", '{"a": 1}\n', "other.jsonl"),
    ):
        if content is not None:
            (tmp_path / name).write_text(content)
        code, _, err = ludometer("replay", tmp_path / name)
        assert (code, err.count("\n")) == (2, 1)
        assert words in err


def test_what_does_not_replay_is_one_clear_line(ludometer, episode, tmp_path):
    text = episode.read_text().replace('"action":"go forward","reward"', '"action":"turn left","reward"')
    (tmp_path / "0000.jsonl").write_text(text)
    for video in ((), ("--video", tmp_path / "out.mp4")):
        code, _, err = ludometer("replay", tmp_path / "0000.jsonl", *video)
        assert (code, err.count("\n")) == (2, 1)
        assert "no longer gives what was recorded (another version?), in turn 2" in err
    assert [file.name for file in tmp_path.iterdir()] == ["0000.jsonl"]


def test_an_episode_that_failed_is_shown_as_far_as_it_went(ludometer, episode, tmp_path):
    lines = episode.read_text().splitlines(keepends=True)
    failure = '{"kind":"failure","turn":2,"outcome":"timeout","error":"E","message":"gone\\u001b[0m"}\n'
    (tmp_path / "0000.jsonl").write_text("".join(lines[:4]) + failure)
    code, out, _ = ludometer("replay", tmp_path / "0000.jsonl")
    assert code == 0
    assert out.endswith("failed at turn 2: timeout: gone\\x1b[0m\n── failed ──\n")
    assert ludometer("replay", tmp_path / "0000.jsonl", "--video", tmp_path / "a.gif")[0] == 0


def test_a_game_that_is_never_the_same_is_said_to_be_so(ludometer, tmp_path):
    task = "gymnasium/ludometer_test_worlds:TestLoose-v0"
    spec = RunSpec(tasks=(task,), agents=("direct",), models=("scripted:calm",), episodes=1)
    assert not run(tmp_path / "run", spec).failed
    code, out, err = ludometer("replay", only(tmp_path / "run"))
    assert (code, err.count("\n")) == (0, 1)
    assert "note: the game is not deterministic" in err
    assert out.count("── turn ") == 8
    assert ludometer("replay", only(tmp_path / "run"), "--video", tmp_path / "a.webm")[0] == 0


def test_without_pyav_the_extra_is_named(episode, tmp_path):
    code = (
        "import sys; sys.modules['av'] = None\n"
        "from harness.cli import main; main(sys.argv[1:])\n"
    )  # fmt: skip
    command = [sys.executable, "-c", code, "replay", str(episode), "--video", str(tmp_path / "a.gif")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == 'error: videos need PyAV: pip install "ludometer[video]"\n'
    assert not list(tmp_path.iterdir())
