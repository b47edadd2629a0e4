"""`ludometer rom`: what is said, where, and with which exit code."""

import json

import pytest
from click.testing import CliRunner
from ludometer_test_roms import boy_rom, known_game, sha1

from games.roms import _known
from harness.cli.rom import rom

BOY = boy_rom()


@pytest.fixture
def library(tmp_path, monkeypatch):
    monkeypatch.setenv("LUDOMETER_ROMS", str(tmp_path / "library"))
    files = [known_game(tmp_path / "specs", sha1(BOY))]
    monkeypatch.setattr(_known, "spec_files", lambda: files)
    return tmp_path / "library"


def test_added_and_listed(tmp_path, library):
    assert "no ROMs in" in CliRunner().invoke(rom, ["list"]).output
    file = tmp_path / "a.gb"
    file.write_bytes(BOY)
    done = CliRunner().invoke(rom, ["add", str(file)])
    assert done.exit_code == 0
    assert "Ludo Test (World): kept as" in done.output and "gameboy/ludo-test" in done.output
    (row,) = json.loads(CliRunner().invoke(rom, ["list", "--json"]).output)
    assert row["sha1"] == sha1(BOY) and row["tasks"] == ["gameboy/ludo-test"] and row["size"] == len(BOY)
    assert sha1(BOY) in CliRunner().invoke(rom, ["list"]).output


def test_one_line_for_each_file_that_is_refused(tmp_path, library):
    files = {"good.gb": BOY, "empty.gb": b"", "evil\x1b[2J.gb": b"text"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    done = CliRunner().invoke(rom, ["add", *(str(tmp_path / name) for name in files), str(tmp_path)])
    assert done.exit_code == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 3 and all(line.startswith("error: ") for line in lines)
    assert "\x1b" not in done.output and "\\x1b" in lines[1]
    assert len(list(library.iterdir())) == 1


def test_a_library_that_cannot_be_written_is_one_line(tmp_path, library):
    library.write_text("a file where the folder should be")
    (tmp_path / "a.gb").write_bytes(BOY)
    from harness.errors import InputError

    done = CliRunner().invoke(rom, ["add", str(tmp_path / "a.gb")])
    assert isinstance(done.exception, InputError) and "cannot write into" in str(done.exception)
