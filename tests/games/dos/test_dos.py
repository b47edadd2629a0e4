"""DOSBox for real, with programs of our own."""

import numpy as np
import pytest
from ludometer_test_dos import KEYS, MOUSE, RUNS

from games.desktop._programs import find
from games.dos._engine import Dos, DosSettings
from games.dos._folders import FOLDERS
from games.frames import Content

pytestmark = pytest.mark.slow


@pytest.fixture
def play(tmp_path, monkeypatch):
    """Starts a program of ours in DOSBox: a function from its bytes to an engine."""
    for program in ("Xvfb", "dosbox"):
        if find(program) is None:
            pytest.skip(f"needs {program}: apt-get install dosbox xvfb")
    pytest.importorskip("Xlib")
    monkeypatch.setenv(FOLDERS, str(tmp_path))
    engines = []

    def start(program):
        folder = tmp_path / "ours"
        folder.mkdir()
        (folder / "PROG.COM").write_bytes(program)
        engines.append(Dos(Content(folder="ours"), DosSettings(command="PROG.COM")))
        engines[0].start(0)
        engines[0].advance(90, frozenset())
        return engines[0]

    yield start
    for engine in engines:
        engine.close()


def upper(engine):
    """The colour of the upper half of the screen."""
    picture = engine.picture()
    assert (picture[10:190, 10:630] == picture[10, 10]).all()
    return tuple(picture[10, 10])


def test_a_key_reaches_the_program_and_its_end_is_the_end(play):
    engine = play(KEYS)
    seen = {upper(engine)}
    for key in "a", "g", "9":
        engine.advance(4, {key})
        engine.advance(8, frozenset())
        seen.add(upper(engine))
    assert len(seen) == 4
    assert engine.picture().shape == (480, 640, 3)
    assert not engine.over
    engine.advance(4, {"escape"})
    engine.advance(90, frozenset())
    assert engine.over
    last = engine.picture()
    engine.advance(10, {"a"})
    assert (engine.picture() == last).all()


def test_between_two_calls_nothing_happens(play):
    import time

    engine = play(RUNS)
    pictures = []
    for _ in range(5):
        before = engine.picture()
        time.sleep(0.3)
        assert (engine.picture() == before).all()
        pictures.append(before.tobytes())
        engine.advance(5, frozenset())
    assert len(set(pictures)) > 1


def test_the_mouse_is_where_it_is_pointed_and_its_buttons_are_told(play):
    engine = play(MOUSE)
    found = {}
    for at, held in ((100, 60), set()), ((500, 300), {"click"}), ((300, 200), {"rightclick"}):
        engine.point(*at)
        engine.advance(10, held)
        picture = engine.picture()
        found[at] = picture[at[1] - 4 : at[1] + 5, at[0] - 4 : at[0] + 5]
        engine.advance(3, frozenset())
    colours = {tuple(patch.reshape(-1, 3).max(axis=0)) for patch in found.values()}
    assert all(np.any(patch) for patch in found.values())
    assert len(colours) == 3


def test_what_a_game_writes_does_not_reach_the_players_copy(play, tmp_path):
    engine = play(KEYS)
    home = engine._display.home
    (home / "c" / "SAVE.DAT").write_bytes(b"x")
    engine.close()
    assert not home.exists()
    assert [path.name for path in (tmp_path / "ours").iterdir()] == ["PROG.COM"]
