"""What a ROM says of itself: its system, its title, and whether all of it is there."""

from __future__ import annotations

from dataclasses import dataclass

from games.roms._read import has_copier_header

EXTENSIONS = {
    "32x": "32x",
    "Atari2600": "a26",
    "GameBoy": "gb",
    "GameGear": "gg",
    "GbAdvance": "gba",
    "GbColor": "gbc",
    "Genesis": "md",
    "Nes": "nes",
    "PCEngine": "pce",
    "Sms": "sms",
    "Snes": "sfc",
}
"""System → the ending by which stable-retro knows it (``stable_retro/cores/*.json``); those of one file."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a header tells. `damage` is empty where nothing is wrong with it."""

    system: str
    title: str
    damage: str = ""


def header(data: bytes) -> Header | None:
    """The header of a ROM of a system that is known here; None where there is none."""
    for reader in (_nes, _advance, _genesis, _boy, _snes):
        found = reader(data)
        if found is not None:
            return found
    return None


def _text(data: bytes) -> str:
    """Printable ASCII of a title, spaces made one."""
    return " ".join("".join(chr(byte) if 32 <= byte < 127 else " " for byte in data).split())


def _short(data: bytes, stated: int) -> str:
    return f"{len(data):,} bytes of {stated:,}" if len(data) < stated else ""


def _nes(data: bytes) -> Header | None:
    """The iNES header (nesdev.org/wiki/INES): 16 kB pages of program, 8 kB of pictures, a trainer."""
    if not data.startswith(b"NES\x1a"):
        return None
    if len(data) < 16:
        return Header("Nes", "", "it ends within its header")
    # In NES 2.0 the high bits of both counts are elsewhere: nothing is said of its length then.
    two = data[7] & 0x0C == 0x08
    stated = 0 if two else 16 + 512 * bool(data[6] & 4) + 16384 * data[4] + 8192 * data[5]
    return Header("Nes", "", _short(data, stated))


_BOY_ENTRY = b"\x00\xc3"
"""Where a Game Boy starts, cartridges do nothing and jump behind their header."""


def _boy(data: bytes) -> Header | None:
    """Pan Docs, "The Cartridge Header": title at 0x134, colour flag 0x143, size 0x148, checksum 0x14D."""
    if data[0x100:0x102] != _BOY_ENTRY:
        return None
    if len(data) < 0x150:
        return Header("GameBoy", _text(data[0x134:0x143]), "it ends within its header")
    checksum = 0
    for byte in data[0x134:0x14D]:
        checksum = (checksum - byte - 1) & 0xFF
    colour = data[0x143] & 0x80
    damage = "its header's checksum is wrong" if checksum != data[0x14D] else ""
    stated = 32768 << data[0x148] if data[0x148] <= 8 else 0
    title = _text(data[0x134 : 0x13F if colour else 0x143])
    return Header("GbColor" if colour else "GameBoy", title, damage or _short(data, stated))


def _advance(data: bytes) -> Header | None:
    """GBATEK, "GBA Cartridge Header": title at 0xA0, the fixed 0x96 at 0xB2, complement at 0xBD."""
    if len(data) < 0xC0 or data[0xB2] != 0x96 or data[3] != 0xEA:
        return None
    checksum = (-0x19 - sum(data[0xA0:0xBD])) & 0xFF
    damage = "its header's checksum is wrong" if checksum != data[0xBD] else ""
    return Header("GbAdvance", _text(data[0xA0:0xAC]), damage)


def _genesis(data: bytes) -> Header | None:
    """Plutiedev, "Mega Drive ROM header": console at 0x100, title abroad at 0x150, last address at 0x1A4."""
    if not data[0x100:0x105].strip().startswith(b"SEGA"):
        return None
    title = _text(data[0x150:0x180]) or _text(data[0x120:0x150])
    stated = int.from_bytes(data[0x1A4:0x1A8], "big") + 1
    return Header("Genesis", title, _short(data, stated) if stated <= 2**23 else "")


def _snes(data: bytes) -> Header | None:
    """SNESdev, "ROM header": title at 0x7FC0 or 0xFFC0; checksum and its complement add up to 0xFFFF."""
    body = data[512:] if has_copier_header(data) else data
    for at in (0x7FC0, 0xFFC0):
        complement = int.from_bytes(body[at + 0x1C : at + 0x1E], "little")
        checksum = int.from_bytes(body[at + 0x1E : at + 0x20], "little")
        if len(body) >= at + 0x20 and complement ^ checksum == 0xFFFF:
            return Header("Snes", _text(body[at : at + 21]))
    return None
