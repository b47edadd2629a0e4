"""Builds lowtide.gb.gz from the sources beside it: ``python -m games.gameboy.lowtide.build [OUT.gb]``.

It needs SDCC 4.2 (Debian: ``apt install sdcc``). The same sources give the same bytes.
"""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

SOURCES = Path(__file__).parent
ROM = SOURCES / "lowtide.gb.gz"
UNITS = ("main", "chance", "video", "sprites", "screens", "rooms", "play", "foes", "talk", "use", "bag")
CODE, DATA = "0x200", "0xC200"
"""Where code begins in the ROM, and where what is not in the block of the state lies in memory."""
EFFORT = ("--opt-code-speed", "--max-allocs-per-node", "500")
"""How hard the compiler tries; more takes twice as long, and walking takes half a frame at most as it is."""

_SHADES = ".-+#"


class Tile(NamedTuple):
    """A picture of 8 × 8 pixels: its number, what stands for it in maps, its kind, its name, its rows."""

    number: int
    character: str
    kind: str
    name: str
    rows: tuple[str, ...]


def read_tiles(path: Path = SOURCES / "tiles.txt") -> list[Tile]:
    """The pictures of tiles.txt, whose head says how it is written."""
    tiles = []
    for block in path.read_text().split("\n\n")[1:]:
        head, *rows = block.strip().split("\n")
        _, number, character, kind, name = head.split(" ", 4)
        if len(rows) != 8 or any(set(row) - set(_SHADES) or len(row) != 8 for row in rows):
            raise ValueError(f"tiles.txt: {name!r} is not 8 rows of 8 of {_SHADES}")
        tiles.append(Tile(int(number, 16), character, kind, name, tuple(rows)))
    return tiles


def read_font(path: Path = SOURCES / "font.txt") -> dict[str, list[str]]:
    """Eight rows of five pixels for each character of font.txt."""
    glyphs: dict[str, list[str]] = {}
    for block in path.read_text().split("\n\n")[1:]:
        head, *rows = block.strip().split("\n")
        characters = head.split()[1:]
        columns = [row.split() for row in rows]
        if len(rows) != 8 or any(len(row) != len(characters) for row in columns):
            raise ValueError(f"font.txt: the band {head!r} is not 8 rows of {len(characters)}")
        for index, character in enumerate(characters):
            glyphs[character] = [row[index] for row in columns]
    return glyphs


def _planes(row: str) -> tuple[int, int]:
    """A row of pixels as the two bytes of the console: low bits and high bits of the shades."""
    shades = [_SHADES.index(pixel) for pixel in row]
    low = sum((shade & 1) << (7 - x) for x, shade in enumerate(shades))
    return low, sum((shade >> 1) << (7 - x) for x, shade in enumerate(shades))


def _array(name: str, values: list[int]) -> str:
    return f"const uint8_t {name}[] = {{{', '.join(map(str, values))}}};"


def pictures() -> tuple[str, str]:
    """The C of tiles.c and tiles.h."""
    tiles, glyphs = read_tiles(), read_font()
    scenery = [tile for tile in tiles if tile.kind != "sprite"]
    of_character = [32] * 128
    for tile in reversed(scenery):
        of_character[ord(tile.character)] = tile.number
    walkable = [0] * 128
    for tile in scenery:
        walkable[tile.number - 128] = int(tile.kind == "walk")
    font = [
        sum((pixel == "#") << (6 - x) for x, pixel in enumerate(row)) for g in glyphs.values() for row in g
    ]
    arrays = {
        "FONT_IDS": [ord(character) for character in glyphs],
        "FONT": font,
        "PICTURE_IDS": [tile.number for tile in tiles],
        "PICTURES": [byte for tile in tiles for row in tile.rows for byte in _planes(row)],
        "TILE_OF": of_character,
        "WALK_ON": walkable,
    }
    names = [
        f"#define T_{tile.name.upper().replace(' ', '_')} {tile.number}"
        for tile in scenery
        if tile.kind in ("walk", "wall")
    ]
    counts = [f"#define FONT_COUNT {len(glyphs)}", f"#define PICTURE_COUNT {len(tiles)}"]
    declared = [f"extern const uint8_t {name}[];" for name in arrays]
    header = [
        "#ifndef TILES_H",
        "#define TILES_H",
        "#include <stdint.h>",
        *names,
        *counts,
        *declared,
        "#endif",
    ]
    body = ['#include "tiles.h"', *(_array(name, values) for name, values in arrays.items())]
    return "\n".join(body) + "\n", "\n".join(header) + "\n"


def check_maps(path: Path) -> None:
    """Every row of a room or picture is 20 cells wide.

    Raises:
        ValueError: one is not; its line is named.
    """
    for line in re.findall(r'^ {4}"(.*)";?$', path.read_text(), re.MULTILINE):
        if len(re.sub(r"\\(.)", r"\1", line)) != 20:
            raise ValueError(f"{path.name}: {line!r} is not 20 cells wide")


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")


def build(out: Path = ROM) -> None:
    """Compile, link, and write the ROM; packed where the name ends in ``.gz``.

    makebin makes the header, without the console maker's logo: the emulator does not ask for it.
    """
    check_maps(SOURCES / "rooms.c")
    check_maps(SOURCES / "screens.c")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in SOURCES.glob("*.[chs]"):
            (folder / file.name).write_bytes(file.read_bytes())
        for file_name, text in zip(("tiles.c", "tiles.h"), pictures(), strict=True):
            (folder / file_name).write_text(text)
        _run(folder, "sdasgb", "-o", "boot.rel", "boot.s")
        for unit in (*UNITS, "tiles"):
            _run(folder, "sdcc", "-msm83", *EFFORT, "-c", f"{unit}.c")
        objects = [f"{unit}.rel" for unit in ("boot", *UNITS, "tiles")]
        places = ("--code-loc", CODE, "--data-loc", DATA)
        _run(folder, "sdcc", "-msm83", "--no-std-crt0", *places, "-o", "lowtide.ihx", *objects)
        _run(folder, "makebin", "-Z", "-yN", "-yn", "LOWTIDE", "lowtide.ihx", "lowtide.gb")
        rom = (folder / "lowtide.gb").read_bytes()
    out.write_bytes(gzip.compress(rom, 9, mtime=0) if out.suffix == ".gz" else rom)


if __name__ == "__main__":
    build(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROM)
