"""What changed, told and undone: exact for every text and every game."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.api import Section, Stability
from harness.histories._delta import apply, delta, diff, patched
from harness.tasks import all_tasks
from harness.world import World

LINES = st.lists(
    st.sampled_from(["", "a", "b", "- c", "+d", "@@ -1 +1 @@", "ä\tö", "---", "+++"]), max_size=8
)
SECTIONS = st.dictionaries(st.sampled_from("pqrst"), LINES.map("\n".join), max_size=4)


def sections(texts):
    return tuple(Section(name, text) for name, text in texts.items())


def plain(observed):
    return [(section.name, section.text) for section in observed]


@given(LINES.map("\n".join), LINES.map("\n".join))
def test_a_patched_text_is_the_new_one(old, new):
    assert patched(old, diff(old, new)) == new if old != new else diff(old, new) == ""


@given(SECTIONS, SECTIONS)
def test_applied_changes_give_the_new_sections(old, new):
    changes = delta(sections(old), sections(new))
    common = [name for name in old if name in new]
    if changes is None:
        assert common != [name for name in new if name in old]
    else:
        assert plain(apply(sections(old), changes)) == list(new.items())


def test_what_does_not_change_costs_nothing():
    old = (Section("mission", "x" * 100, Stability.STATIC), Section("view", "1"))
    new = (Section("mission", "x" * 100, Stability.STATIC), Section("view", "2"))
    assert [change.name for change in delta(old, new)] == ["view"]


def test_a_short_section_is_given_in_full_and_a_long_one_as_a_diff():
    rows = [f"row {n} of a long map" for n in range(20)]
    moved = [*rows[:7], "row 7 with a door", *rows[8:]]
    changes = delta(
        sections({"map": "\n".join(rows), "hp": "9"}), sections({"map": "\n".join(moved), "hp": "8"})
    )
    assert [(change.name, change.kind) for change in changes] == [("map", "diff"), ("hp", "full")]
    assert changes[0].words == "[map] changed:\n@@ -8 +8 @@\n-row 7 of a long map\n+row 7 with a door"
    assert changes[1].words == "[hp]\n8"


def test_sections_that_come_and_go_keep_their_places():
    old, new = sections({"a": "1", "c": "3"}), sections({"a": "1", "b": "2", "c": "3"})
    assert plain(apply(old, delta(old, new))) == plain(new)
    assert plain(apply(new, delta(new, old))) == plain(old)
    assert delta(new, old)[0].words == "[b] is gone"


def test_changed_order_or_doubled_names_are_not_told_as_changes():
    assert delta(sections({"a": "1", "b": "2"}), sections({"b": "2", "a": "1"})) is None
    assert delta((Section("a", "1"), Section("a", "2")), sections({"a": "1"})) is None


@pytest.mark.parametrize(("old", "patch"), [("a\nb", "@@ -1 +1 @@\n-b\n+c"), ("a", "no patch")])
def test_a_patch_of_another_text_is_refused(old, patch):
    with pytest.raises(ValueError, match="hunk|fit"):
        patched(old, patch)


def walk(task, steps):
    """Every observation of random play of a task, over several episodes."""
    world = World(task)
    dice = random.Random(task)
    try:
        briefing, frame = world.reset(1)
        for step in range(steps):
            yield frame.observation.sections
            if frame.over:
                _, frame = world.reset(step)
            else:
                frame = world.step(dice.choice(briefing.actions).name)
    finally:
        world.close()


def told_exactly(task, steps):
    """Anchor and changes lead to every observation; how often changes could not tell it."""
    retold, whole = None, 0
    for observed in walk(task, steps):
        changes = None if retold is None else delta(retold, observed)
        if changes is None:
            retold, whole = observed, whole + 1
        else:
            retold = apply(retold, changes)
        assert plain(retold) == plain(observed)
    return whole


CORE = [
    "babyai/putnext",
    "minigrid/MiniGrid-DoorKey-8x8-v0",
    "crafter/standard",
    "atari/seaquest",
    "nethack/NetHackChallenge-v0",
    "minihack/MiniHack-Quest-Easy-v0",
    "gymnasium/CartPole-v1",
]


@pytest.mark.parametrize("task", CORE)
def test_a_thousand_steps_of_a_game_are_told_exactly(task):
    assert told_exactly(task, 1000) == 1


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_a_thousand_steps_of_every_third_task_in_words_are_told_exactly():
    played = [info.task for info in all_tasks() if info.text and not info.needs and info.game != "doom"]
    assert len(played) > 300
    assert {task for task in played[::3] if told_exactly(task, 1000) != 1} == set()
