"""Time that passes in the game while its player thinks: charged as arithmetic says, and played again."""

import json

import pytest
from ludometer_test_runs import content, ludometer, run

from harness.errors import InputError
from harness.records import CallRecord, RequestRecord, UsageRecord, read_run
from harness.replay import moments
from harness.spec import RunSpec
from harness.timing import Clock, parse
from harness.verify import verify


def call(latency=0.0, output=0, began=0.0, **usage):
    return CallRecord(
        request=RequestRecord(),
        text="",
        latency=latency,
        began=began,
        usage=UsageRecord(output=output, **usage),
    )


def spec(time, *, agents=("direct",), script="right", task="atari/pong", turns=3, **more):
    return RunSpec(
        tasks=(task,), agents=agents, models=(f"scripted:{script}",), episodes=1, time=time, workers=0,
        limits={"turns": turns}, **more,
    )  # fmt: skip


def turns(folder):
    (episode,) = read_run(folder)
    return episode.turns


def test_latency_is_measured_or_computed():
    realtime, simulated = parse("realtime"), parse("simulated(ttft=0.5,tps=50,prefill=1000)")
    assert realtime.duration(call(latency=1.25, output=90)) == 1.25
    assert simulated.duration(call(latency=1.25, output=100, input=3000, cached=1000)) == 0.5 + 2 + 2
    assert parse("simulated(ttft=0.5,tps=50)").duration(call(output=100, input=10**6)) == 2.5


def test_calls_at_once_take_as_long_as_the_slowest_and_others_add_up():
    clock = parse("realtime")
    assert clock.thought([call(1), call(2), call(1.5)]) == 2
    assert clock.thought([call(1), call(2, began=1), call(0.5, began=3)]) == 3.5
    assert clock.thought([]) == 0


def test_seconds_become_frames_begun_ones_too():
    clock = Clock("realtime")
    assert [clock.frames(s, 60) for s in (0, 0.001, 1 / 60, 0.1, 1)] == [0, 1, 1, 6, 60]
    assert Clock("realtime", deadline=0.5).frames(3, 60) == 30


def test_a_mode_has_one_spelling():
    assert str(parse(" realtime( deadline = 2 ) ")) == "realtime(deadline=2)"
    assert RunSpec(tasks=("t",), time="simulated(tps=50,ttft=0.5)").time == "simulated(tps=50,ttft=0.5)"
    assert str(parse("paused")) == "paused"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fast", "unknown mode 'fast'"),
        ("simulated", "say how quick the model is"),
        ("simulated(ttft=1,tps=-5)", "positive"),
        ("simulated(tps=1e999)", "positive"),
        ("realtime(deadline=0)", "positive"),
        ("realtime(tps=5)", "unknown setting"),
        ("paused(overlap=true)", "unknown setting"),
    ],
)
def test_a_wrong_mode_is_refused_in_a_line(text, said):
    with pytest.raises(InputError, match=said):
        parse(text)
    with pytest.raises(ValueError, match=said):
        RunSpec(tasks=("t",), time=text)


def test_a_game_without_frames_can_only_wait(tmp_path):
    with pytest.raises(InputError, match="has no frames, so its time can only be paused"):
        run(tmp_path / "run", spec("realtime", task="babyai/goto"))


def test_atari_has_no_inputs_that_overlap(tmp_path):
    with pytest.raises(InputError, match="too short to overlap"):
        run(tmp_path / "run", spec("realtime(overlap=true)"))


def test_a_model_twice_as_slow_is_charged_twice_the_frames(tmp_path):
    for name, time in (("quick", "simulated(ttft=0.5,tps=20)"), ("slow", "simulated(ttft=1.0,tps=10)")):
        run(tmp_path / name, spec(time))
        assert not verify(tmp_path / name).differences
    quick, slow = ([turn.thinking.frames for turn in turns(tmp_path / name)] for name in ("quick", "slow"))
    assert quick == [33, 33, 33]  # (0.5 s + 1 token at 20 a second) × 60
    assert slow == [66, 66, 66]
    run(tmp_path / "again", spec("simulated(ttft=1.0,tps=10)"))
    assert content(tmp_path / "again") == content(tmp_path / "slow")


