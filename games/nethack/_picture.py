"""Pictures: the map in tiles with the text lines around it, or the terminal as it stands."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from nle import nethack
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_CELL = (12, 22)  # pixels of a character, twice those of Pillow's own fixed-width font
_COLOURS = (
    (85, 85, 85),
    (205, 49, 49),
    (13, 188, 121),
    (181, 137, 0),
    (36, 114, 200),
    (188, 63, 188),
    (17, 168, 205),
    (229, 229, 229),
    (120, 120, 120),
    (241, 76, 76),
    (35, 209, 139),
    (245, 245, 67),
    (59, 142, 234),
    (214, 112, 214),
    (41, 184, 219),
    (255, 255, 255),
)


@cache
def _glyph(code: int, colour: int) -> NDArray[np.uint8]:
    """One character on black."""
    width, height = _CELL
    small = Image.new("RGB", (width // 2, height // 2))
    text = chr(code) if 32 < code < 127 else " "
    ImageDraw.Draw(small).text((0, 0), text, fill=_COLOURS[colour], font=ImageFont.load_default_imagefont())
    return np.asarray(small.resize((width, height), Image.Resampling.NEAREST), dtype=np.uint8)


def _row(chars: Any, colours: Any) -> NDArray[np.uint8]:
    cells = [_glyph(char, colour & 15) for char, colour in zip(chars.tolist(), colours.tolist(), strict=True)]
    return np.concatenate(cells, axis=1)


def draw_terminal(chars: Any, colours: Any) -> NDArray[np.uint8]:
    """The 24 × 80 terminal: 528 × 960 × 3."""
    return np.concatenate([_row(*row) for row in zip(chars, colours, strict=True)], axis=0)


def draw_tiles(inner: Any, raw: dict[str, Any]) -> NDArray[np.uint8]:
    """The map in 16-pixel tiles under the message line and over the status lines: 402 × 1264 × 3."""
    engine = inner.nethack
    tiles: NDArray[np.uint8] | None = getattr(inner, "_tiles", None)
    if tiles is None:
        engine.setup_tiles()
        tiles = inner._tiles = np.zeros(nethack.TILE_RENDER_SHAPE, dtype=np.uint8)
    # The engine draws what has changed since it drew last: into the same picture, or the rest is missing.
    engine.draw_frame(buffer=tiles)
    top, *bottom = (_row(raw["tty_chars"][n], raw["tty_colors"][n]) for n in (0, 22, 23))
    lines = [_widened(line, tiles.shape[1]) for line in (top, *bottom)]
    return np.concatenate([lines[0], tiles, *lines[1:]], axis=0)


def _widened(line: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    return np.pad(line, ((0, 0), (0, width - line.shape[1]), (0, 0)))
