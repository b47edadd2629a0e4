"""The screen of a Game Boy as 18 lines of 20 characters, read from its video memory.

Where registers, maps and sprites lie: Pan Docs (https://gbdev.io/pandocs), "LCD Control", "Tile Maps", "OAM".
What a tile stands for is told by the game's spec.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COLUMNS, ROWS = 20, 18

_LCDC, _SCY, _SCX, _WY, _WX = 0xFF40, 0xFF42, 0xFF43, 0xFF4A, 0xFF4B
_SPRITES, _MAPS, _SIDE = 0xFE00, (0x9800, 0x9C00), 32
_LETTERS = range(0x20, 0x7F)
_UNKNOWN = "?"


def screen_text(memory: Any, tiles: Mapping[int, str], sprites: Mapping[int, str]) -> list[str]:
    """What can be seen: background, window over it, sprites over both.

    `memory` is the console's, by address and by slice (`pyboy.memory`). A tile is what `tiles` says of its
    number, else the letter of that number, else "?". Sprites that `sprites` does not name are left out; one
    that is on its way stands in the cell nearest to it. Pictures of 8 × 16 pixels go by their upper half.
    """
    lines = _background(memory, tiles)
    _lay_window(memory, tiles, lines)
    _lay_sprites(memory, sprites, lines)
    return ["".join(line) for line in lines]


def _character(tile: int, tiles: Mapping[int, str]) -> str:
    return tiles.get(tile) or (chr(tile) if tile in _LETTERS else _UNKNOWN)


def _tile_map(memory: Any, high: bool) -> list[list[int]]:
    start = _MAPS[high]
    return [list(memory[at : at + _SIDE]) for at in range(start, start + _SIDE * _SIDE, _SIDE)]


def _background(memory: Any, tiles: Mapping[int, str]) -> list[list[str]]:
    rows = _tile_map(memory, bool(memory[_LCDC] & 0x08))
    top, left = _nearest(memory[_SCY]), _nearest(memory[_SCX])
    return [
        [_character(rows[(top + y) % _SIDE][(left + x) % _SIDE], tiles) for x in range(COLUMNS)]
        for y in range(ROWS)
    ]


def _lay_window(memory: Any, tiles: Mapping[int, str], lines: list[list[str]]) -> None:
    if not memory[_LCDC] & 0x20:
        return
    rows = _tile_map(memory, bool(memory[_LCDC] & 0x40))
    top, left = _nearest(memory[_WY]), _nearest(memory[_WX] - 7)
    for y in range(top, ROWS):
        for x in range(left, COLUMNS):
            lines[y][x] = _character(rows[y - top][x - left], tiles)


def _lay_sprites(memory: Any, sprites: Mapping[int, str], lines: list[list[str]]) -> None:
    if not memory[_LCDC] & 0x02:
        return
    table = list(memory[_SPRITES : _SPRITES + 160])
    mask = 0xFE if memory[_LCDC] & 0x04 else 0xFF
    for at in reversed(range(0, len(table), 4)):  # the first of the table lies on top
        y, x = _nearest(table[at] - 16), _nearest(table[at + 1] - 8)
        character = sprites.get(table[at + 2] & mask)
        if character and 0 <= y < ROWS and 0 <= x < COLUMNS:
            lines[y][x] = character


def _nearest(pixels: int) -> int:
    """The cell that is nearest to a place in pixels."""
    return (pixels + 4) // 8
