import gymnasium
import minihack  # noqa: F401 - registers the ids
import pytest

from games.minihack import minihack as plugin
from games.minihack._env import make_inner
from games.minihack._goals import STAIRS, goal_of
from harness import tasks
from harness.testing import GameContract
from harness.world import World

BALROG = (
    "Boxoban-Hard",
    "Boxoban-Medium",
    "MazeWalk-9x9",
    "MazeWalk-15x15",
    "Corridor-R3",
    "CorridorBattle-Dark",
    "Quest-Easy",
    "Quest-Medium",
)
NAMES = [info.task.partition("/")[2] for info in plugin.tasks()]


class TestMiniHack(GameContract):
    plugin = "minihack"
    tasks = tuple(f"minihack/MiniHack-{name}-v0" for name in (*BALROG, "MultiRoom-N4-Lava", "Memento-F2"))
    steps = 30


@pytest.mark.slow
@pytest.mark.timeout(1800)
class TestAllOfMiniHack(GameContract):
    plugin = "minihack"
    steps = 30


def test_every_registered_id_with_a_level_is_a_task():
    ids = {name for name in gymnasium.registry if name.startswith("MiniHack-")}
    assert len(ids) == 161
    assert set(NAMES) == {name for name in ids if "Custom" not in name}
    assert {f"MiniHack-{name}-v0" for name in BALROG} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES[::6])
def test_limits_and_goals_are_upstreams(name):
    inner = make_inner(name)
    manager = getattr(inner, "reward_manager", None)
    assert tasks.info(f"minihack/{name}").max_steps == inner._max_episode_steps
    others = ("Boxoban", "Sokoban")
    if not any(other in name for other in others):
        assert (goal_of(name) == STAIRS) == (manager is None), name
    inner.close()


def test_mazewalk_states_its_goal_and_its_limit():
    briefing, _ = World("minihack/MiniHack-MazeWalk-9x9-v0").reset(1)
    assert "Reach the stairs down" in briefing.instructions
    assert "200 steps" in briefing.instructions


def solved(task, seed):
    env = tasks.make(task)
    env.reset(seed=seed)
    reward, over, cut = 0.0, False, False
    while not (over or cut):
        _, reward, over, cut, _ = env.step(env.decode(env.oracle()))
    success = env.progress().value
    env.close()
    return success, reward


def test_the_explorer_solves_the_maze():
    results = [solved("minihack/MiniHack-MazeWalk-9x9-v0", seed)[0] for seed in range(40)]
    assert sum(results) / len(results) >= 0.9


def test_a_win_counts_whatever_its_last_reward_was():
    env = tasks.make("minihack/MiniHack-MazeWalk-9x9-v0")
    env.reset(seed=0)
    env.end_status = 2
    assert env.progress().value == 1.0, "the status of the ending counts, not a reward of 1"


def test_a_wrong_turn_in_memento_is_no_success():
    env = tasks.make("minihack/MiniHack-Memento-Short-F2-v0")
    env.reset(seed=0)
    env.end_status = 2
    squeak, bug = env._inner.reward_manager.events
    assert squeak.reward < 0 < bug.reward
    squeak.achieved = True
    assert env.progress().value == 0.0


WAYS = {"n": "north", "s": "south", "e": "east", "w": "west"}


@pytest.mark.parametrize("difficulty", ["unfiltered", "medium", "hard"])
def test_a_proved_solution_solves_the_level_in_the_game(difficulty):
    import json
    from importlib import resources

    file = resources.files("games.minihack") / "boxoban" / "solutions.json"
    solutions = json.loads(file.read_text(encoding="utf-8"))[difficulty]
    env = tasks.make(f"minihack/MiniHack-Boxoban-{difficulty.title()}-v0")
    for number in (0, 41, 99):
        env.reset(seed=8 * number)  # the level as it is written
        over = False
        for move in solutions[number]:
            assert not over
            _, _, over, _, _ = env.step(env.decode(WAYS[move]))
        assert over
        assert env.progress().value == 1.0
    env.close()


def test_levels_drawn_with_minigrid_follow_the_seed():
    env = tasks.make("minihack/MiniHack-MultiRoom-N6-v0")
    one, two, three = (env.reset(seed=seed)[0]["chars"].tobytes() for seed in (1, 2, 1))
    assert one == three
    assert one != two


def test_tasks_without_questions_take_their_own_actions_only():
    env = tasks.make("minihack/MiniHack-MazeWalk-9x9-v0")
    assert [action.name for action in env.actions][:4] == ["north", "east", "south", "west"]
    assert len(env.actions) == 8
    assert not env.free_text
