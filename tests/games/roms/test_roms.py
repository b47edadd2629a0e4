"""The library takes what is known by its SHA-1, and says in one line what is wrong with anything else."""

import gzip
import os
import struct
import subprocess
import sys
import zipfile

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ludometer_test_roms import boy_rom, known_game, nes_rom, sha1, zipped

from games import roms
from games.frames import Content
from games.roms import _known
from games.roms._add import add
from games.roms._headers import header
from games.roms._read import LARGEST, hashes

BOY, OTHER, NES = boy_rom(), boy_rom(fill=1), nes_rom()


def stating(data, size):
    """A zip of one member whose both size fields state another size."""
    at, central = 22, data.index(b"PK\x01\x02") + 24
    real = struct.pack("<I", size)
    return data[:at] + real + data[at + 4 : central] + real + data[central + 4 :]


@pytest.fixture
def library(tmp_path, monkeypatch):
    """An empty library, and two games that are known."""
    monkeypatch.setenv("LUDOMETER_ROMS", str(tmp_path / "library"))
    files = [
        known_game(tmp_path / "specs", sha1(BOY), sha1(OTHER)),
        known_game(
            tmp_path / "specs",
            sha1(NES[16:]),
            game="retro",
            task="nes-test",
            name="Nesting",
            engine="{game: Nesting-Nes-v0}",
        ),
    ]
    bare = tmp_path / "specs" / "doom" / "specs" / "bare.yaml"  # not every task has content of its own
    bare.parent.mkdir(parents=True)
    bare.write_text("title: Bare")
    monkeypatch.setattr(_known, "spec_files", lambda: [*files, bare])
    return tmp_path / "library"


def given_file(tmp_path, data, name="file.gb"):
    file = tmp_path / name
    file.write_bytes(data)
    return file


def refused(tmp_path, library, data, name="file.gb"):
    """The line with which it is refused; nothing must have been kept."""
    with pytest.raises(ValueError) as caught:
        add(given_file(tmp_path, data, name), _known.catalogue())
    assert not library.exists() or not list(library.iterdir())
    line = str(caught.value)
    assert line and "\n" not in line
    return line


def test_a_known_rom_is_kept(tmp_path, library):
    (added,) = add(given_file(tmp_path, BOY, "whatever.bin"), _known.catalogue())
    assert added.tasks == ("gameboy/ludo-test",)
    assert added.file == library / f"{sha1(BOY)}.gb" == roms.find(sha1(BOY))
    assert added.file.read_bytes() == BOY
    assert added.file.stat().st_mode & 0o777 == 0o600
    assert library.stat().st_mode & 0o777 == 0o700
    content = Content(rom=({"sha1": "1" * 40, "name": "x"}, {"sha1": sha1(BOY), "name": "Ludo Test (World)"}))
    assert roms.have(content) and roms.require(content) == added.file
    assert roms.sha1_of(added.file) == sha1(BOY)
    assert list(library.iterdir()) == [added.file]


def test_a_known_rom_in_a_zip_is_kept(tmp_path, library):
    data = zipped({"read me.txt": b"hello", "../../../etc/passwd": BOY, "b/": b"", "n.nes": NES})
    boy, nes = add(given_file(tmp_path, data, "a.zip"), _known.catalogue())
    assert boy.file.read_bytes() == BOY and nes.file.read_bytes() == NES
    assert nes.file == library / f"{sha1(NES[16:])}.nes"
    assert sorted(file.parent for file in tmp_path.rglob("*.gb")) == [library]


def test_a_version_that_cannot_be_played_is_named(tmp_path, library):
    line = refused(tmp_path, library, OTHER)
    for told in (sha1(OTHER), "Ludo Test (Japan)", "laid out otherwise", "Ludo Test (World)", sha1(BOY)):
        assert told in line


