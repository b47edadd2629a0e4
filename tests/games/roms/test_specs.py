"""The specs of games whose ROMs users bring. Nobody here has those, so what can be held to is their form."""

import re
from pathlib import Path

import pytest
import yaml
from ludometer_test_roms import boy_rom

import games
from games import roms
from games.frames import faults, read_spec, spec_names
from games.frames._memory import size
from games.roms import _known

SPECS = [
    (package, name)
    for package in ("games.gameboy", "games.retro")
    for name in spec_names(package)
    if read_spec(package, name).content.rom
]
BOY = [name for package, name in SPECS if package == "games.gameboy"]
MEASURED = [name for name in BOY if read_spec("games.gameboy", name).milestones]
EVENTS = {"pokemon-red": 0xD747, "pokemon-crystal": 0xDA72}
"""Where the events of a game are (pokered.sym and pokecrystal.sym: wEventFlags)."""


def test_the_games_that_are_promised_are_there():
    assert len(BOY) == 9 and len(SPECS) == 12


@pytest.mark.parametrize(("package", "name"), SPECS)
def test_untested_specs_say_so_and_name_their_sources(package, name):
    spec = read_spec(package, name)
    assert not spec.tested
    sources = [spec.source] if isinstance(spec.source, str) else list(spec.source)
    assert any("SHA-1" in source for source in sources)
    if not spec.milestones:
        assert any("progress is not measured" in source for source in sources)
        assert not spec.variables
    assert all(rom.name for rom in spec.content.rom)
    assert all(rom.why for rom in spec.content.others)


def test_a_rom_is_wanted_or_not():
    wanted, unwanted = set(), set()
    for package, name in SPECS:
        content = read_spec(package, name).content
        wanted |= {rom.sha1 for rom in content.rom}
        unwanted |= {rom.sha1 for rom in content.others}
    assert not wanted & unwanted
    known = _known.catalogue()
    assert all(not known[sha1].why and known[sha1].tasks for sha1 in wanted)
    assert all(known[sha1].why and known[sha1].instead for sha1 in unwanted)


def test_the_catalogue_reads_what_the_specs_say():
    """It reads the files without the strict reader, which takes longer to import than all else of it."""
    files = _known.spec_files()
    assert {(f"games.{file.parts[-3]}", file.stem) for file in files} >= set(SPECS)
    assert all(isinstance(yaml.safe_load(file.read_text("utf-8")), dict) for file in files)


@pytest.mark.parametrize("name", BOY)
def test_addresses_are_in_memory_and_conditions_speak_of_them(name):
    spec = read_spec("games.gameboy", name)
    assert spec.names() <= set(spec.variables)
    assert set(spec.variables) <= spec.names(), "a variable that nothing uses"
    for each in spec.variables.values():
        end = each.address + size(each.type)
        assert each.address >= 0xC000 and (end <= 0xE000 or each.address >= 0xFF00)
    assert not faults(spec.milestones, dict.fromkeys(spec.variables, 0))


@pytest.mark.parametrize("name", EVENTS)
def test_events_are_the_bits_of_their_numbers(name):
    """An event's byte is base + number / 8, its bit number % 8; the number stands in the source."""
    spec, found = read_spec("games.gameboy", name), 0
    for milestone in spec.milestones:
        numbers = [int(number, 16) for number in re.findall(r"\((0x[0-9A-F]+)\)", milestone.source)]
        told = str(milestone.when)
        for number in numbers:
            (variable,) = (
                key for key, at in spec.variables.items() if at.address == EVENTS[name] + number // 8
            )
            assert f"'{variable}': 'bit {number % 8}'" in told, milestone.name
            found += 1
    assert found >= 10


@pytest.mark.parametrize("name", MEASURED)
def test_a_task_runs_on_a_cartridge_of_ours(name, monkeypatch):
    """With a program that does nothing: memory is read, nothing is reached, every control can be pressed."""
    pytest.importorskip("pyboy", reason="needs PyBoy: pip install 'ludometer[gameboy]'")
    from games.gameboy import _engine, gameboy

    colour = bytearray(boy_rom())
    colour[0x150:0x153] = b"\xc3\x50\x01"  # a jump to itself
    if any(
        "gbcolor.xml" in source or "crystal" in name for source in read_spec("games.gameboy", name).source
    ):
        colour[0x143] = 0x80
        colour[0x14D] = (colour[0x14D] - 0x80) & 0xFF
    monkeypatch.setattr(_engine, "rom", lambda spec: bytes(colour))
    env = gameboy.make(f"gameboy/{name}")
    try:
        env.reset(seed=1)
        for action in env.actions:
            *_, over, cut, _ = env.step(env.decode(action.name))
            assert not over and not cut
        assert env.progress().value == 0
    finally:
        env.close()


def test_a_rom_that_is_missing_is_asked_for_by_name(tmp_path, monkeypatch):
    from games.retro import retro

    monkeypatch.setenv("LUDOMETER_ROMS", str(tmp_path))
    for task in ("retro/super-mario-bros", "retro/ace-attorney"):
        with pytest.raises(ValueError, match="ludometer rom add FILE") as caught:
            retro.make(task)
        assert "\n" not in str(caught.value)
    assert not roms.have(read_spec("games.retro", "1942").content)


def test_nothing_in_the_packages_is_a_cartridge():
    """No ROM of anybody's is among our files."""
    known = {sha1 for sha1, game in _known.catalogue().items()}
    for file in Path(games.__file__).parent.rglob("*"):
        if file.suffix in {".gb", ".gbc", ".nes", ".gba", ".md", ".sfc", ".bin"}:
            assert not known & set(roms.hashes(file.read_bytes())), file
