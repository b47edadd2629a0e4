"""The Game Boy engine: exact, alone with its ROM, and not to be broken by any line."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ludometer_test_runs import assert_replays, run

from games.api import UnknownAction
from games.frames import faults, parse_spec, read_spec
from games.frames._spec import Limits
from games.gameboy import _engine, gameboy
from games.hashing import observation_hash
from harness.records import read_run
from harness.spec import RunSpec
from harness.verify import verify

TASK = "gameboy/lowtide"
SIMULATED = "simulated(ttft=0.3,tps=30)"
_SPEC = """
title: clock
source: tests
tested: true
objective: none
controls: {a: nothing}
content: {bundled: clock.gb}
variables: {seconds: {address: 0xC000}, counted: {address: 0xC001}}
limits: {steps: 10, frames: 100000}
"""


def cartridge(code: bytes, kind: int) -> bytes:
    """A ROM of a kind of cartridge that runs `code`, with the header that the emulator asks for."""
    rom = bytearray(32768)
    rom[0x100:0x104] = bytes([0x00, 0xC3, 0x50, 0x01])
    rom[0x147] = kind
    rom[0x149] = 2
    rom[0x150 : 0x150 + len(code)] = code
    check = 0
    for byte in rom[0x134:0x14D]:
        check = (check - byte - 1) & 0xFF
    rom[0x14D] = check
    return bytes(rom)


# Latches the clock again and again, and copies its seconds to C000; counts in C001.
_READ_CLOCK = bytes.fromhex("3E0AEA00003E08EA0040AFEA00603CEA0060FA00A0EA00C02101C03418EB")


@pytest.fixture
def clock(monkeypatch):
    """An engine whose cartridge has a clock (MBC3 with timer and RAM)."""
    monkeypatch.setattr(_engine, "rom", lambda spec: cartridge(_READ_CLOCK, 0x10))
    engine = _engine.GameBoy(parse_spec(_SPEC, "clock.yaml"))
    yield engine
    engine.close()


def test_a_cartridges_clock_stands_still(clock, monkeypatch):
    clock.start(0)
    clock.advance(200, frozenset())
    first = clock.variables()
    assert first["counted"] > 0
    state = clock.save()
    # A minute later, in another day of the host.
    later = time.time() + 100_000
    monkeypatch.setattr(time, "time", lambda: later)
    clock.advance(60 * 20, frozenset())
    went = clock.variables()
    clock.load(state)
    clock.advance(60 * 20, frozenset())
    assert clock.variables() == went
    assert went["seconds"] == first["seconds"]


def test_a_state_goes_on_the_same_with_no_button_left_pressed():
    env = gameboy.make(TASK)
    env.reset(seed=3)
    for line in ("start", "a", "hold right 200"):
        env.step(env.decode(line))
    state = env.checkpoint()
    ways = []
    for game in (env, gameboy.make(TASK)):
        game.restore(state)
        lines = ("wait 30", "up 8", "wait 100")
        ways.append([observation_hash(game.step(game.decode(line))[0]) for line in lines])
    assert ways[0] == ways[1]


def test_nothing_is_read_or_written_beside_a_rom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    env = gameboy.make(TASK)
    env.reset(seed=1)
    env.step(env.decode("start"))
    env.close()
    env.close()
    assert not list(tmp_path.iterdir())


def test_the_rom_is_recorded_by_its_hash(tmp_path):
    run(tmp_path, RunSpec(tasks=(TASK,), agents=("random",), episodes=1, limits={"steps": 3}, workers=0))
    (episode,) = read_run(tmp_path)
    assert len(episode.start.content["rom"]) == 40


def test_pictures_are_integer_multiples_of_the_screen():
    env = gameboy.make(f"{TASK}@frames=2", image=True)
    env.reset(seed=1)
    assert env.render().shape == (432, 480, 3)
    env.step(env.decode("start"))
    strip = env.render()
    assert strip.shape == (432, 2 * 480 + 6, 3)
    assert np.array_equal(strip[::3, ::3].repeat(3, 0).repeat(3, 1)[:, : strip.shape[1]], strip)


@pytest.fixture(scope="module")
def fuzzed():
    env = gameboy.make(TASK)
    env.reset(seed=1)
    yield env
    env.close()


LINES = st.lists(
    st.sampled_from(
        ["a", "b", "start", "up", "down", "left", "right", "+", "then", "hold", "release", "wait", "7", "90"]
    ),
    max_size=10,
).map(" ".join)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(LINES, st.text(max_size=20)), min_size=1, max_size=5))
def test_no_line_breaks_the_console(fuzzed, lines):
    for line in lines:
        try:
            fuzzed.step(fuzzed.decode(line))
        except UnknownAction:
            continue
    raw, *_ = fuzzed.step(fuzzed.decode("wait 1"))
    assert fuzzed.observe(raw, {}).sections[0].text.count("\n") == 17


@pytest.mark.parametrize("time_mode", [SIMULATED, f"{SIMULATED[:-1]},overlap=true)", "realtime"])
def test_timed_episodes_replay_to_the_same_hashes(tmp_path, time_mode):
    spec = RunSpec(
        tasks=(TASK,), agents=("direct",), models=("scripted:start,a,hold right 60,b",),
        episodes=1, time=time_mode, limits={"turns": 8}, workers=0,
        provider_options={"scripted": {"delay": 0.02}},
    )  # fmt: skip
    assert_replays(tmp_path, spec)


def test_a_game_that_ends_while_the_model_thinks_takes_no_answer(tmp_path, monkeypatch):
    short = read_spec("games.gameboy", "lowtide").model_copy(update={"limits": Limits(steps=50, frames=2000)})
    monkeypatch.setattr("games.frames._spec.read_spec", lambda package, name: short)
    spec = RunSpec(
        tasks=(TASK,), agents=("direct",), models=("scripted:start",), episodes=1, workers=0,
        time="simulated(ttft=100000,tps=1)",
    )  # fmt: skip
    run(tmp_path, spec)
    (episode,) = read_run(tmp_path)
    (turn,) = episode.turns
    assert (turn.decision.outcome, turn.decision.actions, turn.steps) == ("late", (), ())
    assert turn.thinking.truncated
    assert not [d for each in verify(tmp_path).episodes for d in each.differences]


@pytest.mark.parametrize("name", ["lowtide"])
def test_no_milestone_holds_at_the_start(name):
    env = gameboy.make(f"gameboy/{name}")
    for seed in range(5):
        env.reset(seed=seed)
        assert not faults(read_spec("games.gameboy", name).milestones, env._engine.variables())
