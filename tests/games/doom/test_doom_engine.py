"""Doom on ViZDoom: the same again in another process, buttons that do something, an end without remains."""

import contextlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from games.doom import doom
from games.doom._campaign import CAMPAIGNS, level_spec, names
from games.frames import faults, read_spec, spec_names
from games.hashing import observation_hash

vizdoom = pytest.importorskip("vizdoom", reason='needs vizdoom: pip install "ludometer[doom]"')

from games.doom._engine import DoomEngine, Setup  # noqa: E402 - it needs vizdoom

SCENARIOS = spec_names("games.doom")
LINES = ("right 9", "forward+attack 20", "strafe left 7 then wait 4", "run+forward 20", "attack 30")


@contextlib.contextmanager
def playing(task, **given):
    env = doom.make(task, **given)
    try:
        yield env
    finally:
        env.close()


def hashes(task, seed, lines=LINES):
    """A hash of each raw observation of an episode."""
    found = []
    with playing(task) as env:
        found.append(observation_hash(env.reset(seed=seed)[0]))
        for line in lines:
            raw, _, over, cut, _ = env.step(env.decode(line))
            found.append(observation_hash(raw))
            if over or cut:
                break
    return found


CODE = """
import sys
sys.path.insert(0, sys.argv[1])
from test_doom_engine import hashes
print(*hashes(sys.argv[2], int(sys.argv[3])))
"""


def in_another_process(task, seed):
    command = [sys.executable, "-c", CODE, str(Path(__file__).parent), task, str(seed)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(command, capture_output=True, text=True, env=env, check=True).stdout.split()


def test_the_same_in_another_process():
    assert in_another_process("doom/deathmatch", 11) == hashes("doom/deathmatch", 11)


@pytest.mark.slow
def test_a_level_is_the_same_in_another_process():
    assert in_another_process("doom/freedoom1-e1m1", 11) == hashes("doom/freedoom1-e1m1", 11)


def test_the_same_whatever_was_played_before_and_beside():
    task, lines = "doom/health-gathering", ("forward 20", "left 9")
    alone = hashes(task, 5, lines)
    with ThreadPoolExecutor() as threads:
        beside = [threads.submit(hashes, task, seed, lines) for seed in (5, 6)]
        found = [future.result() for future in beside]
    assert found[0] == alone
    assert found[1] != alone
    with playing(task) as env:
        env.reset(seed=6)
        env.step(env.decode("forward 20"))
        assert observation_hash(env.reset(seed=5)[0]) == alone[0]


@pytest.mark.parametrize("name", ["defend-the-line", "take-cover"])
def test_starts_are_as_the_task_says(name):
    found = {observation_hash(hash_of_start(f"doom/{name}", seed)) for seed in range(2)}
    assert (len(found) == 1) == (doom.describe(f"doom/{name}").starts == "fixed")


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SCENARIOS, "freedoom1-e1m1", "freedoom2-map01"])
def test_starts_of_all_are_as_the_tasks_say(name):
    found = {observation_hash(hash_of_start(f"doom/{name}", seed)) for seed in range(4)}
    assert len(found) == (1 if doom.describe(f"doom/{name}").starts == "fixed" else 4)


def hash_of_start(task, seed):
    with playing(task) as env:
        return env.reset(seed=seed)[0]


def test_buttons_each_do_something():
    with playing("doom/freedoom1-e1m1") as env:
        env.reset(seed=1)
        engine = env.unwrapped._engine

        def told(line):
            env.step(env.decode(line))
            return engine.variables()

        at = told("wait 20")
        there = told("forward 10")
        assert there["position_x"] > at["position_x"] + 30  # the level begins facing east
        ran = told("wait 20 then back 10 then wait 20 then run+forward 10")
        assert ran["velocity_x"] > there["velocity_x"] + 3
        at = told("back 30 then wait 20")
        assert told("strafe left 10 then wait 20")["position_y"] > at["position_y"] + 10
        assert told("strafe right 10 then wait 20")["position_y"] == pytest.approx(at["position_y"], abs=8)
        assert told("left 10")["angle"] > 5
        assert told("wait 2 then right 10")["angle"] == pytest.approx(0, abs=0.1)
        fired = told("attack 10 then wait 10")
        assert fired["selected_weapon_ammo"] < at["selected_weapon_ammo"]
        engine._game.send_game_command("give all")
        told("wait 4")
        for slot, name in ((5, "rockets"), (3, "shotgun"), (4, "chaingun"), (6, "plasma"), (7, "bfg")):
            assert told(f"{name} 4 then wait 60")["selected_weapon"] == slot, name
        assert told("fist 4 then wait 60")["selected_weapon"] == 1
        assert told("pistol 4 then wait 60")["selected_weapon"] == 2


