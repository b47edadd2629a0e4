"""Any Gymnasium environment is played with nothing written."""

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.api import UnknownAction
from games.gym._spaces import bounds, lines, read_numbers, vocabulary
from harness import tasks
from harness.cli import main
from harness.errors import InputError
from harness.testing import GameContract
from harness.world import World


class TestGymnasium(GameContract):
    plugin = "gymnasium"
    steps = 25


class _Odd(gymnasium.Env):
    """A Dict observation, a MultiDiscrete action, no step limit, a success in info."""

    observation_space = gymnasium.spaces.Dict(
        {
            "place": gymnasium.spaces.Tuple([gymnasium.spaces.Discrete(3)] * 2),
            "heat": gymnasium.spaces.Box(0, 1),
        }
    )
    action_space = gymnasium.spaces.MultiDiscrete([3, 2])

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self._observe(), {}

    def step(self, action):
        won = list(action) == [2, 1]
        return self._observe(), 0.0, won, False, {"success": won}

    def _observe(self):
        heat = self.np_random.random(1).astype(np.float32)
        return {"place": tuple(int(v) for v in self.np_random.integers(0, 3, 2)), "heat": heat}


class _Unspeakable(_Odd):
    observation_space = gymnasium.spaces.Box(0, 1, (50, 50))


@pytest.fixture(scope="module", autouse=True)
def registered():
    gymnasium.register("Odd-v0", entry_point=_Odd)
    gymnasium.register("Unspeakable-v0", entry_point=_Unspeakable)
    yield
    del gymnasium.registry["Odd-v0"], gymnasium.registry["Unspeakable-v0"]


def test_an_id_that_nobody_listed_is_played():
    info = tasks.info("gymnasium/Odd-v0")
    assert (info.text, info.image, info.max_steps) == (True, False, 1000)
    env = tasks.make("gymnasium/Odd-v0")
    raw, _ = env.reset(seed=1)
    text = env.observe(raw, {}).sections[0].text
    assert "place[0]: " in text
    assert "heat[0]: 0." in text
    assert env.free_text
    env.step(env.decode("0, 1"))
    assert env.progress().value == 0.0
    env.step(env.decode("2 1"))
    assert env.progress().value == 1.0


def test_the_users_spelling_is_understood():
    assert tasks.match(["gymnasium:CartPole-v1"]) == ["gymnasium/CartPole-v1"]


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("gymnasium/CartPol-v1", "did you mean 'CartPole-v1'"),
        ("gymnasium:nothing at all", "no environment"),
        ("gymnasium:no_such_module:Env-v0", "no_such_module"),
        ("gymnasium/Unspeakable-v0", "can neither be told nor shown"),
    ],
)
def test_a_wrong_id_or_space_is_one_clear_line(task, words, tmp_path, capsys):
    with pytest.raises(InputError, match="gymnasium|neither"):
        tasks.match([task])
    with pytest.raises(SystemExit) as stopped:
        main(["run", "--task", task, "--out", str(tmp_path / "run")])
    said = capsys.readouterr().err
    assert stopped.value.code == 2
    assert words in said
    assert said.count("\n") == 1


def test_progress_is_a_share_of_the_threshold():
    env = tasks.make("gymnasium/CartPole-v1")
    env.reset(seed=0)
    for _ in range(5):
        env.step(0)
    assert env.progress().parts["return"] == 5.0
    assert env.progress().value == pytest.approx(5 / 475)
    hill = tasks.make("gymnasium/MountainCar-v0")
    hill.reset(seed=0)
    hill.step(1)
    assert hill.progress().value == 0.0
    unmeasured = tasks.make("gymnasium/Pendulum-v1")
    unmeasured.reset(seed=0)
    assert unmeasured.progress().parts["measured"] == 0.0


BOX = gymnasium.spaces.Box(-2.0, 2.0, (2,))


@settings(max_examples=200)
@given(st.text(max_size=40) | st.lists(st.floats(), min_size=1, max_size=3).map(str))
def test_any_text_is_an_action_in_range_or_refused(text):
    for space in (BOX, gymnasium.spaces.MultiDiscrete([3, 4]), gymnasium.spaces.MultiBinary(2)):
        try:
            assert space.contains(read_numbers(text, space))
        except UnknownAction:
            pass


@pytest.mark.parametrize("text", ["0.5, -1", "[0.5, -1]", "(0.5 -1)", " .5,-1e0 "])
def test_vectors_are_read(text):
    assert read_numbers(text, BOX).tolist() == [0.5, -1.0]


@pytest.mark.parametrize("text", ["0.5", "1, 2, 3", "3, 0", "nan, 0", "a, b", "0x1, 0"])
def test_other_vectors_are_refused(text):
    with pytest.raises(UnknownAction):
        read_numbers(text, BOX)


def test_spaces_are_told():
    space = gymnasium.spaces.Dict(
        {"x": gymnasium.spaces.Box(-1, np.inf, (2,)), "k": gymnasium.spaces.Discrete(4)}
    )
    told = list(bounds(space))
    assert "k: a whole number from 0 to 3" in told
    assert "x[1]: from -1 to any number" in told
    assert list(lines({"x": np.array([0.123456, 2.0])})) == ["x[0]: 0.1235", "x[1]: 2"]
    assert [a.name for a in vocabulary(gymnasium.spaces.Discrete(2, start=5), None)] == ["5", "6"]


def test_an_environment_of_a_package_of_ones_own_is_played(tmp_path, monkeypatch):
    (tmp_path / "my_own_games.py").write_text(
        "import gymnasium\n"
        "from gymnasium.envs.classic_control import CartPoleEnv\n"
        "gymnasium.register('MyOwnPole-v0', entry_point=CartPoleEnv, max_episode_steps=9)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    world = World("gymnasium/my_own_games:MyOwnPole-v0")
    briefing, _ = world.reset(1)
    world.close()
    assert briefing.max_steps == 9
