"""Prompts say what is true, for every task."""

import re

import pytest
from jinja2 import UndefinedError

from harness.tasks import all_tasks
from harness.world import World
from prompts import render

_HERE = [info.task for info in all_tasks() if not info.needs and info.game not in ("doom", "scummvm")]
SAMPLE = [task for task in _HERE if "MiniGrid-" not in task or "5x5" in task][::9]


@pytest.mark.parametrize(
    "task", [*SAMPLE, "crafter/standard", "gameboy/lowtide", "doom/basic", "minigrid/MiniGrid-MemoryS7-v0"]
)
def test_instructions_state_the_true_limit_and_every_action(task):
    world = World(task, step_limit=7)
    briefing, frame = world.reset(seed=1)
    world.close()
    for agent in ("agents/direct.j2",):
        words = render(agent, instructions=briefing.instructions, free_text=briefing.free_text, note="")
        assert re.search(r"\b7 steps\b", words)
        for action in briefing.actions:
            assert f"- {action.name}: {action.description}" in words
        assert not re.search(r"\{\{|\}\}|\{%|None|<object|array\(", words)
    mission = {section.name: section.text for section in frame.observation.sections}.get("mission")
    if mission:
        assert mission in briefing.instructions


def test_a_missing_fact_is_an_error_not_a_gap():
    with pytest.raises(UndefinedError):
        render("agents/direct.j2", instructions="x")


@pytest.mark.parametrize("outcome", ["invalid_action", "empty", "truncated", "parse_error", "refusal"])
def test_a_lost_turn_is_explained(outcome):
    assert "Nothing happened" in render("notices/lost_turn.j2", outcome=outcome, detail="")
