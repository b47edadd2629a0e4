"""The shipped specs of games of DOS, and the player's folder, without DOSBox."""

import hashlib

import pytest

from games.desktop._checkpoints import PREFIX, confusions
from games.desktop._keys import KEYSYMS, MOUSE
from games.desktop._programs import Missing
from games.dos import dos
from games.dos._engine import SIZE, DosSettings, config
from games.dos._folders import FOLDERS, game_folder
from games.frames import Content, read_spec, spec_names

PACKAGE = "games.dos"
NAMES = spec_names(PACKAGE)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_spec_names_is_there(name):
    spec = read_spec(PACKAGE, name)
    settings = DosSettings.of(spec.engine)
    assert spec.content.folder
    assert not spec.tested
    assert set(spec.controls) <= set(KEYSYMS) | set(MOUSE)
    assert spec.names() <= {PREFIX + sight for sight in settings.sights}
    assert confusions(settings.sights) == []
    spec.grammar(SIZE).parse(f"{next(iter(spec.controls))} then move 600 300")


def test_tasks_without_milestones_say_so():
    for name in NAMES:
        spec = read_spec(PACKAGE, name)
        assert spec.milestones or any("not measured" in source for source in spec.source), name


def test_the_tasks_are_listed_without_dosbox():
    assert {task.task for task in dos.tasks()} == {f"dos/{name}" for name in NAMES}
    assert not any(task.deterministic or task.text for task in dos.tasks())


def test_the_configuration_starts_the_game_and_keeps_the_speed(tmp_path):
    text = config(DosSettings(command="GAME.EXE -nosound", cycles="fixed 5000"), tmp_path / "c")
    lines = text.splitlines()
    assert "cycles=fixed 5000" in lines
    assert lines[-4:] == [f'mount c "{tmp_path / "c"}"', "c:", "GAME.EXE -nosound", "exit"]


@pytest.mark.parametrize("command", ["", "a\nformat c:", "GAME.EXE & del", "..\\GAME.EXE", "LONGERNAME.EXE"])
def test_a_command_is_one_program(command):
    with pytest.raises(ValueError, match="command"):
        DosSettings.of({"command": command})


def test_the_players_folder_is_found_by_the_variable_or_among_the_users_data(tmp_path, monkeypatch):
    content = Content(folder="prince", files=[{"path": "prince.exe"}])
    monkeypatch.delenv(FOLDERS, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with pytest.raises(Missing, match=f"a copy of the game is needed in .*ludometer/dos/prince.*{FOLDERS}"):
        game_folder(content)
    there = tmp_path / "data" / "ludometer" / "dos" / "prince"
    there.mkdir(parents=True)
    with pytest.raises(Missing, match=r"there is no prince\.exe in it"):
        game_folder(content)
    (there / "PRINCE.EXE").write_bytes(b"MZ")
    assert game_folder(content) == there
    other = tmp_path / "mine" / "prince"
    other.mkdir(parents=True)
    (other / "Prince.exe").write_bytes(b"MZ")
    monkeypatch.setenv(FOLDERS, str(tmp_path / "mine"))
    assert game_folder(content) == other


def test_another_file_than_the_specs_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDERS, str(tmp_path))
    (tmp_path / "game" / "data").mkdir(parents=True)
    (tmp_path / "game" / "data" / "A.EXE").write_bytes(b"one")
    right = hashlib.sha1(b"one").hexdigest()
    game_folder(Content(folder="game", files=[{"path": "DATA/a.exe", "sha1": right}]))
    wrong = Content(folder="game", files=[{"path": "DATA/a.exe", "sha1": "0" * 40}])
    with pytest.raises(ValueError, match="is another file than this task was written for"):
        game_folder(wrong)
