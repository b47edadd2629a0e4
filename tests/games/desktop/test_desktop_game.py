"""The plugin that ScummVM's games and those of DOS share."""

import subprocess
import sys

import pytest

from games.api import Game, MissingExtra
from games.desktop import _game
from games.dos import dos
from games.dos._folders import FOLDERS as DOS_FOLDERS
from games.scummvm import _data, _engine, scummvm


@pytest.mark.parametrize("game", [scummvm, dos])
def test_it_is_a_game_with_options(game):
    assert isinstance(game, Game)
    task = game.tasks()[0].task
    assert game.describe(f"{task}@frames=4").max_steps == game.tasks()[0].max_steps
    with pytest.raises(ValueError, match="is no option"):
        game.describe(f"{task}@speed=9")
    with pytest.raises(ValueError, match="unknown task"):
        game.describe(f"{game.name}/no-such-game")


def test_a_missing_package_is_told_with_its_extra(monkeypatch):
    monkeypatch.setattr(_game, "_PACKAGES", ("no_such_package",))
    with pytest.raises(MissingExtra, match=r'no_such_package: pip install "ludometer\[desktop\]"'):
        scummvm.make("scummvm/queen")


def test_missing_programs_and_data_are_told_with_the_way_to_get_them(monkeypatch, tmp_path):
    pytest.importorskip("Xlib")
    monkeypatch.setattr(_data, "_PLACES", (str(tmp_path),))
    monkeypatch.delenv(_data.FOLDERS, raising=False)
    monkeypatch.setattr(_engine, "find", lambda program: None)
    with pytest.raises(
        ValueError, match="needs ScummVM: apt-get install scummvm flight-of-the-amazon-queen xvfb"
    ):
        scummvm.make("scummvm/queen")
    monkeypatch.setattr(_engine, "find", lambda program: f"/usr/games/{program}")
    with pytest.raises(
        ValueError, match="needs its data: apt-get install scummvm lure-of-the-temptress xvfb"
    ):
        scummvm.make("scummvm/lure")
    monkeypatch.setenv(DOS_FOLDERS, str(tmp_path))
    monkeypatch.setattr("games.dos._engine.find", lambda program: f"/usr/bin/{program}")
    with pytest.raises(ValueError, match="a copy of the game is needed in"):
        dos.make("dos/quake")


def test_tasks_are_listed_without_what_pictures_need():
    code = (
        "import sys; from games.dos import dos; from games.scummvm import scummvm\n"
        "dos.tasks(), scummvm.tasks()\n"
        "print([name for name in ('numpy', 'gymnasium', 'Xlib', 'imagehash', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