def test_an_unknown_rom_is_described(tmp_path, library):
    data = boy_rom("LUDO TESTS", fill=3)
    line = refused(tmp_path, library, data)
    for told in (sha1(data), "32,768 bytes", '"LUDO TESTS"', "nearest", "Ludo Test (World)", sha1(BOY)):
        assert told in line
    assert "nearest" not in refused(tmp_path, library, boy_rom("QQQQ", fill=3), "xyz.gb")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (BOY[:20000], "truncated or damaged: 20,000 bytes of 32,768"),
        (BOY[:0x140], "ends within its header"),
        (BOY[:0x134] + b"X" + BOY[0x135:], "header's checksum is wrong"),
        (NES[:5000], "5,000 bytes of 24,592"),
        (NES[:9], "ends within its header"),
        (NES[16:], "without its iNES header"),
        (b"just some text", "no ROM that is known here: SHA-1"),  # named .gb
        (bytes(LARGEST + 1), "larger than 32 MiB"),
        (bytes(2 * LARGEST + 1), "larger than 64 MiB"),
        (gzip.compress(BOY), "not a zip"),
        (zipped({}), "holds no files"),
        (zipped({"a.gb": b""}), "a.gb is empty"),
        (zipped({"a.gb": BOY[:9000], "b.txt": b"?"}), "a.gb is truncated or damaged"),
        (zipped({"a.zip": zipped({"a.gb": BOY})}), "another archive"),
        (zipped({f"{n}.gb": b"x" for n in range(65)}), "more than 64 files"),
        (zipped({"a.gb": bytes(LARGEST + 1)}), "larger than 32 MiB: a.gb"),
        (stating(zipped({"a.gb": BOY}), 70 * 2**20), "would unpack to more than 64 MiB"),
        (zipped({"a.gb": BOY}, zipfile.ZIP_LZMA), "other than deflate"),
        (zipped({"a.gb": BOY})[:-30], "cannot be read"),
        (zipped({"a.gb": BOY})[:40], "cannot be read"),
    ],
)
def test_what_is_no_known_rom_is_refused(tmp_path, library, data, told):
    assert told in refused(tmp_path, library, data)


def test_a_file_of_another_kind_is_refused(tmp_path, library):
    assert "not a ROM of a system" in refused(tmp_path, library, b"just some text", "notes.txt")


def test_a_zip_that_lies_of_its_sizes_unpacks_no_more_than_it_states(tmp_path, library):
    bomb = stating(zipped({"a.gb": bytes(LARGEST * 2)}), 1000)
    line = refused(tmp_path, library, bomb, "bomb.zip")
    assert "cannot be read" in line or "states 1,000 bytes" in line


def test_a_locked_zip_is_refused(tmp_path, library):
    data = bytearray(zipped({"a.gb": BOY}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[6] |= 1
    assert "password" in refused(tmp_path, library, bytes(data))


def test_what_is_no_file_is_refused(tmp_path, library):
    os.mkfifo(tmp_path / "pipe")
    for path, told in [
        (tmp_path, "is a folder"),
        (tmp_path / "none", "No such file"),
        (tmp_path / "pipe", "is not a file"),
        (tmp_path / "a\0b", "cannot read"),
    ]:
        with pytest.raises(ValueError, match=told):
            add(path, _known.catalogue())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path, library):
    file = given_file(tmp_path, BOY)
    file.chmod(0)
    with pytest.raises(ValueError, match="Permission denied"):
        add(file, _known.catalogue())


HEADS = st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"NES\x1a", BOY[:0x150], zipped({"a.gb": BOY})])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HEADS, st.binary(max_size=2000), st.sampled_from(["a.gb", "a.zip", "a.txt", "a"]))
def test_any_bytes_are_refused_in_one_line(tmp_path, library, head, tail, name):
    try:
        add(given_file(tmp_path, head + tail, name), {})
    except ValueError as error:
        assert str(error) and "\n" not in str(error)
    else:
        pytest.fail("nothing is known, so nothing can be added")


@settings(max_examples=40, deadline=None)
@example(at=201, junk=b"\0", cut=0)  # a name of no characters: zipfile fails with an IndexError
@given(st.integers(0, 400), st.binary(min_size=1, max_size=6), st.integers(0, 60000))
def test_a_damaged_zip_never_gives_a_traceback(tmp_path_factory, at, junk, cut):
    data = zipped({"a.gb": BOY, "b.txt": b"text"})
    at %= len(data)
    file = tmp_path_factory.mktemp("zip") / "a.zip"
    file.write_bytes((data[:at] + junk + data[at + len(junk) :])[: len(data) - cut % 50])
    try:
        add(file, {})
    except ValueError:
        return
    pytest.fail("nothing is known, so nothing can be added")


