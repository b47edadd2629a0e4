"""Consoles in processes of their own: exact, quick to end, and honest about what is missing."""

import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ludometer_test_roms import nes_rom, sha1, zipped

pytest.importorskip("stable_retro", reason="needs stable-retro: pip install 'ludometer[retro]'")

from games.api import MissingExtra, Starts
from games.frames import faults, read_spec, spec_names
from games.hashing import observation_hash
from games.retro import _open, retro
from games.retro._child import Cartridge
from games.retro._engine import EmulatorDied, RetroEngine
from games.retro._integrations import Integration, integration

COUNTING = b"\x78\xee\x10\x00\x4c\x01\x80"  # SEI; forever: INC $0010


@pytest.fixture(scope="module")
def engine():
    made = RetroEngine(_open.cartridge_of("Airstriker-Genesis-v0"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def env():
    made = retro.make("retro/airstriker")
    yield made
    made.close()


def played(engine, seed, turns=12):
    """Hash, reward and variables after each of some shots, some of them on the move."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(turns):
        engine.advance(6, {"b", str(rng.choice(["b", "b", "up", "down"]))})
        engine.advance(2, set())
        found.append((observation_hash(engine.raw()), engine.take_reward(), dict(engine.variables())))
    return found


PLAY = """
import sys
sys.path[:] = {path!r}
from games.hashing import observation_hash
from games.retro import retro
env = retro.make("retro/airstriker")
raw, _ = env.reset(seed=5)
for line in ("right+b 30", "hold left 20 then b 8", "wait 40", "left+b 60"):
    raw, *_ = env.step(env.decode(line))
    print(observation_hash(raw))
env.close()
"""


def test_two_processes_play_the_same(env):
    code = PLAY.format(path=sys.path)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    env.reset(seed=9)
    env.step(env.decode("right 100"))  # what was played before must not matter
    env.reset(seed=5)
    ours = []
    for line in ("right+b 30", "hold left 20 then b 8", "wait 40", "left+b 60"):
        raw, *_ = env.step(env.decode(line))
        ours.append(observation_hash(raw))
    assert ours == done.stdout.split() and len(set(ours)) == 4


def test_a_state_is_restored_exactly(engine):
    engine.start(0)
    played(engine, 1)
    state, picture, before = engine.save(), engine.picture(), observation_hash(engine.raw())
    first = played(engine, 2)
    assert any(reward for _, reward, _ in first), "a reward is among what is compared"
    engine.start(0)
    played(engine, 3, 2)
    engine.load(state)
    assert observation_hash(engine.raw()) == before and (engine.picture() == picture).all()
    assert played(engine, 2) == first


@pytest.mark.slow
def test_a_checkpoint_is_restored_in_another_environment(env):
    env.reset(seed=3)
    env.step(env.decode("right+b 90"))
    state = env.checkpoint()
    first = [observation_hash(env.step(env.decode(line))[0]) for line in ("left+b 30", "b 60")]
    other = retro.make("retro/airstriker")
    try:
        other.reset(seed=4)
        other.restore(state)
        again = [observation_hash(other.step(other.decode(line))[0]) for line in ("left+b 30", "b 60")]
    finally:
        other.close()
    assert again == first and not env.savable


def test_frames_one_by_one_are_frames_at_once(engine):
    found = []
    for parts in ([240], [1] * 60 + [60, 120]):
        engine.start(0)
        for frames in parts:
            engine.advance(frames, frozenset({"b"}))
        found.append((observation_hash(engine.raw()), engine.take_reward()))
    assert found[0] == found[1]


@pytest.mark.parametrize(("button", "moves"), [("left", (-1, 0)), ("right", (1, 0))])
def test_directions_act(engine, button, moves):
    engine.start(0)
    engine.advance(20, frozenset())
    before = engine.memory(0xFF0268, 2)
    engine.advance(10, frozenset({button}))
    change = int.from_bytes(engine.memory(0xFF0268, 2), "big") - int.from_bytes(before, "big")
    assert change == 50 * moves[0]


def test_every_control_of_airstriker_does_something(engine):
    def after(held):
        engine.start(0)
        engine.advance(40, frozenset())
        engine.advance(12, frozenset(held))
        return observation_hash(engine.raw())

    still = after(())
    for button in read_spec("games.retro", "airstriker").controls:
        assert after((button,)) != still, button
    assert after(("left", "right")) == still


def test_integrations_variables_are_those_at_the_addresses(engine):
    engine.start(0)
    assert engine.variables() == {"gameover": 9, "lives": 3, "score": 0}
    assert engine.memory(16712282, 2) == b"\0\3"
    assert engine.rate == pytest.approx(59.92, abs=0.01) and "c" in engine.buttons
    assert None not in engine.buttons and engine.pointer is None
    assert engine.content == {"rom": integration("Airstriker-Genesis-v0").shas[0]}


def test_a_game_that_is_over_stops(engine):
    engine.start(0)
    engine.advance(100_000, frozenset())
    assert engine.over and engine.variables()["lives"] == 0
    ended = engine.raw()
    engine.advance(10, frozenset())
    assert engine.raw() == ended and ended["frame"] < 5000
    engine.start(0)
    assert not engine.over


def test_starts_are_as_few_as_is_said(env):
    info = retro.describe("retro/airstriker")
    starts = {observation_hash(env.reset(seed=seed)[0]["engine"]) for seed in range(20)}
    assert info.starts is Starts.FEW and len(starts) == 18


def test_the_oracle_shoots_the_first_enemy(env):
    env.reset(seed=0)
    for _ in range(16):
        env.step(env.decode(env.oracle()))
    assert env.progress().parts["score"] >= 20


@pytest.mark.slow
def test_the_oracle_reaches_what_random_play_does_not(env):
    def reached(seed, choose):
        env.reset(seed=seed)
        for _ in range(600):
            *_, over, cut, _ = env.step(env.decode(choose()))
            if over or cut:
                break
        return env.progress().parts["milestones"]

    rng = np.random.default_rng(0)
    names = [action.name for action in env.actions]
    assert reached(0, env.oracle) == 3
    assert [reached(seed, lambda: str(rng.choice(names))) for seed in range(5)] == [0] * 5


def test_no_milestone_holds_at_the_start(engine):
    engine.start(0)
    assert not faults(read_spec("games.retro", "airstriker").milestones, engine.variables())


def gone(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    # A child whose parent is gone too may be a zombie until it is reaped.
    return Path(f"/proc/{process}/stat").read_text("ascii").rsplit(")", 1)[1].split()[0] == "Z"


def ends(process, seconds=10):
    until = time.monotonic() + seconds
    while not gone(process) and time.monotonic() < until:
        time.sleep(0.05)
    return gone(process)


ORPHAN = """
import os, signal, sys
sys.path[:] = {path!r}
from games.retro import retro
env = retro.make("retro/airstriker")
env.reset(seed=0)
print(env._engine._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_emulator_ends_with_its_parent():
    code = ORPHAN.format(path=sys.path)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert ends(int(done.stdout))


def test_an_emulator_that_dies_is_an_error_and_no_hang():
    engine = RetroEngine(_open.cartridge_of("Airstriker-Genesis-v0"))
    engine.start(0)
    engine._process.send_signal(signal.SIGSEGV)
    with pytest.raises(EmulatorDied, match="SIGSEGV"):
        engine.advance(10, frozenset())
    engine.close()
    engine.close()
    with pytest.raises(EmulatorDied, match="closed"):
        engine.picture()


def test_a_rom_that_the_core_refuses_is_an_error(tmp_path):
    file = tmp_path / "rom.nes"
    file.write_bytes(b"no cartridge")
    with pytest.raises(EmulatorDied):
        RetroEngine(Cartridge(rom=str(file)))


def test_variables_of_a_spec_are_read_from_memory(tmp_path):
    file = tmp_path / "rom.nes"
    file.write_bytes(nes_rom(COUNTING))
    engine = RetroEngine(
        Cartridge(rom=str(file), variables={"count": (0x10, "u8", None), "low": (0x10, "u8", 0x0F)})
    )
    try:
        engine.start(0)
        counts = []
        for _ in range(5):
            engine.advance(1, frozenset())
            numbers = engine.variables()
            assert numbers["low"] == int(numbers["count"]) % 16
            counts.append(numbers["count"])
        assert len(set(counts)) == 5
        assert engine.buttons == ("b", "select", "start", "up", "down", "left", "right", "a")
        assert not engine.rewards and engine.take_reward() == 0.0 and not engine.over
    finally:
        engine.close()


@pytest.fixture
def made_game(tmp_path, monkeypatch):
    """An integration as stable-retro has them, of a ROM made here, which is not in the library yet."""
    place = tmp_path / "stable_retro" / "data" / "stable"
    game = place / "Counting-Nes-v0"
    game.mkdir(parents=True)
    (game / "rom.sha").write_text(sha1(nes_rom(COUNTING)[16:]))
    (game / "data.json").write_text('{"info": {"count": {"address": 16, "type": "|u1"}}}')
    (game / "scenario.json").write_text(
        '{"reward": {"variables": {"count": {"reward": 1, "penalty": 1}}}, "done": {"variables": {}}}'
    )
    (game / "metadata.json").write_text("{}")
    (game / "Later.state").write_bytes(gzip.compress(b"?"))
    cores = integration("Airstriker-Genesis-v0").folder.parents[2] / "cores"
    (tmp_path / "stable_retro" / "cores").symlink_to(cores)
    for module in ("games.roms._known", "games.retro._integrations"):
        monkeypatch.setattr(f"{module}.integrations", lambda: place)
    monkeypatch.setenv("LUDOMETER_ROMS", str(tmp_path / "library"))
    return tmp_path


def test_an_integration_is_played_once_its_rom_is_added(made_game):
    from games.roms._add import add
    from games.roms._known import catalogue

    with pytest.raises(ValueError, match=r"Counting \(Nes\), SHA-1 .*ludometer rom add FILE"):
        retro.describe("retro/Counting-Nes-v0")
    file = made_game / "any.zip"
    file.write_bytes(zipped({"any.nes": nes_rom(COUNTING)}))
    (added,) = add(file, catalogue())
    assert added.tasks == ("retro/Counting-Nes-v0",)
    info = retro.describe("retro/Counting-Nes-v0")
    env = retro.make("retro/Counting-Nes-v0")
    try:
        env.reset(seed=1)
        _, reward, over, cut, _ = env.step(env.decode("a 4"))
        assert env._engine.variables().keys() == {"count"} and reward != 0 and not over and not cut
        assert env._engine.content == {"rom": sha1(nes_rom(COUNTING)[16:])}
        progress = env.progress()
        assert progress.value == 0 and progress.parts["measured"] == 0 and progress.parts["score"] == reward
        assert env.max_steps == info.max_steps
    finally:
        env.close()


def test_names_that_do_not_exist_are_one_line(made_game):
    for task, told in [
        ("retro/Counting-Nes", "did you mean 'retro/Counting-Nes-v0'"),
        ("retro/Counting-Nes-v0:Latter", "has no state 'Latter'; there are: Later"),
        ("retro/Counting-Nes-v0:../../x", "has no state"),
        ("retro/../stable/Counting-Nes-v0", "unknown task"),
        ("retro/airstriker@trubo", "is no option"),
    ]:
        with pytest.raises(ValueError) as caught:
            retro.describe(task)
        assert told in str(caught.value) and "\n" not in str(caught.value)


def test_stable_retro_that_is_absent_is_named(monkeypatch):
    monkeypatch.setattr("games.retro.integrations", lambda: None)
    with pytest.raises(MissingExtra, match=r"ludometer\[retro\]"):
        retro.make("retro/airstriker")
    assert retro.tasks()


def test_every_integration_can_be_described_without_an_emulator():
    """Whatever is in stable-retro's files: its title, states, buttons and variables are read."""
    place = integration("Airstriker-Genesis-v0").folder.parent
    found = [Integration(file.parent.name, file.parent) for file in sorted(place.glob("*/rom.sha"))]
    assert len(found) > 1000
    for each in found[::40]:
        assert each.title and each.shas and each.variables and each.buttons
        if not each.name.startswith("NHL94"):  # its metadata name a state with a dot too many
            assert each.default_state in ("", *each.states), each.name


def test_specs_are_whole():
    for name in spec_names("games.retro"):
        spec = read_spec("games.retro", name)
        assert spec.tested == (name == "airstriker")
        if "game" in spec.engine or spec.content.integration:
            each = integration(spec.content.integration or spec.engine["game"])
            assert spec.engine.get("state", each.default_state) in ("", *each.states)
            known = {*each.variables, *spec.variables}
            assert spec.names() <= known, spec.names() - known
            assert set(spec.controls) <= set(each.buttons)
            assert not spec.content.rom or {rom.sha1 for rom in spec.content.rom} == set(each.shas)
        else:
            assert spec.names() <= set(spec.variables)