def test_measured_latencies_are_replayed_to_the_same_hashes(tmp_path):
    options = {"scripted": {"delay": 0.03}}
    run(tmp_path / "run", spec("realtime", provider_options=options))
    for turn in turns(tmp_path / "run"):
        assert turn.thinking.frames == parse("realtime").frames(turn.calls[0].latency, 60) >= 2
    assert not [d for each in verify(tmp_path / "run").episodes for d in each.differences]
    (episode,) = read_run(tmp_path / "run")
    seen = [moment.frame.hash for moment in moments(episode, observe="text")]
    assert seen[1:] == [step.hash for turn in episode.turns for step in turn.moves]


def test_verify_holds_the_frames_to_the_latencies(tmp_path):
    run(tmp_path / "run", spec("simulated(ttft=0.5,tps=20)"))
    (file,) = (tmp_path / "run" / "episodes").rglob("*.jsonl")
    text = file.read_text()
    (tmp_path / "run" / "told").touch()
    file.write_text(text.replace('"output":1,', '"output":9,', 1))
    told = [d.what for each in verify(tmp_path / "run").episodes for d in each.differences]
    assert any("thinking.frames" in what for what in told)
    file.write_text(text)


def test_an_answer_after_the_deadline_is_dropped_and_told(tmp_path):
    run(tmp_path / "run", spec("simulated(ttft=2,tps=10,deadline=1)"))
    first, second, _ = turns(tmp_path / "run")
    assert first.decision.outcome == "late"
    assert first.decision.actions == ("noop",)
    assert first.decision.text == "right"
    assert first.thinking.frames == 60
    assert second.notice == (
        "Your last answer came too late (it took 2.10 s of 1 s) and was dropped; "
        '"noop" was done in its place.'
    )
    assert not [d for each in verify(tmp_path / "run").episodes for d in each.differences]


def test_the_deadlines_fallback_is_the_tasks_or_a_named_one(tmp_path):
    run(tmp_path / "run", spec("simulated(ttft=2,tps=10,deadline=1,fallback=left)"))
    assert turns(tmp_path / "run")[0].decision.actions == ("left",)
    assert Clock().instead(["a", "wait"]) == "wait"
    with pytest.raises(InputError, match="needs a fallback here, such as fallback='a'"):
        Clock().instead(["a", "b"])


def test_a_lost_turn_costs_its_time_all_the_same(tmp_path):
    run(tmp_path / "run", spec("simulated(ttft=0.5,tps=20)", script="what now"))
    first = turns(tmp_path / "run")[0]
    assert (first.decision.outcome, first.steps) == ("invalid_action", ())
    assert first.thinking.frames == 36
    assert not [d for each in verify(tmp_path / "run").episodes for d in each.differences]


def test_votes_think_at_once_and_several_calls_one_after_the_other(tmp_path):
    run(tmp_path / "vote", spec("simulated(ttft=1,tps=10)", agents=("vote(samples=3)",), turns=1))
    (turn,) = turns(tmp_path / "vote")
    assert [each.began for each in turn.calls] == [0, 0, 0]
    assert turn.thinking.frames == max(
        parse("simulated(ttft=1,tps=10)").frames(1 + c.usage.output / 10, 60) for c in turn.calls
    )
    run(tmp_path / "modules", spec("simulated(ttft=1,tps=10)", agents=("modules",), turns=2))
    _, turn = turns(tmp_path / "modules")
    assert len(turn.calls) > 1
    assert turn.calls[0].began == 0
    assert turn.calls[1].began == pytest.approx(1 + turn.calls[0].usage.output / 10)


def test_an_interrupted_episode_goes_on_as_if_nothing_had_been(tmp_path):
    wanted = spec("simulated(ttft=0.5,tps=20)", turns=5)
    run(tmp_path / "whole", wanted)
    run(tmp_path / "cut", wanted)
    (file,) = (tmp_path / "cut" / "episodes").rglob("*.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:4]))
    run(tmp_path / "cut", wanted)
    assert content(tmp_path / "cut") == content(tmp_path / "whole")


def test_runs_of_another_time_are_not_mixed(tmp_path):
    assert (
        ludometer("run", "-t", "atari/pong", "-n", 1, "--steps", 2, "--no-report", "-o", tmp_path / "run")
        == 0
    )
    again = ("run", "-t", "atari/pong", "-n", 1, "--steps", 2, "--no-report", "-o", tmp_path / "run")
    assert [ludometer(*again) for _ in range(2)] == [0, 0]
    assert ludometer(*again, "--time", "realtime") == 2
    config = json.loads((tmp_path / "run" / "run.json").read_text())["config"]
    assert "time" not in config
