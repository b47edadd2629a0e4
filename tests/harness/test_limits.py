"""What ends an episode early: it is truncated, keeps its progress, and says which limit it was.

Three clocks are kept apart: waiting for the provider, the model, the environment. Only the last two count.
"""

import pytest
from ludometer_test_runs import run

from harness.client import ModelClient, RetryPolicy
from harness.records import Ending, read_run
from harness.spec import RunSpec
from harness.testing.server import FakeServer, Fault

TASK = "minigrid/MiniGrid-DoorKey-5x5-v0"  # turning around does not end it
BLOCKING = "gymnasium/ludometer_test_worlds:TestBlocking-v0"


def played(folder, **settings):
    base = {"tasks": (TASK,), "agents": ("direct",), "episodes": 1, "models": ("scripted:turn left",)}
    result = run(folder, RunSpec(**{**base, **settings}))
    assert result.done == 1
    return next(iter(read_run(folder)))


def ended_by(episode, limit):
    assert (episode.end.ending, episode.end.limit) == (Ending.TRUNCATED, limit)
    assert episode.end.progress == [step for turn in episode.turns for step in turn.steps][-1].progress
    return episode.end


def test_steps(tmp_path):
    assert ended_by(played(tmp_path / "run", limits={"steps": 4}), "steps").steps == 4


def test_turns_count_those_that_were_lost(tmp_path):
    episode = played(tmp_path / "run", limits={"turns": 5}, models=("scripted:turn left,nonsense",))
    end = ended_by(episode, "turns")
    assert (end.turns, end.steps) == (5, 3)


def test_tokens(tmp_path):
    end = ended_by(played(tmp_path / "run", limits={"tokens": 700}), "tokens")
    assert end.usage.input + end.usage.output >= 700


def test_dollars(tmp_path):
    prices = {"scripted:turn left": {"input": 1000.0, "output": 1000.0}}
    end = ended_by(played(tmp_path / "run", limits={"dollars": 0.7}, prices=prices), "dollars")
    assert 0.7 <= end.cost < 1.4


def test_seconds_of_the_model(tmp_path):
    options = {"scripted": {"delay": 0.05}}
    episode = played(tmp_path / "run", limits={"seconds": 0.2}, provider_options=options)
    assert 0.2 <= ended_by(episode, "seconds").seconds < 0.5
    assert sum(turn.seconds_model for turn in episode.turns) > 0.15


def test_seconds_of_the_environment(tmp_path):
    episode = played(tmp_path / "run", tasks=(BLOCKING,), models=("scripted:calm",), limits={"seconds": 0.2})
    assert 3 <= ended_by(episode, "seconds").steps <= 4
    assert sum(turn.seconds_env for turn in episode.turns) >= 0.15


def test_seconds_of_waiting_for_the_provider_do_not_count(tmp_path, monkeypatch):
    monkeypatch.setitem(ModelClient.__init__.__kwdefaults__, "retry", RetryPolicy(base=0.005, cap=0.01))
    with FakeServer() as server:
        server.retry_after = 0.4
        server.faults.extend([None, Fault.RATE_LIMITED_AFTER, Fault.RATE_LIMITED_AFTER])
        episode = played(
            tmp_path / "run",
            models=("openai:m",),
            limits={"seconds": 0.7, "steps": 4, "turns": 4},
            provider_options={"openai": {"base_url": server.url("openai")}},
        )
    assert episode.end.limit != "seconds"
    waited = sum(turn.seconds_wait for turn in episode.turns)
    assert waited >= 0.8
    assert episode.end.seconds < 0.7
    spent = sum(turn.seconds_model + turn.seconds_env for turn in episode.turns)
    assert episode.end.seconds == pytest.approx(spent)
