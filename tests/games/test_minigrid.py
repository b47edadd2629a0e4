import json
from pathlib import Path

import numpy as np
import pytest

import games.minigrid
from games.minigrid import _table, babyai, minigrid
from harness.tasks import make


def sections(env, raw):
    return {section.name: section.text for section in env.observe(raw, {}).sections}


def test_the_table_has_every_registered_id():
    assert [info.task for game in (babyai, minigrid) for info in game.tasks()] == _table.names()


def test_a_row_of_the_table_is_measured_again():
    rows = json.loads((Path(games.minigrid.__file__).parent / "tasks.json").read_text())
    chosen = [row for row in rows if row["task"] in ("babyai/goto", "minigrid/MiniGrid-Empty-5x5-v0")]
    assert [_table.measure(row["task"]) for row in chosen] == chosen


@pytest.mark.parametrize("kind", ["goto", "pickup", "open", "putnext", "pick_up_seq_go_to"])
def test_the_oracle_solves_every_kind_within_the_limit(kind):
    env = make(f"babyai/{kind}")
    solved = 0
    for seed in range(20):
        env.reset(seed=seed)
        over = False
        while not over:
            _, _, terminated, truncated, _ = env.step(env.decode(env.oracle()))
            over = terminated or truncated
        solved += env.progress().value == 1.0
    assert solved >= 19


def test_the_level_generator_prints_nothing(capfd):
    env = make("babyai/putnext")
    for seed in range(30):
        env.reset(seed=seed)
    assert capfd.readouterr().out == ""


def test_missions_differ_and_hold_distractors():
    env = make("babyai/goto")
    missions, things = set(), []
    for seed in range(20):
        env.reset(seed=seed)
        missions.add(env._env.mission)
        things.append(sum(cell is not None and cell.type != "wall" for cell in env._env.grid.grid))
    assert len(missions) >= 8
    assert min(things) >= 4


def test_what_is_said_is_where_it_is():
    env = make("minigrid/MiniGrid-Empty-5x5-v0")
    raw, _ = env.reset(seed=0)
    # The agent stands at (1, 1) facing east; the goal is at (3, 3).
    said = sections(env, raw)
    assert "the green goal square: 2 steps forward and 2 steps to the right" in said["in view"]
    assert "You face east. Directly in front of you: nothing." in said["position"]
    for name in ("go forward", "go forward"):
        raw, *_ = env.step(env.decode(name))
    said = sections(env, raw)
    assert "the green goal square: 2 steps to the right" in said["in view"]
    assert "Directly in front of you: a wall" in said["position"]


def test_carrying_and_doors_are_told():
    env = make("minigrid/MiniGrid-DoorKey-5x5-v0")
    for seed in range(40):
        raw, _ = env.reset(seed=seed)
        if "Directly in front of you: a yellow key" in sections(env, raw)["position"]:
            break
    assert "a locked yellow door" in str([sections(env, env.reset(seed=s)[0]) for s in range(20)])
    env.reset(seed=seed)
    raw, *_ = env.step(env.decode("pick up"))
    assert sections(env, raw)["carrying"] == "You carry a yellow key."


def test_lava_is_no_success():
    env = make("minigrid/MiniGrid-LavaGapS5-v0")
    dice = np.random.default_rng(0)
    deaths = 0
    for seed in range(60):
        env.reset(seed=seed)
        over = False
        while not over:
            _, reward, terminated, truncated, _ = env.step(int(dice.integers(3)))
            over = terminated or truncated
        deaths += terminated and reward == 0
        assert env.progress().value == float(terminated and reward > 0)
    assert deaths > 0