def test_headers_are_not_part_of_the_game():
    assert hashes(NES) == (sha1(NES), sha1(NES[16:]))
    copied = bytes(512) + bytes(65536)
    assert hashes(copied) == (sha1(copied), sha1(copied[512:]))
    assert hashes(BOY) == (sha1(BOY),)


def test_headers_of_other_systems():
    genesis = bytearray(0x20000)
    genesis[0x100:0x10F] = b"SEGA MEGA DRIVE"
    genesis[0x150:0x159] = b"LUDO TEST"
    genesis[0x1A4:0x1A8] = (0x1FFFF).to_bytes(4, "big")
    assert (header(bytes(genesis)).title, header(bytes(genesis)).damage) == ("LUDO TEST", "")
    assert "bytes of 131,072" in header(bytes(genesis[:0x10000])).damage
    advance = bytearray(0x1000)
    advance[3], advance[0xB2] = 0xEA, 0x96
    advance[0xA0:0xA9] = b"LUDO TEST"
    advance[0xBD] = (-0x19 - sum(advance[0xA0:0xBD])) & 0xFF
    assert (header(bytes(advance)).system, header(bytes(advance)).title) == ("GbAdvance", "LUDO TEST")
    assert header(bytes(advance)).damage == ""
    snes = bytearray(0x10000)
    snes[0x7FC0:0x7FC9] = b"LUDO TEST"
    snes[0x7FDC:0x7FE0] = b"\x00\x0f\xff\xf0"
    assert header(bytes(snes)).title == header(bytes(512) + bytes(snes)).title == "LUDO TEST"
    assert header(bytes(range(256)) * 1000) is None


def test_what_stable_retro_knows_is_known_by_its_own_hash(tmp_path):
    data = pytest.importorskip("stable_retro.data", reason="needs stable-retro: pip install stable-retro")
    theirs = {
        sha1 for sha1, (_, _, place) in data.get_known_hashes().items() if place.endswith("stable") and sha1
    }
    ours = {known.sha1 for known in _known._of_integrations()}
    assert theirs <= ours and len(ours) > 1000
    for name, content in (("a.nes", NES), ("a.gb", BOY)):
        file = given_file(tmp_path, content, name)
        with file.open("rb") as opened:
            assert data.groom_rom(str(file), opened)[1] in hashes(content)
    known = _known.catalogue()["facee9c577a5262dbe33ac4930bb0b58c8c037f7"]
    assert "retro/SuperMarioBros-Nes-v0" in known.tasks and known.system == "Nes"


def test_stable_retro_is_not_imported_to_know_its_games():
    code = (
        "import sys; from games.roms import _known; _known.catalogue(); print('stable_retro' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_a_rom_that_is_not_there_is_asked_for(library):
    content = Content(rom=({"sha1": sha1(BOY), "name": "Ludo Test (World)"},))
    with pytest.raises(ValueError, match=f"Ludo Test .World., SHA-1 {sha1(BOY)}.*ludometer rom add FILE"):
        roms.require(content)
    assert not roms.have(content) and roms.have(Content(bundled="x.gb")) and roms.find(sha1(BOY)) is None


def test_a_rom_that_was_changed_in_the_library_is_not_played(tmp_path, library):
    (added,) = add(given_file(tmp_path, BOY), _known.catalogue())
    added.file.write_bytes(OTHER)
    with pytest.raises(ValueError, match="no longer Ludo Test"):
        roms.require(Content(rom=({"sha1": sha1(BOY), "name": "Ludo Test (World)"},)))


def test_a_write_that_fails_leaves_nothing(tmp_path, library, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError):
        add(given_file(tmp_path, BOY), _known.catalogue())
    assert not list(library.iterdir())


def test_the_folder_follows_the_platform(monkeypatch, tmp_path):
    monkeypatch.delenv("LUDOMETER_ROMS", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert roms.folder() == tmp_path / "ludometer" / "roms"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert roms.folder() == tmp_path / ".local" / "share" / "ludometer" / "roms"
