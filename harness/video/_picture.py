"""A card as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from games.api import Observation, Stability
from harness.histories._messages import observation_text
from harness.video._card import Card, Words
from harness.video._layout import Box, Layout, layout
from harness.video._text import Colour, Face, face, fitted

_GROUND: Colour = (13, 15, 19)
_PANEL: Colour = (28, 31, 39)
_LINE: Colour = (66, 72, 87)
_TEXT: Colour = (230, 233, 238)
_DIM: Colour = (152, 160, 175)
_BLUE: Colour = (110, 168, 254)
_GREEN: Colour = (125, 211, 130)
_RED: Colour = (255, 122, 112)
_KINDS: dict[str, tuple[int, Colour]] = {
    "thought": (16, (187, 180, 226)),
    "said": (16, (242, 220, 152)),
    "bad": (16, _RED),
    "result": (32, _TEXT),
}
"""Of each kind of words: their size and colour."""
_DEEDS: dict[str, Colour] = {"done": _GREEN, "lost": _RED, "end": _BLUE}
_FIXED = (18, 16, 15, 14, 13, 12)  # sizes for the words of a game without pictures
_URGENCY = (Stability.VOLATILE, Stability.SLOW, Stability.STATIC)
_GAP = 10


class Painter:
    """Draws the cards of one episode, all in the layout that its first one asks for.

    Raises:
        InputError: the frames would be too large.
    """

    def __init__(self, first: Observation, scale: int | None) -> None:
        self.layout: Layout = layout(None if first.image is None else first.image.shape, scale)
        self._fixed = _fixed(observation_text(first), self.layout.game)

    def draw(self, card: Card) -> Image.Image:
        """One frame (RGB)."""
        at = self.layout
        frame = Image.new("RGB", (at.width, at.height), _GROUND)
        canvas = ImageDraw.Draw(frame)
        canvas.rectangle(at.panel.corners, fill=_PANEL)
        if card.seen.image is not None:
            _paste(frame, card.seen.image, at)
        else:
            place = _inside(at.game)
            _lines(canvas, place, _observed(card.seen, place, self._fixed), self._fixed, _TEXT)
        _head(canvas, at.head, card)
        _words(canvas, at.words, card.words)
        _deed(canvas, at.deed, card)
        return frame


def _paste(frame: Image.Image, image: NDArray[np.uint8], at: Layout) -> None:
    """The game's picture in the middle of its place: enlarged without blur, smaller only if it must be."""
    game, picture = at.game, Image.fromarray(image)
    fits = min(at.scale, game.width // picture.width, game.height // picture.height)
    if fits:
        size = (picture.width * fits, picture.height * fits)
        picture = picture.resize(size, Image.Resampling.NEAREST)
    else:
        picture.thumbnail((game.width, game.height), Image.Resampling.LANCZOS)
    left, top = game.left + (game.width - picture.width) // 2, game.top + (game.height - picture.height) // 2
    frame.paste(picture, (left, top))


def _inside(box: Box, margin: int = 24) -> Box:
    return Box(box.left + margin, box.top + margin, box.width - 2 * margin, box.height - 2 * margin)


def _fixed(words: str, box: Box) -> Face:
    """The largest face in which the first words fit, else the smallest."""
    room = _inside(box)

    def fits(font: Face) -> bool:
        lines = words.split("\n")
        return len(lines) * font.height <= room.height and all(
            font.width(line) <= room.width for line in lines
        )

    faces = [face(size, "fixed") for size in _FIXED]
    return next(filter(fits, faces), faces[-1])


def _observed(seen: Observation, box: Box, font: Face) -> str:
    """The words of an observation; where there are too many, what changes least stands last and is cut."""
    words, room = observation_text(seen), box.height // font.height
    if len(fitted(words, font, box.width, room + 1)) <= room:
        return words or "(nothing)"
    sections = sorted(seen.sections, key=lambda section: _URGENCY.index(section.stability))
    return observation_text(replace(seen, sections=tuple(sections)))


def _lines(
    canvas: ImageDraw.ImageDraw, box: Box, text: str, font: Face, colour: Colour, *, most: int | None = None
) -> Box:
    """Draw a text, cut to the box or to so many lines; what is left of the box below it."""
    room = max(0, box.height // font.height)
    lines = fitted(text, font, box.width, room if most is None else min(room, most))
    for number, line in enumerate(lines):
        font.draw(canvas, (box.left, box.top + number * font.height), line, colour)
    used = len(lines) * font.height
    return Box(box.left, box.top + used, box.width, box.height - used)


def _pair(canvas: ImageDraw.ImageDraw, box: Box, left: str, right: str, colour: Colour) -> Box:
    """Two texts on one line, at its ends."""
    font = face(15)
    shown = font.drawable(right)
    room = box.width - round(font.width(shown))
    font.draw(canvas, (box.left + room, box.top), shown, colour)
    _lines(canvas, box._replace(width=room - _GAP), left, font, colour, most=1)
    return Box(box.left, box.top + font.height, box.width, box.height - font.height)


def _head(canvas: ImageDraw.ImageDraw, box: Box, card: Card) -> None:
    """What is played by whom, and how far it is."""
    rest = _lines(canvas, box, card.task, face(22), _TEXT, most=1)
    rest = _lines(canvas, rest, card.entrant, face(15), _DIM, most=2)
    numbers = Box(box.left, box.top + box.height - 66, box.width, 66)
    _lines(canvas, rest._replace(height=numbers.top - rest.top), _goal(card.seen), face(15), _TEXT)
    rest = _pair(canvas, numbers, card.place, f"{card.tokens:,} tokens" if card.tokens else "", _DIM)
    bar = Box(rest.left, rest.top + 6, rest.width, 8)
    canvas.rectangle(bar.corners, fill=_LINE)
    if filled := round(max(0.0, min(1.0, card.progress)) * bar.width):  # in this order, for what is no number
        canvas.rectangle(bar._replace(width=filled).corners, fill=_BLUE)
    below = Box(rest.left, bar.top + 16, rest.width, 22)
    _pair(canvas, below, f"progress {card.progress:.3f}", f"return {card.episode_return:g}", _TEXT)


def _goal(seen: Observation) -> str:
    """What is the same for the whole episode, such as a mission: pictures do not show it."""
    if seen.image is None:
        return ""
    return "\n".join(f"{s.name}: {s.text}" for s in seen.sections if s.stability is Stability.STATIC)


def _words(canvas: ImageDraw.ImageDraw, box: Box, words: Sequence[Words]) -> None:
    """Texts under their titles; each gets its share of the room, and what it does not need goes to others."""
    title = face(13)
    faces = [face(_KINDS[each.kind][0]) for each in words]
    room = box.height - len(words) * (title.height + _GAP)
    wanted = [
        len(fitted(each.text.strip(), font, box.width, max(room // font.height, 0))) * font.height
        for each, font in zip(words, faces, strict=True)
    ]
    for each, font, height in zip(words, faces, _shares(wanted, room), strict=True):
        box = _lines(canvas, box, each.title, title, _DIM, most=1)
        box = _lines(canvas, box, each.text.strip(), font, _KINDS[each.kind][1], most=height // font.height)
        box = Box(box.left, box.top + _GAP, box.width, box.height - _GAP)


def _shares(wanted: Sequence[int], room: int) -> list[int]:
    """Room divided evenly; what one does not want goes to the others. The smallest wishes come first."""
    given = [0] * len(wanted)
    order = sorted(range(len(wanted)), key=lambda at: wanted[at])
    for left, at in zip(range(len(order), 0, -1), order, strict=True):
        given[at] = min(wanted[at], max(room, 0) // left)
        room -= given[at]
    return given


def _deed(canvas: ImageDraw.ImageDraw, box: Box, card: Card) -> None:
    """The action and what came of it."""
    canvas.line((box.left, box.top, box.left + box.width - 1, box.top), fill=_LINE)
    rest = Box(box.left, box.top + _GAP, box.width, box.height - _GAP)
    rest = _lines(canvas, rest, card.deed, face(24), _DEEDS[card.kind], most=1)
    _lines(canvas, rest, "\n".join(card.notes), face(15), _RED if card.kind == "lost" else _TEXT)