def test_use_opens_the_way_out():
    """At the switch of the first level the way is done, and using it ends the level."""
    with playing("doom/freedoom1-e1m1@skill=1") as env:
        env.reset(seed=1)
        engine = env.unwrapped._engine
        assert engine.variables()["way"] < 0.05
        at_the_exit(env, engine, "right")
        assert engine.variables()["way"] > 0.9
        assert env.progress().value == pytest.approx(9 / 15)
        _, _, over, _, _ = env.step(env.decode("use 2 then forward+use 20"))
        assert over
        assert env.progress().value == 1
        assert env.progress().parts["won"] == 1


def at_the_exit(env, engine, turn):
    """Before the switch of Freedoom's E1M1, facing it: (-400, 1296), seen in the WAD."""
    engine._game.send_game_command("god")
    engine._game.send_game_command("warp -370 1296")
    env.step(env.decode("wait 4"))
    while not 170 < engine.variables()["angle"] < 190:
        env.step(env.decode(f"{turn} 1"))


def test_the_last_level_of_a_campaign_ends_it_once():
    setup = Setup(("left", "use"), wad=Path(vizdoom.root_path, "freedoom1.wad"), levels=("e1m1", "e1m1"))
    engine = DoomEngine(setup)
    with contextlib.closing(engine):
        engine.start(1)
        engine._game.send_game_command("warp -370 1296")
        engine.advance(2, set())
        while not 170 < engine.variables()["angle"] < 190:
            engine.advance(1, {"left"})
        for frame in range(12):
            engine.advance(1, {"use"} if frame % 2 else set())
        assert engine.over
        assert (engine.variables()["done"], engine.variables()["finished"]) == (1, 1)


def test_a_campaign_goes_on_with_what_is_carried():
    with playing("doom/freedoom1-e1@skill=1") as env:
        env.reset(seed=1)
        engine = env.unwrapped._engine
        engine._game.send_game_command("give all")
        at_the_exit(env, engine, "left")
        _, _, over, _, _ = env.step(env.decode("use 2 then forward+use 4 then wait 8"))
        numbers = engine.variables()
        assert not over
        assert (numbers["done"], numbers["weapon5"]) == (1, 1)
        assert numbers["way"] < 0.1
        assert env.progress().value == pytest.approx(2 / 16)


@pytest.mark.parametrize("seed", range(5))
def test_the_scripted_player_solves_basic(seed):
    with playing("doom/basic") as env:
        env.reset(seed=seed)
        for _ in range(10):
            if env.step(env.decode(env.oracle()))[2]:
                break
        assert env.progress().value == 1


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("defend-the-line", 0.3), ("health-gathering", 0.2)])
def test_the_scripted_player_is_better_than_nothing(name, least):
    values = []
    for seed in range(4):
        with playing(f"doom/{name}") as env:
            env.reset(seed=seed)
            over = cut = False
            while not over and not cut:
                _, _, over, cut, _ = env.step(env.decode(env.oracle()))
            values.append(env.progress().value)
    assert np.mean(values) > least, values


def sound(task):
    with playing(task) as env:
        env.reset(seed=2)
        spec = env.unwrapped._spec
        numbers = env.unwrapped._engine.variables()
        assert not faults(spec.milestones, numbers)
        assert spec.names() <= numbers.keys()


@pytest.mark.parametrize("name", ["basic", "deadly-corridor", "freedoom2-map01"])
def test_milestones_speak_of_what_is_there_and_are_to_come(name):
    sound(f"doom/{name}")


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in SCENARIOS if n not in ("basic", "deadly-corridor")])
def test_milestones_of_all_scenarios(name):
    sound(f"doom/{name}")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("campaign", ["freedoom1", "freedoom2"])
