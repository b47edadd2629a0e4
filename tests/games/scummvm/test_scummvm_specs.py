"""The shipped specs of ScummVM's games, without ScummVM."""

import pytest

from games.desktop._checkpoints import PREFIX, confusions
from games.desktop._settings import Settings
from games.frames import read_spec, spec_names
from games.scummvm import scummvm
from games.scummvm._engine import DATA, command

PACKAGE = "games.scummvm"
NAMES = spec_names(PACKAGE)


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


def test_the_tasks_are_listed_without_an_engine():
    tasks = scummvm.tasks()
    assert {task.task for task in tasks} == {f"scummvm/{name}" for name in NAMES}
    assert not any(task.deterministic or task.text for task in tasks)


def test_nothing_is_read_or_kept_outside_of_the_games_own_home(tmp_path):
    line = command("scummvm", "queen", tmp_path, 2**31 + 5)
    assert line[-3:] == ["-p", str(tmp_path), "queen"]
    assert "--savepath={home}" in line and "--random-seed=5" in line
