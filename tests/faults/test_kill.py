"""Runs that are killed with -9 at random moments and started again until they are done.

However often, whatever is killed: the episodes end as those of a run that nobody disturbed, and no call is
asked twice whose answer had come. A server that counts shows it. An answer that was on its way at the
moment of the kill has to be asked for again: nobody can write down what has not arrived. Half of the
kills therefore come while the server holds its answers back, once all that it gave are on disk: there
the count is exact. For the others, what was on its way is counted, and must have left just before.
"""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
import yaml
from ludometer_test_runs import content

from harness.journal import read as read_journal
from harness.records import Status, read_run
from harness.testing.server import FakeServer

RUNS = 100
QUICK = 4
"""So many in `make test`, all in the slow tier."""

PLAY = Path(__file__).parents[1] / "shared" / "ludometer_test_play.py"
CONCURRENCY = 8
AT_ONCE = 3 * CONCURRENCY
"""Calls: one of the agents asks three at a time."""

ON_ITS_WAY = 0.5
"""Seconds within which an answer that left the server is on disk, on a busy machine."""


class Latency:
    """Answers that take a random while, the same words for the same conversation."""

    def __init__(self):
        self._dice = random.Random(0)

    def __call__(self, asked):
        time.sleep(self._dice.uniform(0.0, 0.04))
        given = sum(role == "assistant" for role, _ in asked.messages)
        digest = hashlib.sha256(json.dumps(asked.messages).encode()).digest()
        names = asked.choices or ("go forward", "turn left", "turn right", "nonsense")
        name = names[(digest[0] + given) % len(names)]
        return name if asked.choices else f"I think.\nAction: {name}"


@pytest.fixture(scope="module")
def server():
    with FakeServer() as server:
        server.reply = Latency()
        yield server


@pytest.fixture(scope="module")
def config(server, tmp_path_factory):
    file = tmp_path_factory.mktemp("config") / "run.yaml"
    spec = {
        "tasks": ["babyai/goto", "babyai/open"],
        "agents": ["direct", "vote(samples=3)", "reflexion(trials=2)"],
        "models": ["openai:m"],
        "episodes": 2,
        "limits": {"steps": 5, "turns": 5},
        "concurrency": CONCURRENCY,
        "workers": 2,
        "provider_options": {"openai": {"base_url": server.url("openai")}},
    }
    file.write_text(yaml.safe_dump(spec))
    return file


def start(config, folder):
    command = [sys.executable, str(PLAY), str(config), str(folder)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True, text=True)


def finish(process):
    _, said = process.communicate(timeout=120)
    return process.returncode, said


@pytest.fixture(scope="module")
def undisturbed(config, server, tmp_path_factory):
    """What a run comes to, how often it asks the same, and how long it plays."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    process = start(config, folder)
    wait_for(lambda: list(folder.rglob("*.jsonl")), process)
    begun = time.monotonic()
    assert finish(process) == (0, "")
    assert not list(folder.rglob("*.calls"))
    return content(folder), repeated(server), time.monotonic() - begun


def repeated(server):
    """Answers to requests that had been answered before."""
    counts = Counter(json.dumps(asked.body, sort_keys=True) for asked, _ in server.answered)
    return sum(count - 1 for count in counts.values())


def wait_for(happened, process):
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        if process.poll() is not None:
            return
        time.sleep(0.005)


def recorded(folder):
    """The calls that are on disk: (episode, turn, call) of turns that are over and of those under way."""
    found = set()
    for episode in read_run(folder):
        name = episode.header.episode
        for turn in episode.turns:
            found |= {(name, turn.index, number) for number in range(len(turn.calls))}
        if episode.memory is not None:
            found |= {(name, len(episode.turns), number) for number in range(len(episode.memory.calls))}
    for file in (folder / "episodes").rglob("*.calls"):
        name = str(file.relative_to(folder / "episodes").with_suffix(""))
        found |= {(name, kept.turn, kept.call) for kept in read_journal(file)}
    return found


def workers_of(process):
    """The worker processes that have worlds in them by now."""
    try:
        return psutil.Process(process.pid).children()
    except psutil.NoSuchProcess:
        return []


def kill(what, process):
    """The whole tree at once, the process, or one of its workers."""
    workers = workers_of(process)
    if what == "worker":
        for victim in workers[:1]:
            victim.kill()
        return
    if what == "tree":
        os.kill(process.pid, signal.SIGSTOP)  # so that none of them sees another one die
        for worker in workers:
            worker.kill()
    process.kill()
    process.wait()
    psutil.wait_procs(workers, timeout=10)


@pytest.mark.parametrize(
    "number", [pytest.param(n, marks=() if n < QUICK else pytest.mark.slow) for n in range(RUNS)]
)
def test_killed_anywhere_a_run_ends_the_same_and_asks_nothing_twice(
    number, config, server, undisturbed, tmp_path
):
    expected, repeats, seconds = undisturbed
    dice = random.Random(number)
    folder = tmp_path / "run"
    server.reset()
    server.reply = Latency()
    lost = 0  # answers that were on their way when their run was killed
    for what in dice.choices(["process", "worker", "tree"], k=2):
        process = start(config, folder)
        wait_for(lambda: list(folder.rglob("*.jsonl")), process)
        time.sleep(dice.uniform(0.0, seconds))
        if what == "worker":
            kill(what, process)
            assert finish(process) == (0, "")
        elif dice.random() < 0.5:
            with server.holding():
                wait_for(lambda: len(recorded(folder)) == len(server.answered) - lost, process)  # noqa: B023
                kill(what, process)
            assert len(recorded(folder)) == len(server.answered) - lost
        else:
            killed = time.monotonic()
            kill(what, process)
            late = len(server.answered) - lost - len(recorded(folder))
            assert 0 <= late <= min(AT_ONCE, left_since(server, killed - ON_ITS_WAY))
            lost += late
        process.stderr.close()
    assert finish(start(config, folder)) == (0, "")
    print(f"answers on their way: {lost}")  # noqa: T201 - shown with -rP
    assert content(folder) == expected
    assert all(episode.status is Status.DONE for episode in read_run(folder))
    assert not list(folder.rglob("*.calls"))
    assert len(server.answered) == sum(len(episode.calls) for episode in read_run(folder)) + lost
    assert repeated(server) == repeats + lost


def left_since(server, moment):
    """Answers that left the server after a moment."""
    return sum(at >= moment for _, at in server.answered)
