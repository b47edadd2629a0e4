"""ScummVM for real: the games' first rooms are reached and known again, headless."""

import json
import re
import time

import pytest

from games.desktop import record
from games.desktop._checkpoints import distance
from games.desktop._programs import Missing, find
from games.frames import read_spec
from games.scummvm import scummvm
from games.scummvm._data import data
from harness.testing import GameContract

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CHUTE = ("click 105 180", "click 312 135", "wait 110", "click 105 180", "click 312 135", "wait 60")
"""Pick up the sheets, and the other sheet: a laundry chute comes to light."""

CELLAR = (
    *("click 145 180", "click 195 180", "click 235 180", "wait 160"),  # tie one sheet to the other
    *("click 145 180", "click 195 180", "click 305 100", "wait 220"),  # and both to the radiator
    *("rightclick 305 110", "wait 160"),  # down the chute
)

OUTSIDE = (
    *("rightclick 20 70", "wait 200"),  # the bar of the railing
    *("move 160 0", "move 40 8", "rightclick 40 8", "rightclick 280 60", "wait 300", "wait 200"),
)
PLANT = (
    *("wait 300", "wait 200", "rightclick 60 70", "wait 80", "click 60 70", "wait 60"),  # the guard is gone
    *("click 45 140", "wait 260", "click 270 122", "wait 260"),  # down the stairs, out to the right
)


@pytest.fixture
def play():
    """A task's environment at its start: a function from its name."""
    for program in ("Xvfb", "scummvm"):
        if find(program) is None:
            pytest.skip(f"needs {program}: apt-get install scummvm xvfb")
    pytest.importorskip("Xlib")
    made = []

    def start(task, seed=0):
        try:
            data(task.partition("/")[2])
        except Missing as missing:
            pytest.skip(str(missing))
        made.append(scummvm.make(task, image=True))
        made[-1].reset(seed=seed)
        return made[-1]

    yield start
    for env in made:
        env.close()


def enlarged(line):
    """A line with places in the game's own pixels, as the enlarged picture has them."""
    return re.sub(
        r"(move|click) (\d+) (\d+)", lambda at: f"{at[1]} {int(at[2]) * 3 + 1} {int(at[3]) * 3 + 1}", line
    )


def walk(env, lines):
    for line in lines:
        env.step(env.decode(enlarged(line)))
    return env.progress()


def test_queen_from_the_intro_to_the_first_room_and_its_first_checkpoint_ten_times(play):
    reached, times = 0, []
    for seed in range(10):
        begun = time.monotonic()
        env = play("scummvm/queen", seed)
        assert env.render().shape == (600, 960, 3)
        assert env.progress().value == 0
        reached += walk(env, CHUTE).parts["milestones"] == 1
        env.close()
        times.append(time.monotonic() - begun)
    assert reached >= 9, f"{reached} of 10, {sum(times) / 10:.1f} s each, {max(times):.1f} s at most"


@pytest.mark.soak
def test_queen_down_to_the_cellar(play):
    progress = walk(play("scummvm/queen"), (*CHUTE, *CELLAR))
    assert progress.parts["milestones"] == 3


@pytest.mark.soak
def test_sky_out_of_the_plant_and_down(play):
    env = play("scummvm/sky")
    assert walk(env, OUTSIDE).parts["milestones"] == 2
    assert walk(env, PLANT).parts["milestones"] == 3


@pytest.mark.parametrize("name", ["lure", "drascula"])
def test_the_start_of_the_others_is_reached_and_nothing_is_reached_with_it(play, name):
    env = play(f"scummvm/{name}")
    begun = env.render()
    assert env.progress().value == 0
    assert walk(env, ["wait 20", "click 160 150", "wait 20"]).value == 0
    assert (env.render() != begun).any()


def test_what_a_model_gets_keeps_the_contract(play):
    contract = GameContract()
    contract.steps = 5
    info = next(info for info in scummvm.tasks() if info.task == "scummvm/sky")
    env = play(info.task)
    for check in contract.check_brief, contract.check_observations:
        check(env, info)


def test_a_conversation_of_thirty_seconds_with_the_model_does_not_pass_in_the_game(play):
    env = play("scummvm/queen")
    walk(env, ["click 280 120 then wait 10"])  # on the way through the room
    before = env.render()
    time.sleep(30)
    assert (env.render() == before).all()
    walk(env, ["wait 4"])
    moved = (env.render() != before).any(axis=2).mean()
    assert 0 < moved < 0.1  # a step or two of the way, not the end of it


def test_a_recording_tells_hashes_and_how_far_they_are(play, capsys, tmp_path):
    play("scummvm/lure").close()
    assert record.main(["scummvm/lure", "wait 20", "--random", "2", "--pictures", str(tmp_path)]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["line"] for line in told[:2]] == ["", "wait 20"]
    assert len(told) == len(list(tmp_path.iterdir())) == 4
    assert told[0]["seen"] == ["cell"]
    assert told[0]["off"]["cell"] == distance(told[0]["hashes"][""], record_of("lure", "cell"))


def record_of(name, sight):
    return read_spec("games.scummvm", name).engine["sights"][sight]["hash"]
