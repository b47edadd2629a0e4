"""Every failure against every API, in whole runs: the outcome has its type, nothing is played for it.

Runs are played by the direct agent on two tasks of BabyAI. The server's answers depend on the
conversation alone, so a run in which requests failed must end in the same scores as one in which none
did; and no step may be taken for an answer that never came.
"""

import asyncio
import os
from unittest import mock

import pytest

from harness.client import ModelClient, RetryPolicy
from harness.folder import RunFolder
from harness.plan import make_plan
from harness.providers.presets import PRESETS
from harness.records import Status, read_run
from harness.run import Watcher, execute
from harness.spec import RunSpec
from harness.testing.server import FakeServer, Fault

KEY = "sk-canary-3b7d10f94c2e8a65"

APIS = {
    "chat": ("openai", {}, "openai"),
    "chat, streamed": ("openai", {"stream": True}, "openai"),
    "responses": ("openai", {"api": "responses"}, "openai"),
    "anthropic": ("anthropic", {}, "anthropic"),
    "anthropic, streamed": ("anthropic", {"stream": True}, "anthropic"),
    "google": ("google", {}, "google"),
    "google, streamed": ("google", {"stream": True}, "google"),
    **{name: (name, {}, "openai") for name in PRESETS},
}
EVERY_API = [pytest.param(api, marks=pytest.mark.slow if api in PRESETS else ()) for api in APIS]
"""The presets are the same code as chat with other data: they are played through in the slow tier."""

LOST = {Fault.EMPTY: "empty", Fault.TRUNCATED: "truncated", Fault.REFUSAL: "refusal"}
"""Faults that are the model's own, and the outcome of the turn that each takes."""


class Quiet(Watcher):
    """A watcher that remembers what was said."""

    def __init__(self):
        self.said = []

    def say(self, line):
        self.said.append(line)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Waits of milliseconds between tries, and keys that must not be found anywhere."""
    monkeypatch.setitem(ModelClient.__init__.__kwdefaults__, "retry", RetryPolicy(base=0.005, cap=0.01))
    names = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"]
    names += [row.needs_key for row in PRESETS.values() if row.needs_key]
    with mock.patch.dict(os.environ, dict.fromkeys(names, KEY)):
        yield


def play(server, api, folder, timeout=30.0):
    provider, options, vendor = APIS[api]
    spec = RunSpec(
        tasks=("babyai/pickup", "babyai/open"),
        models=(f"{provider}:m",),
        episodes=2,
        limits={"steps": 4, "turns": 40},
        provider_options={provider: {**options, "base_url": server.url(vendor), "timeout": timeout}},
    )
    plan, run_folder, watcher = make_plan(spec), RunFolder(folder), Quiet()
    digest = run_folder.open(spec, plan)
    result = asyncio.run(execute(spec, plan, run_folder, digest, watcher))
    return result, {episode.header.episode: episode for episode in read_run(folder)}, watcher


def outcome_of(episodes):
    """What must not depend on failures: the steps with their hashes, and the score."""
    return {
        name: (
            [(step.action, step.hash, step.reward) for turn in episode.turns for step in turn.steps],
            episode.end and episode.end.progress.value,
        )
        for name, episode in episodes.items()
    }


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The outcome of a run without failures, by API."""
    found = {}

    def of(api):
        if api not in found:
            with FakeServer() as server:
                result, episodes, _ = play(server, api, tmp_path_factory.mktemp("plain") / "run")
            assert (result.done, result.failed) == (4, 0)
            found[api] = outcome_of(episodes)
        return found[api]

    return of


def once_before_each_action(fault):
    """A fault for the first request before each action of an episode, but for its first action."""
    seen = set()

    def choose(asked):
        acted = sum(role == "assistant" and text in asked.choices for role, text in asked.messages)
        state = (asked.messages[1], acted)
        if acted == 0 or state in seen:
            return None
        seen.add(state)
        return fault

    return choose


def no_key_in(folder, watcher):
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if KEY.encode() in file.read_bytes()]
    assert KEY not in "".join(watcher.said)


PASSING = [fault for fault in Fault if fault.passing or fault is Fault.SLOW]


