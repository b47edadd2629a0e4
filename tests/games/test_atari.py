import numpy as np
import pytest

from games.atari import games
from games.atari._env import _references
from harness import tasks
from harness.errors import InputError
from harness.testing import GameContract
from harness.world import World
from scorers.tables import atari_reference


class TestAtari(GameContract):
    plugin = "atari"
    steps = 30
    seeds = 3
    tasks = ("atari/pong", "atari/breakout", "atari/montezuma_revenge")


def test_the_57_standard_games_are_there():
    assert len(_references()) == 57
    assert set(_references()) <= set(games())
    assert len(games()) == 104


def test_players_and_tables_use_the_same_references():
    # Neither package may import the other, so the table of 57 games stands in both.
    reference = atari_reference()
    assert {name: tuple(row) for name, row in reference.iterrows()} == dict(_references())


def test_the_games_are_those_that_ale_registers():
    ale_py = pytest.importorskip("ale_py")
    import gymnasium

    gymnasium.register_envs(ale_py)
    ours = {spec.kwargs["game"] for name, spec in gymnasium.registry.items() if name.startswith("ALE/")}
    assert set(games()) <= ours


def play(task, seed, steps=300):
    env = tasks.make(task)
    env.reset(seed=seed)
    dice = np.random.default_rng(0)
    rams = []
    for _ in range(steps):
        action = env.actions[dice.integers(len(env.actions))]
        raw, _, over, _, _ = env.step(action.value)
        rams.append(raw["ram"].tobytes())
        if over:
            break
    return rams


def test_protocols_differ_as_they_say():
    assert play("atari/pong", 1) == play("atari/pong", 1)
    assert play("atari/pong", 1) != play("atari/pong", 2), "sticky actions differ by the seed"
    assert play("atari/pong@atari100k", 1) == play("atari/pong@atari100k", 1)
    assert play("atari/pong@atari100k", 1) != play("atari/pong@machado", 1)
    stuck = World("atari/pong@machado", observe="image").reset(1)[0].instructions
    free = World("atari/pong@atari100k", observe="image").reset(1)[0].instructions
    assert "with probability 0.25" in stuck
    assert "probability" not in free


@pytest.mark.parametrize("task", ["atari/pongg", "atari/pong@machad", "atari/"])
def test_a_wrong_game_or_protocol_is_refused(task):
    with pytest.raises(InputError, match="unknown"):
        tasks.info(task)


def test_scores_are_human_normalised_and_bounded():
    env = tasks.make("atari/pong")
    env.reset(seed=0)
    env._score = 14.6
    assert env.progress().value == 0.0, "a part of an episode is not held against whole ones"
    assert env.progress().parts["measured"] == 0.0
    env._frames = 108_000
    random, human = _references()["pong"]
    measure = env.progress()
    assert measure.parts["human_normalised"] == pytest.approx((14.6 - random) / (human - random))
    assert measure.value == pytest.approx(1.0)
    env._score = -21.0
    assert env.progress().value == 0.0
    assert env.progress().parts["human_normalised"] < 0
    unknown = tasks.make("atari/adventure")
    unknown.reset(seed=0)
    assert unknown.progress().parts["measured"] == 0.0


def test_breakout_says_what_starts_it_and_does_not_hang():
    env = tasks.make("atari/breakout")
    briefing, _ = World("atari/breakout", observe="image").reset(1)
    assert 'until "fire" is pressed' in briefing.instructions
    env.reset(seed=0)
    env._frames = 108_000 - 3
    assert env.step(env.decode("noop"))[3]


def test_a_lost_life_does_not_end_the_game():
    env = tasks.make("atari/breakout")
    env.reset(seed=0)
    lives = env._ale.lives()
    for _ in range(400):
        _, _, over, _, _ = env.step(env.decode("fire"))
        if env._ale.lives() < lives:
            break
    assert env._ale.lives() < lives
    assert not over


def test_atari_gpt_plays_on_after_a_game_is_over():
    env = tasks.make("atari/breakout@atari-gpt")
    env.reset(seed=1)
    total, ended = 0.0, []
    for step in range(1, 1001):
        action = env.actions[step % len(env.actions)]
        raw, reward, over, cut, _ = env.step(action.value)
        total += reward
        ended.append((over, cut))
        assert raw["score"] == total
    assert ended[-1] == (False, True)
    assert not any(over or cut for over, cut in ended[:-1])
    measure = env.progress()
    assert measure.value == 0.0, "no human score is published for 1,000 steps"
    assert measure.parts["measured"] == 0.0
    assert measure.parts["random_score"] > 0
    assert "human_normalised" not in measure.parts
    assert "the next one starts and adds to it" in World("atari/breakout@atari-gpt").reset(1)[0].instructions


def test_our_own_random_score_stands_beside_the_published_one():
    env = tasks.make("atari/alien")
    env.reset(seed=0)
    env._score, env._frames = 1000.0, 108_000
    parts = env.progress().parts
    assert parts["by_own_random"] != parts["human_normalised"]
    assert parts["by_own_random"] == pytest.approx((1000 - 163.0) / (7127.7 - 163.0), abs=0.01)


def test_the_pong_tracker_wins_from_the_text_alone():
    env = tasks.make("atari/pong@atari100k")
    env.reset(seed=12)
    score, over = 0.0, False
    while not over:
        _, reward, over, cut, _ = env.step(env.decode(env.oracle()))
        score += reward
        assert not cut
    assert score >= 15


@pytest.mark.parametrize("game", ["qbert", "tetris"])
def test_a_checkpoint_is_whole_in_an_environment_that_has_not_played(game):
    one, other = tasks.make(f"atari/{game}"), tasks.make(f"atari/{game}")
    one.reset(seed=7)
    one.step(0)
    state = one.checkpoint()
    other.reset(seed=8)
    other.restore(state)
    for action in one.actions:
        assert one.step(action.value)[0]["ram"].tobytes() == other.step(action.value)[0]["ram"].tobytes()
