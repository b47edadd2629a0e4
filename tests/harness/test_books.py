"""What a run uses: counted, priced, limited, and never asked for twice."""

import asyncio
import json

import pytest

from harness import plan as planning
from harness.api import Completion, Provider, Usage
from harness.cli import main
from harness.errors import InputError
from harness.folder import RunFolder
from harness.plan import make_plan
from harness.records import Status, read_run
from harness.run import Watcher, execute
from harness.spec import RunSpec


class Counted(Provider):
    """Answers after a moment, 100 tokens each; counts how many it was asked for and has answered."""

    asked = answered = 0

    async def complete(self, request):
        type(self).asked += 1
        await asyncio.sleep(0.02)
        type(self).answered += 1
        return Completion("turn left", usage=Usage(input=90, output=10, cached=30))


@pytest.fixture
def counted(monkeypatch):
    monkeypatch.setattr(planning, "make_provider", lambda model, options: Counted())
    monkeypatch.setattr(Counted, "asked", 0)
    monkeypatch.setattr(Counted, "answered", 0)
    return Counted


def spec(**more):
    settings = {"tasks": ("babyai/open",), "models": ("scripted:m",), "episodes": 4, "limits": {"steps": 6}}
    return RunSpec(**{**settings, **more})


def play(folder, asked):
    plan, run_folder = make_plan(asked), RunFolder(folder)
    digest = run_folder.open(asked, plan)
    return asyncio.run(execute(asked, plan, run_folder, digest, Watcher()))


def recorded(folder):
    return [call for episode in read_run(folder) for turn in episode.turns for call in turn.calls]


def test_a_budget_that_is_used_up_loses_no_answer_that_was_paid_for(counted, tmp_path):
    result = play(tmp_path / "run", spec(budget={"tokens": 500}))
    assert "500 tokens" in result.stopped
    assert (result.done, result.failed, result.unfinished) == (0, 0, 4)
    assert counted.asked == counted.answered == len(recorded(tmp_path / "run"))
    assert 5 <= counted.asked <= 8


def test_what_was_used_before_counts_and_more_budget_goes_on(counted, tmp_path):
    play(tmp_path / "run", spec(budget={"tokens": 500}))
    before = counted.asked
    assert play(tmp_path / "run", spec(budget={"tokens": 500})).stopped
    assert counted.asked == before, "the budget was counted afresh"
    assert play(tmp_path / "run", spec(budget={"tokens": 100_000})).done == 4
    assert counted.asked == len(recorded(tmp_path / "run"))


def test_an_episodes_budget_stops_the_run_and_scores_nothing(counted, tmp_path):
    result = play(tmp_path / "run", spec(budget={"episode": {"tokens": 300}}))
    assert "for an episode is used up" in result.stopped
    episodes = read_run(tmp_path / "run")
    assert all(len(episode.turns) <= 3 and episode.status is Status.UNFINISHED for episode in episodes)


def test_prices_are_the_users_and_the_header_says_so(counted, tmp_path):
    prices = {"scripted:m": {"input": 1.0, "cached": 0.1, "output": 5.0}}
    result = play(tmp_path / "run", spec(prices=prices, budget={"dollars": 1.0}))
    assert result.done == 4
    one = (60 * 1.0 + 30 * 0.1 + 10 * 5.0) / 1e6
    for episode in read_run(tmp_path / "run"):
        assert episode.header.price == "given by the user"
        assert episode.end.cost == pytest.approx(one * len(episode.turns))


def test_an_unknown_price_is_unknown_and_no_budget_in_dollars_is_promised_for_it(counted, tmp_path):
    with pytest.raises(InputError, match=r"price of scripted:m is unknown.*prices: \{'scripted:m'"):
        play(tmp_path / "run", spec(budget={"call": {"dollars": 1.0}}))
    assert counted.asked == 0
    play(tmp_path / "other", spec())
    episode = read_run(tmp_path / "other")[0]
    assert (episode.header.price, episode.end.cost) == ("unknown", None)
    assert {call.cost for call in recorded(tmp_path / "other")} == {None}


def test_a_cache_serves_other_runs_and_is_counted_all_the_same(counted, tmp_path):
    cached = spec(cache=str(tmp_path / "answers"))
    play(tmp_path / "first", cached)
    asked = counted.asked
    result = play(tmp_path / "second", cached)
    assert (counted.asked, result.calls) == (asked, 0)
    calls = recorded(tmp_path / "second")
    assert all(call.cached for call in calls)
    assert sum(call.usage.input for call in calls) == 90 * asked
    other = spec(cache=str(tmp_path / "answers"), sampling={"temperature": 0.5})
    play(tmp_path / "third", other)
    assert counted.asked == 2 * asked


def test_times_in_line_are_told_apart_from_the_models(counted, tmp_path):
    play(tmp_path / "run", spec(concurrency=4, models=("scripted:m",)))
    assert all(call.latency > 0 and call.queued >= 0 for call in recorded(tmp_path / "run"))


def test_a_run_out_of_seconds_stops_with_130_and_goes_on(tmp_path, capsys):
    config = {"provider_options": {"scripted": {"delay": 0.1}}}
    (tmp_path / "c.yaml").write_text(json.dumps(config))
    command = ["run", "-t", "babyai/open", "-m", "scripted", "-n", "3", "--steps", "6", "--no-report"]
    command += ["-c", str(tmp_path / "c.yaml"), "--out", str(tmp_path / "run")]
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--budget-seconds", "0.25"])
    assert stopped.value.code == 130
    assert "raise --budget-seconds to go on" in capsys.readouterr().err
    with pytest.raises(SystemExit) as done:
        main(command)
    assert done.value.code == 0
