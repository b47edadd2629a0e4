"""A person plays at the terminal: what is typed, what is shown, and how it stops and goes on."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import time

import gymnasium
import numpy as np
import pandas as pd
import pytest
from gymnasium.envs.registration import EnvSpec
from ludometer_test_worlds import hostile

from harness.agents.human import blocks
from harness.cli import main
from harness.records import Status, read_run
from harness.seeds import episode_seed
from harness.world import World

LUDOMETER = [sys.executable, "-c", "from harness.cli import main; main()"]
PROMPT = ":q to stop"


@pytest.fixture
def typed(capfd):
    """Give the command line's standard input these lines and then its end; the exit code and what it says."""

    def run(lines, *arguments):
        read, write = os.pipe()
        os.write(write, "".join(line + "\n" for line in lines).encode())
        os.close(write)
        kept = os.dup(0)
        os.dup2(read, 0)
        os.close(read)
        try:
            with pytest.raises(SystemExit) as stopped:
                main([str(argument) for argument in arguments])
        finally:
            os.dup2(kept, 0)
            os.close(kept)
        return stopped.value.code, capfd.readouterr().err

    return run


class Terminal:
    """A process whose standard error is read as it comes."""

    def __init__(self, *arguments, **kwargs):
        self.process = subprocess.Popen(
            [*LUDOMETER, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **kwargs
        )
        self.said = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def until(self, text):
        deadline = time.monotonic() + 60
        os.set_blocking(self.process.stderr.fileno(), False)
        while text not in self.said and time.monotonic() < deadline:
            self.said += (self.process.stderr.read() or b"").decode()
            time.sleep(0.01)
        assert text in self.said

    def end(self, seconds=20):
        begun = time.monotonic()
        _, rest = self.process.communicate(timeout=seconds)
        self.said += (rest or b"").decode()
        return self.process.returncode, time.monotonic() - begun


def actions(episode):
    return [step.action for turn in episode.turns for step in turn.steps]


def test_a_person_plays_stops_and_goes_on_in_the_middle(tmp_path):
    command = [
        *LUDOMETER,
        "play",
        "babyai/goto",
        "--episodes",
        "2",
        "--steps",
        "4",
        "--out",
        tmp_path / "run",
    ]
    first = "turn left\n2\n:a\ncolourless green ideas\n\n 99 \n:A"
    done = subprocess.run(command, input=first, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert "the same command goes on from here" in done.stderr
    assert done.stderr.count("That names no action.") == 4  # words, nothing, a number too large, ":A"
    assert "   2  turn right: turn 90 degrees" in done.stderr
    (begun,) = read_run(tmp_path / "run")
    assert begun.status is Status.UNFINISHED
    assert actions(begun) == ["turn left", "turn right"]
    before = begun.path.read_bytes()

    rest = "3\nGo Forward.\n" + "1\n" * 4
    done = subprocess.run(command, input=rest, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert begun.path.read_bytes().startswith(before)
    assert "── turn 2 ──" in done.stderr.split("── turn 0 ──")[0]
    # Who comes back is told what the game is.
    assert "You control an agent" in done.stderr.split("── turn 2 ──")[0]
    episodes = read_run(tmp_path / "run")
    assert [e.status for e in episodes] == [Status.DONE] * 2
    assert [actions(e) for e in episodes] == [
        ["turn left", "turn right", "go forward", "go forward"],
        ["turn left"] * 4,
    ]
    for episode in episodes:
        assert (episode.header.agent, episode.header.series) == ("human", "play")
        assert episode.header.seed == episode_seed("play", "", "babyai/goto", episode.header.index)
        assert {turn.decision.outcome for turn in episode.turns} <= {"ok", "repaired"}
        assert all(turn.calls == () for turn in episode.turns)
    assert [turn.decision.outcome for turn in episodes[1].turns] == ["ok"] * 4
    table = pd.read_csv(tmp_path / "run" / "scores.csv")
    assert list(table["agent"]) == ["human", "human"]
    assert list(table["score"]) == [e.end.progress.value for e in episodes]


def test_scores_are_those_of_an_agent_that_does_the_same(typed, tmp_path):
    game = ("babyai/goto", "--steps", "3", "--seeds", "same", "--episodes", "2")
    assert typed(["2"] * 6, "play", *game, "--out", tmp_path / "human")[0] == 0
    scripted = ("--model", "scripted:turn right", "--agent", "direct", "--no-report")
    assert typed([], "run", "--task", *game, *scripted, "--out", tmp_path / "model")[0] == 0
    human, model = (pd.read_csv(tmp_path / name / "scores.csv") for name in ("human", "model"))
    assert list(human.columns) == list(model.columns)
    for column in ("task", "index", "seed", "score", "steps"):
        assert list(human[column]) == list(model[column]), column


def test_colon_q_stops(typed, tmp_path):
    code, said = typed(["1", ":q", "1", "1"], "play", "babyai/goto", "--out", tmp_path / "run")
    assert code == 130
    assert "the player stopped" in said
    assert [actions(e) for e in read_run(tmp_path / "run")] == [["turn left"]]


def test_an_interrupt_ends_it_at_once(tmp_path):
    with Terminal("play", "babyai/goto", "--out", tmp_path / "run", stdin=subprocess.PIPE) as terminal:
        terminal.until(PROMPT)
        terminal.process.send_signal(signal.SIGINT)
        code, seconds = terminal.end()
    assert code == 130
    assert seconds < 10
    assert "Traceback" not in terminal.said
    assert "Fatal Python error" not in terminal.said
    assert [e.status for e in read_run(tmp_path / "run")] == [Status.UNFINISHED]


def _own_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_control_c_in_a_terminal(tmp_path):
    """As a person does it: lines and Ctrl-C through a terminal's line discipline."""
    keys, line = pty.openpty()
    try:
        arguments = ("play", "babyai/goto", "--out", tmp_path / "run")
        with Terminal(*arguments, stdin=line, preexec_fn=_own_terminal) as terminal:
            terminal.until(PROMPT)
            os.write(keys, b"turn rigth\x7f\x7f\x7fght\n")  # three backspaces
            terminal.until("── turn 1 ──")
            os.write(keys, b"half a li\x03")
            code, _ = terminal.end()
    finally:
        os.close(keys)
        os.close(line)
    assert code == 130
    assert "Traceback" not in terminal.said
    assert "Fatal Python error" not in terminal.said
    assert [actions(e) for e in read_run(tmp_path / "run")] == [["turn right"]]


def keyboard(then, stdin):
    """A process that reads one line as the player does, prints it, and does something more."""
    code = (
        "import asyncio, time\n"
        "from harness.agents.human import _keyboard\n"
        f"print(asyncio.run(_keyboard.line('> ')), flush=True)\n{then}\n"
    )
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code], stdin=stdin, stdout=pipe, stderr=pipe)


def test_a_terminal_that_goes_away_is_the_end_of_the_input():
    keys, line = pty.openpty()
    process = keyboard("", line)
    os.close(line)
    try:
        assert process.stderr.read(2) == b"> "
        time.sleep(0.3)  # the read is under way
        os.close(keys)
        assert process.communicate(timeout=20) == (b"None\n", b"")
    finally:
        process.kill()


def test_lines_that_come_when_nobody_waits_do_no_harm():
    process = keyboard("time.sleep(0.3)", subprocess.PIPE)
    process.stdin.write(b"one\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"one\n"  # the loop that waited is closed now
    assert process.communicate(b"two\n", timeout=20) == (b"", b"> ")
    assert process.returncode == 0


def test_where_standard_input_was_closed_another_file_with_its_number_is_not_read(
    typed, tmp_path, monkeypatch
):
    monkeypatch.setattr(sys, "stdin", None)
    code, _ = typed(["1"], "play", "babyai/goto", "--out", tmp_path / "run")
    assert code == 130
    assert [actions(e) for e in read_run(tmp_path / "run")] == [[]]


@pytest.mark.parametrize("line", ["²", "٣", "9" * 5000, "0", "-1", "7", "\x1b[A"])
def test_what_looks_like_a_number_and_is_none_is_asked_for_again(typed, tmp_path, line):
    code, said = typed([line, "1"], "play", "babyai/goto", "--steps", "1", "--out", tmp_path / "run")
    assert code == 0
    assert said.count("That names no action.") == 1
    (episode,) = read_run(tmp_path / "run")
    assert actions(episode) == ["turn left"]
    assert not episode.failures


def test_where_actions_are_numbers_a_number_is_the_action(typed, tmp_path):
    game = ("gymnasium:FrozenLake-v1", "--steps", "2")
    code, said = typed(["0", ":a", "1"], "play", *game, "--out", tmp_path / "run")
    assert code == 0
    assert [actions(e) for e in read_run(tmp_path / "run")] == [["0", "1"]]
    assert "2  1:" not in said  # a list with other numbers beside these would mislead


def test_a_free_text_game_takes_keys_as_they_are_typed(typed, tmp_path):
    """Capitals are other keys than small letters, and a full stop is a key."""
    keys = ["20s", "k", "K", ".", ":", "Search", "open west", "`"]
    game = ("nethack/NetHackChallenge-v0", "--steps", str(len(keys)))
    code, said = typed(["", "\x1b[A", *keys], "play", *game, "--out", tmp_path / "run")
    assert code == 0
    (episode,) = read_run(tmp_path / "run")
    assert actions(episode) == keys
    assert {turn.decision.outcome for turn in episode.turns} == {"ok"}
    assert said.count("That names no action.") == 2
    assert "its number" not in said


def test_a_free_text_game_says_itself_what_it_does_not_take(typed, tmp_path):
    game = ("nethack/NetHackChallenge-v0", "--steps", "2")
    code, said = typed(["xyzzy plugh", "search", "s"], "play", *game, "--out", tmp_path / "run")
    assert code == 0
    (episode,) = read_run(tmp_path / "run")
    assert [turn.decision.outcome for turn in episode.turns][:2] == ["invalid_action", "ok"]
    assert "Nothing happened" in said


def test_a_picture_is_drawn_in_half_blocks(typed, tmp_path):
    game = ("babyai/goto", "--observe", "image", "--steps", "1")
    code, said = typed(["1"], "play", *game, "--out", tmp_path / "run")
    assert code == 0
    world = World("babyai/goto", observe="image")
    _, frame = world.reset(episode_seed("play", "", "babyai/goto", 0))
    world.close()
    drawn = blocks(frame.observation.image)
    assert drawn in said
    assert {line.count("▀") for line in drawn.splitlines()} == {80}
    assert "[mission]" not in said


def test_half_blocks_have_the_colours_of_two_pixels():
    image = np.zeros((4, 80, 3), dtype=np.uint8)
    image[0] = (255, 0, 0)
    image[1] = (0, 0, 255)
    upper, lower = blocks(image).splitlines()
    assert upper == "\x1b[38;2;255;0;0;48;2;0;0;255m▀" * 80 + "\x1b[0m"
    assert lower == "\x1b[38;2;0;0;0;48;2;0;0;0m▀" * 80 + "\x1b[0m"
    wide = blocks(np.zeros((10, 800, 3), dtype=np.uint8)).splitlines()
    assert [line.count("▀") for line in wide] == [80]


EVIL = "\x1b]0;owned\x07\x1b[2J\u202eabc\x9b31m"


Hostile = hostile(EVIL)


def test_hostile_text_is_escaped_wherever_it_is_shown(typed, tmp_path, monkeypatch):
    monkeypatch.setitem(gymnasium.registry, "Hostile-v0", EnvSpec("Hostile-v0", Hostile))
    game = ("gymnasium:Hostile-v0", "--steps", "2")
    code, said = typed(["stay", ":a", "\x1b[31m", "stay"], "play", *game, "--out", tmp_path / "run")
    assert code == 0
    assert not set(said) & {"\x1b", "\x07", "\x9b", "\u202e"}
    assert said.count(r"value: \x1b]0;owned\x07\x1b[2J\u202eabc\x9b31m") == 2  # observations
    assert r"- \x1b]0;owned" in said  # instructions
    assert r"  2  \x1b]0;owned" in said  # the list


def test_tasks_are_played_one_after_the_other(typed, tmp_path):
    tasks = ("babyai/goto", "babyai/open")
    arguments = [part for task in tasks for part in ("--task", task)]
    command = ("run", "--agent", "human", *arguments, "--steps", "2", "--episodes", "1", "--no-report")
    code, said = typed(["1", "2", "2"], *command, "--out", tmp_path / "run")
    assert code == 130
    shown = [line for line in said.splitlines() if line.startswith("── turn ") or line in tasks]
    assert [line.strip("─ ") for line in shown] == [
        tasks[0],
        "turn 0",
        "turn 1",
        tasks[1],
        "turn 0",
        "turn 1",
    ]
    assert [actions(e) for e in read_run(tmp_path / "run")] == [["turn left", "turn right"], ["turn right"]]


def test_who_stops_is_not_asked_about_the_next_task(typed, tmp_path):
    command = ("run", "--agent", "human", "--task", "babyai/goto", "--task", "babyai/open", "--no-report")
    code, said = typed([":q"], *command, "--out", tmp_path / "run")
    assert code == 130
    assert "babyai/open\n" not in said
    assert said.count(PROMPT) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["babyai/gotoo"], "did you mean 'babyai/goto'"),
        (["babyai/goto", "--episodes", "0"], "episodes"),
        (["babyai/goto", "--steps", "0"], "steps"),
        (["atari/alien", "--observe", "text"], "use --observe image"),
        ([], "Missing argument 'TASK'"),
    ],
    ids=lambda case: " ".join(case)[:40],
)
def test_bad_input_is_one_clear_line(typed, tmp_path, arguments, words):
    code, said = typed(["1"], "play", *arguments, "--out", tmp_path / "run")
    assert code == 2
    assert words in said
    assert (said.startswith("error: "), said.count("\n")) == (True, 1)
    assert not (tmp_path / "run" / "episodes").exists()
