import numpy as np
import pytest
from crafter import constants

from games.crafter._engine import LEGEND
from harness.tasks import make
from harness.testing.rollout import rollout
from prompts import render


@pytest.fixture
def env():
    made = make("crafter/standard")
    made.reset(seed=3)
    return made


def said(env):
    return {section.name: section.text for section in env.observe(env._raw(), {}).sections}


def test_long_play_through_the_night_is_reproducible_and_drawing_changes_nothing():
    plain, drawn = make("crafter/standard"), make("crafter/standard", image=True)

    def draw_and_step(action, step=drawn.step):
        drawn.render()
        return step(action)

    drawn.step = draw_and_step
    assert rollout(plain, 5, 330) == rollout(drawn, 5, 330)


def test_the_faced_cell_is_the_one_that_do_acts_on(env):
    player, world = env._env._player, env._env._world
    for name, (dx, dy) in {"west": (-1, 0), "east": (1, 0), "north": (0, -1), "south": (0, 1)}.items():
        x, y = (int(v) for v in player.pos)
        for offset in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            world[x + offset[0], y + offset[1]] = "stone"
        world[x + dx, y + dy] = "tree"
        env.step(env.decode(f"move {name}"))
        assert said(env)["facing"] == f"You look {name}, at tree."
        wood = player.inventory["wood"]
        env.step(env.decode("do"))
        assert player.inventory["wood"] == min(9, wood + 1)


def test_progress_counts_unlocked_achievements(env):
    assert env.progress().value == 0.0
    player, world = env._env._player, env._env._world
    x, y = (int(v) for v in player.pos)
    world[x + 1, y] = "tree"
    env.step(env.decode("move east"))
    for _ in range(3):
        world[x + 1, y] = "tree"
        env.step(env.decode("do"))
    measure = env.progress()
    assert measure.value == pytest.approx(1 / 22)
    assert measure.parts["collect_wood"] == 3.0
    assert "1 of 22 unlocked: collect wood" in said(env)["achievements"]


def test_death_terminates_and_the_length_truncates(env):
    env._env._player.health = 0
    assert env.step(0)[2:4] == (True, False)
    env.reset(seed=3)
    env._env._step = env.max_steps - 1
    assert env.step(0)[2:4] == (False, True)


def test_the_view_is_what_the_game_shows(env):
    raw = env._raw()
    assert raw["view"].shape == (9, 7)
    assert LEGEND[raw["view"][4, 3]] == "player"
    world, (x, y) = env._env._world, env._env._player.pos
    for dx in range(-4, 5):
        for dy in range(-3, 4):
            material, thing = world[x + dx, y + dy]
            name = LEGEND[raw["view"][4 + dx, 3 + dy]]
            assert name == (type(thing).__name__.lower() if thing else material or "nothing")


def test_the_edge_of_the_world_is_told(env):
    env._env._world.move(env._env._player, np.array([0, 0]))
    assert "the edge of the world" in said(env)["in view"]


def test_recipes_in_the_prompt_are_the_games_own(env):
    brief = env.brief()
    text = render(
        brief.template, **brief.facts, actions=env.actions, free_text=False, max_steps=50, words=True
    )
    for name, rule in constants.make.items():
        line = next(
            line for line in text.splitlines() if line.startswith(f"- make {name.replace('_', ' ')}:")
        )
        for item, count in rule["uses"].items():
            assert f"{count} {item}" in line
    for name in constants.achievements:
        assert name.replace("_", " ") in text
    assert "after 50 steps" in text


@pytest.mark.parametrize("name", list(constants.make))
def test_making_takes_exactly_what_the_prompt_says(env, name):
    rule = constants.make[name]
    player, world = env._env._player, env._env._world
    x, y = (int(v) for v in player.pos)
    for offset, thing in zip(((1, 0), (-1, 0)), rule["nearby"], strict=False):
        world[x + offset[0], y + offset[1]] = thing
    player.inventory.update(rule["uses"])
    env.step(env.decode(f"make {name.replace('_', ' ')}"))
    assert player.inventory[name] == 1
    assert all(player.inventory[item] == 0 for item in rule["uses"])