def test_milestones_of_all_levels(campaign):
    """Every level loads, and a way leads from its start to its exit."""
    for name in names(campaign):
        with playing(f"doom/{name}") as env:
            env.reset(seed=2)
            engine = env.unwrapped._engine
            assert not faults(env.unwrapped._spec.milestones, engine.variables()), name
            assert 0 < engine._walk._way.whole < np.inf, name


def children():
    """Processes of ViZDoom, by their number."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if entry.read_bytes().split(b"\0")[0].endswith(b"vizdoom/vizdoom"):
                found.add(int(entry.parent.name))
    return found


def gone(numbers, seconds=5.0):
    until = time.monotonic() + seconds
    while numbers & children() and time.monotonic() < until:
        time.sleep(0.05)
    return not numbers & children()


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: processes are looked up in /proc")
def test_close_ends_the_process_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = children()
    with playing("doom/basic") as env:
        env.reset(seed=1)
        ours = children() - before
        folder = env.unwrapped._engine._child.folder
        assert ours
        assert folder.exists()
        name = env.unwrapped._engine._game.get_instance_id()
        assert not list(Path("/dev/shm").glob(f"*{name}"))
    env.close()
    assert gone(ours)
    assert not folder.exists()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: elsewhere nothing ends the process")
def test_it_ends_with_a_player_who_is_killed():
    code = (
        "from games.doom import doom\nenv = doom.make('doom/basic')\nenv.reset(seed=1)\n"
        "print('here', flush=True)\ninput()"
    )
    before = children()
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
    ) as player:
        assert player.stdout.readline() == b"here\n"
        started = {number for number in children() - before if parent(number) == player.pid}
        assert started
        player.kill()
    assert gone(started)


def parent(number):
    return int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])


def test_only_what_is_in_the_picture_is_told():
    with playing("doom/defend-the-center") as env:
        raw, info = env.reset(seed=1)
        told = {section.name: section.text for section in env.observe(raw, info).sections}
        assert told["status"] == "health 100, armor 0, weapon pistol, ammo 26"
        assert told["in view"].startswith("marine chainsaw vzd: straight ahead")
        assert len(told["in view"].splitlines()) == 1
        assert len([name for name in raw["engine"]["names"] if name != "DoomPlayer"]) == 5
        turned = env.step(env.decode("left 24"))[0]
        assert "straight ahead" not in str(env.observe(turned, {}).sections)


def test_the_picture():
    with playing("doom/freedoom1-e1m1", image=True) as env:
        env.reset(seed=1)
        picture = env.render()
        assert picture.shape == (480, 640, 3)
        assert picture.dtype == np.uint8
        bar = picture[-60:-10, 10:70].astype(int)  # the red figures of the ammunition
        assert (bar[..., 0] - bar[..., 1]).max() > 100


def test_tasks_and_names(tmp_path, monkeypatch):
    monkeypatch.setenv("LUDOMETER_ROMS", str(tmp_path))
    tasks = {info.task for info in doom.tasks()}
    assert {f"doom/{name}" for name in SCENARIOS} <= tasks
    assert {"doom/freedoom1-e1m1", "doom/freedoom2-map32", "doom/freedoom2", "doom/freedoom1-e4"} <= tasks
    assert not {task for task in tasks if task.startswith(("doom/doom", "doom/doom2"))}
    assert doom.describe("doom/doom2-map01").task == "doom/doom2-map01"
    for wrong in ("doom/basik", "doom/basic@skill=3", "doom/freedoom1-e1m1@skill=6", "doom/freedoom1"):
        with pytest.raises(ValueError, match="doom/"):
            doom.describe(wrong)
    with pytest.raises(ValueError, match="yours to use"):
        doom.make("doom/doom2-map01")


def test_specs_of_all_levels_are_sound():
    for campaign in CAMPAIGNS:
        for name in (names(campaign)[0], names(campaign)[-1]):
            assert level_spec(name).milestones
    assert read_spec("games.doom", "basic").tested
    assert not level_spec("doom2-map01").tested