@pytest.mark.parametrize("api", EVERY_API)
@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_a_passing_failure_changes_nothing_but_time(fault, api, expected, tmp_path):
    with FakeServer() as server:
        server.slow = 0.02
        server.fault_for = once_before_each_action(fault)
        timeout = 0.5 if fault is Fault.HANG else 30.0
        result, episodes, watcher = play(server, api, tmp_path / "run", timeout)
    assert (result.done, result.failed) == (4, 0)
    assert outcome_of(episodes) == expected(api)
    turns = [turn for episode in episodes.values() for turn in episode.turns]
    assert {turn.decision.outcome for turn in turns} == {"ok"}
    retried = [retry.error for turn in turns for call in turn.calls for retry in call.retries]
    if fault is not Fault.SLOW:
        assert retried
        assert set(retried) == {_error(fault)}
        assert any("trying again" in line for line in watcher.said)
    no_key_in(tmp_path, watcher)


def _error(fault):
    if fault in (Fault.RATE_LIMITED, Fault.RATE_LIMITED_AFTER):
        return "RateLimited"
    return "ProviderTimeout" if fault is Fault.HANG else "TransientError"


@pytest.mark.parametrize("api", EVERY_API)
@pytest.mark.parametrize("fault", list(LOST), ids=str)
def test_an_answer_that_names_nothing_takes_a_turn_and_no_step(fault, api, expected, tmp_path):
    with FakeServer() as server:
        server.fault_for = once_before_each_action(fault)
        result, episodes, watcher = play(server, api, tmp_path / "run")
    assert (result.done, result.failed) == (4, 0)
    assert outcome_of(episodes) == expected(api)
    turns = [turn for episode in episodes.values() for turn in episode.turns]
    lost = [turn for turn in turns if turn.decision.outcome != "ok"]
    assert lost
    assert {turn.decision.outcome for turn in lost} == {LOST[fault]}
    assert not [turn for turn in lost if turn.steps]
    no_key_in(tmp_path, watcher)


@pytest.mark.parametrize("api", EVERY_API)
@pytest.mark.parametrize("fault", [Fault.UNAUTHORISED, Fault.BAD_REQUEST, Fault.ECHO], ids=str)
def test_a_failure_for_good_scores_nothing_and_is_made_up_later(fault, api, expected, tmp_path):
    with FakeServer() as server:
        server.fault_for = lambda asked: fault if len(asked.messages) > 2 else None
        result, episodes, watcher = play(server, api, tmp_path / "run")
        assert (result.done, result.failed) == (0, 4)
        for episode in episodes.values():
            assert (episode.status, episode.end) == (Status.FAILED, None)
            assert episode.failures[-1].outcome == "api_error"
            assert [len(turn.steps) for turn in episode.turns] == [1]
        no_key_in(tmp_path, watcher)
        asked = len(server.asked)
        server.fault_for = lambda _: None
        result, episodes, watcher = play(server, api, tmp_path / "run")
        assert (result.done, result.failed) == (4, 0)
        assert outcome_of(episodes) == expected(api)
        assert len(server.asked) - asked == sum(len(e.turns) - 1 for e in episodes.values())
    no_key_in(tmp_path, watcher)


@pytest.mark.parametrize("api", ["chat", "responses", "anthropic", "google"])
def test_an_outage_that_does_not_end_fails_the_episodes_and_scores_nothing(
    api, expected, tmp_path, monkeypatch
):
    monkeypatch.setitem(ModelClient.__init__.__kwdefaults__, "retry", RetryPolicy(tries=3, base=0.005))
    with FakeServer() as server:
        server.fault_for = lambda asked: Fault.OVERLOADED if len(asked.messages) > 2 else None
        result, episodes, _ = play(server, api, tmp_path / "run")
        assert (result.done, result.failed) == (0, 4)
        assert all(e.failures[-1].outcome == "api_error" and e.end is None for e in episodes.values())
        server.fault_for = lambda _: None
        _, episodes, _ = play(server, api, tmp_path / "run")
    assert outcome_of(episodes) == expected(api)


@pytest.mark.parametrize("api", EVERY_API)
def test_an_answer_that_echoes_the_headers_tells_no_key(api, tmp_path):
    with FakeServer() as server:
        server.fault_for = lambda asked: Fault.ECHO_ANSWER if len(asked.messages) < 4 else None
        result, episodes, watcher = play(server, api, tmp_path / "run")
    assert result.failed == 0
    if PRESETS.get(APIS[api][0]) is None or PRESETS[APIS[api][0]].needs_key:
        assert any("[key]" in turn.decision.text for e in episodes.values() for turn in e.turns)
    no_key_in(tmp_path, watcher)
