"""The shipped specs of ScummVM's games, without ScummVM."""

import json
from pathlib import Path

import numpy as np
import pytest

from games.desktop._checkpoints import PREFIX, confusions, hashes
from games.desktop._settings import Settings
from games.frames import read_spec, spec_names
from games.frames._conditions import names
from games.scummvm import scummvm
from games.scummvm._data import DATA
from games.scummvm._engine import command

pytest.importorskip("imagehash", reason="needs ImageHash: pip install ludometer[desktop]")

PACKAGE = "games.scummvm"
NAMES = spec_names(PACKAGE)
RANDOM_PLAY = Path(__file__).parents[2] / "data" / "random_play"
"""Hashes of pictures of random play, as ``python -m games.desktop.record TASK --random 40`` gives them."""


@pytest.mark.parametrize("name", NAMES)
def test_what_a_spec_names_is_there(name):
    spec = read_spec(PACKAGE, name)
    settings = Settings.of(spec.engine)
    assert spec.content.target in DATA
    assert spec.names() <= {PREFIX + sight for sight in settings.sights}
    assert settings.begin is not None


@pytest.mark.parametrize("name", NAMES)
def test_no_two_places_of_a_spec_can_be_taken_for_each_other(name):
    assert confusions(Settings.of(read_spec(PACKAGE, name).engine).sights) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_milestone_is_a_picture_of_random_play_or_of_nothing(name):
    spec = read_spec(PACKAGE, name)
    sights = Settings.of(spec.engine).sights
    told = set().union(*(names(milestone.when) for milestone in spec.milestones), [])
    counted = {sight: sights[sight] for sight in sights if PREFIX + sight in told}
    black = hashes(np.zeros((200, 320, 3), np.uint8), sights)
    recorded = (RANDOM_PLAY / f"{name}.jsonl").read_text().splitlines()
    assert len(recorded) >= 20
    assert confusions(counted, [black, *map(json.loads, recorded)]) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_start_is_no_black_picture(name):
    settings = Settings.of(read_spec(PACKAGE, name).engine)
    sights = {settings.begin.until: settings.sights[settings.begin.until]}
    assert confusions(sights, [hashes(np.zeros((200, 320, 3), np.uint8), sights)]) == []


def test_the_tasks_are_listed_without_an_engine():
    tasks = scummvm.tasks()
    assert {task.task for task in tasks} == {f"scummvm/{name}" for name in NAMES}
    assert not any(task.deterministic or task.text for task in tasks)


def test_nothing_is_read_or_kept_outside_of_the_games_own_home(tmp_path):
    line = command("scummvm", "queen", tmp_path, 2**31 + 5)
    assert line[-3:] == ["-p", str(tmp_path), "queen"]
    assert "--savepath={home}" in line and "--random-seed=5" in line
