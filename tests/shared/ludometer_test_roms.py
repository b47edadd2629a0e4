"""ROMs made here: nobody's game, with headers as the real ones have."""

import hashlib
import io
import zipfile


def boy_rom(title="LUDO TEST", fill=0, size=32768):
    """A Game Boy ROM whose header is right and whose program is nothing."""
    data = bytearray([fill]) * size
    data[0x100:0x104] = b"\x00\xc3\x50\x01"
    data[0x134:0x150] = bytes(0x1C)
    data[0x134 : 0x134 + len(title)] = title.encode()
    data[0x148] = 0
    checksum = 0
    for byte in data[0x134:0x14D]:
        checksum = (checksum - byte - 1) & 0xFF
    data[0x14D] = checksum
    return bytes(data)


def nes_rom(program=b"\x4c\x00\x80"):
    """A cartridge of 16 kB of program (`program` at $8000, where it starts) and no mapper."""
    rom = bytearray(16384)
    rom[: len(program)] = program
    rom[0x3FFC:0x3FFE] = b"\x00\x80"
    return b"NES\x1a" + bytes([1, 1, 0, 0]) + bytes(8) + bytes(rom) + bytes(8192)


def sha1(data):
    return hashlib.sha1(data).hexdigest()


def zipped(members, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


SPEC = """
title: The test game
content:
  rom: [{{sha1: {good}, name: {name} (World)}}]
  others: [{{sha1: {other}, name: {name} (Japan), why: its memory is laid out otherwise}}]
engine: {engine}
"""


def known_game(folder, good, other="0" * 40, game="gameboy", task="ludo-test", name="Ludo Test", engine="{}"):
    """Write a spec that names `good` as its ROM."""
    file = folder / game / "specs" / f"{task}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(SPEC.format(good=good, other=other, name=name, engine=engine))
    return file
