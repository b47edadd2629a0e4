"""What holds for every engine that can be repeated: no line breaks it, and thinking time plays again."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ludometer_test_runs import assert_replays

from games.api import UnknownAction
from games.frames._vocabulary import examples
from harness.spec import RunSpec
from harness.tasks import make

pytestmark = pytest.mark.slow
SIMULATED = "simulated(ttft=0.2,tps=20)"
TASKS = ("retro/airstriker", "doom/defend-the-center", "doom/freedoom1-e1m1")


@pytest.fixture(scope="module", params=TASKS)
def game(request):
    env = make(request.param)
    env.reset(seed=1)
    yield env
    env.close()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_line_breaks_the_engine(game, data):
    words = [
        *(action.name for action in game.actions),
        "+",
        "then",
        "hold",
        "release",
        "wait",
        "7",
        "60",
        "0",
    ]
    known = st.lists(st.sampled_from(words), max_size=8).map(" ".join)
    line = data.draw(st.one_of(known, st.text(max_size=20)))
    try:
        _, _, over, cut, _ = game.step(game.decode(line))
    except UnknownAction:
        return
    if over or cut:
        game.reset(seed=2)


def test_the_examples_of_its_prompt_are_understood(game):
    game.reset(seed=3)
    for line in examples(game._spec, game._grammar):
        game.step(game.decode(line))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("time", ["realtime", SIMULATED, f"{SIMULATED[:-1]},overlap=true)"])
def test_timed_episodes_replay_to_the_same_hashes(tmp_path, task, time):
    env = make(task)
    buttons = [action.name for action in env.actions if action.name != "wait"][:4]
    env.close()
    spec = RunSpec(
        tasks=(task,), agents=("direct",), models=(f"scripted:{','.join(buttons)}",), episodes=1,
        time=time, limits={"turns": 8}, workers=0, provider_options={"scripted": {"delay": 0.02}},
    )  # fmt: skip
    assert_replays(tmp_path, spec)
