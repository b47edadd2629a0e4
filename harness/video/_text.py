"""Fonts, and words that fit a box. Whatever a model wrote can be drawn: nothing here raises."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import islice

from PIL import ImageDraw, ImageFont

from harness.terminal import safe_text

Colour = tuple[int, int, int]

_FILES = {
    "text": ("DejaVuSans.ttf", "Verdana.ttf", "verdana.ttf", "Arial.ttf", "arial.ttf"),
    "fixed": ("DejaVuSansMono.ttf", "Menlo.ttc", "consola.ttf"),
}
"""Fonts of Linux, macOS and Windows that hold many characters. Where there is none, Pillow's own has to do:
ASCII and a few signs, in letters of their own widths."""

_PLAIN = str.maketrans(
    {"–": "-", "—": "-", "−": "-", "×": "x", "·": "-", "•": "-", "’": "'", "‘": "'", "“": '"', "”": '"',
     "→": ">", "←": "<", "█": "#", "─": "-", "│": "|", "ß": "s"}
)  # fmt: skip
_MISSING = "□?"
_ELLIPSIS = "…"


class Face:
    """A font in one size. What it lacks is drawn as the nearest that it has, or as a box.

    Args:
        size: pixels.
        kind: ``text``, or ``fixed``, where every character fills a cell of the same width.
    """

    def __init__(self, size: int, kind: str = "text") -> None:
        self._font = _font(kind, size)
        self.height = round(size * 1.36)  # pixels from one line to the next
        self._absent = bytes(self._font.getmask("\uffff"))
        narrow, wide = map(self._font.getlength, "iM")
        self._even = narrow == wide
        self._cell = (wide if self._even else 0.72 * size) if kind == "fixed" else 0.0
        self._drawn: dict[str, str] = {}
        self._widths: dict[str, float] = {}

    def drawable(self, text: str) -> str:
        """The text in characters that the font has, as many as there were."""
        return "".join(map(self._drawable, text))

    def width(self, text: str) -> float:
        """How many pixels a drawable text takes, at most."""
        return self._cell * len(text) if self._cell else sum(map(self._width, text))

    def draw(self, canvas: ImageDraw.ImageDraw, place: tuple[float, float], text: str, fill: Colour) -> None:
        """Draw one line of a drawable text; `place` is its upper left corner."""
        if self._even or not self._cell:
            canvas.text(place, text, font=self._font, fill=fill)
            return
        for column, char in enumerate(text):
            if char != " ":
                left = place[0] + column * self._cell + (self._cell - self._width(char)) / 2
                canvas.text((left, place[1]), char, font=self._font, fill=fill)

    def _drawable(self, char: str) -> str:
        if char not in self._drawn:
            plain = unicodedata.normalize("NFKD", char)[0].translate(_PLAIN)
            self._drawn[char] = next(filter(self._has, (char, plain, *_MISSING)))
        return self._drawn[char]

    def _has(self, char: str) -> bool:
        return char == " " or (char.isprintable() and bytes(self._font.getmask(char)) != self._absent)

    def _width(self, char: str) -> float:
        if char not in self._widths:
            self._widths[char] = self._font.getlength(char)
        return self._widths[char]


@cache
def face(size: int, kind: str = "text") -> Face:
    """The face of a size, made once."""
    return Face(size, kind)


def _font(kind: str, size: int) -> ImageFont.FreeTypeFont:
    # The basic layout is the same with and without libraqm, and turns no line around.
    for name in _FILES[kind]:
        try:
            return ImageFont.truetype(name, size, layout_engine=ImageFont.Layout.BASIC)
        except OSError:
            continue
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # noqa: S101 - every wheel of Pillow has FreeType
    return font


def fitted(text: str, font: Face, width: float, most: int) -> list[str]:
    """At most so many lines of at most so many pixels; what is left out shows as ``…``."""
    paragraphs = safe_text(text).expandtabs(4).split("\n")
    found = list(islice((line for part in paragraphs for line in _wrapped(part, font, width)), most + 1))
    if len(found) <= most:
        return found
    return [*found[: most - 1], _cut(found[most - 1], font, width)] if most else []


def _wrapped(text: str, font: Face, width: float) -> Iterator[str]:
    """Lines that break at blanks; a word that is longer than a line breaks anywhere."""
    text = font.drawable(text)
    begin, used, blank = 0, 0.0, 0
    for at, char in enumerate(text):
        used += font.width(char)
        if used > width and at > begin and char != " ":
            end = blank if blank > begin else at
            yield text[begin:end].rstrip()
            begin = end + 1 if blank > begin else at
            used, blank = font.width(text[begin : at + 1]), 0
        if char == " ":
            blank = at
    yield text[begin:].rstrip()


def _cut(line: str, font: Face, width: float) -> str:
    mark = font.drawable(_ELLIPSIS)
    while line and font.width(line + mark) > width:
        line = line[:-1]
    return line + mark
