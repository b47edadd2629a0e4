"""Where things stand on a frame: the game at the left of a panel, or on top of it where it is wide."""

from __future__ import annotations

from typing import NamedTuple

from harness.errors import InputError

_LEAST = (1280, 720)  # of a frame, in pixels
_WIDE = 2.0  # a picture of this ratio of width to height, or more, stands on top
_MARGINS = {"beside": 24, "on top": 8}  # around the game
_BESIDE = 480  # the least width of a panel beside the game
_BELOW = 296  # the least height of a panel below it
_COLUMN = 440  # of a panel below: the width of all that is not words
_PADDING = 20
_HEAD, _DEED = 172, 126  # the heights of what is played and of what was done
_LARGEST = 8192  # of a frame's sides, which every decoder of H.264 and VP9 takes


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """As Pillow draws it: left, top, right, bottom."""
        return self.left, self.top, self.left + self.width - 1, self.top + self.height - 1


class Layout(NamedTuple):
    """A frame's size and its places. The panel holds what is played, what was said and what was done."""

    width: int
    height: int
    scale: int
    game: Box
    panel: Box
    head: Box
    words: Box
    deed: Box


def layout(shape: tuple[int, ...] | None, scale: int | None) -> Layout:
    """The layout for pictures of a shape (height, width, …); None where there are words only.

    Args:
        shape: of the first picture. One of another shape has to fit into its place.
        scale: pixels of a frame for one of the game; None: as many as fit into 1280 × 720.

    Raises:
        InputError: no player would take a frame of that size.
    """
    if shape is None:
        return _beside(_LEAST[0] - _BESIDE, _LEAST[1], 1)
    height, width = shape[:2]
    on_top = width / height >= _WIDE
    room = (_LEAST[0], _LEAST[1] - _BELOW) if on_top else (_LEAST[0] - _BESIDE, _LEAST[1])
    margin = 2 * _MARGINS["on top" if on_top else "beside"]
    by = scale or max(1, min((room[0] - margin) // width, (room[1] - margin) // height))
    found = (_on_top if on_top else _beside)(width * by + margin, height * by + margin, by)
    if max(found.width, found.height) > _LARGEST:
        size = f"{found.width:,} × {found.height:,}"
        raise InputError(f"a frame of {size} pixels is more than players take; use a smaller --scale")
    return found


def _beside(width: int, height: int, scale: int) -> Layout:
    size = _even(max(_LEAST[0], width + _BESIDE)), _even(max(_LEAST[1], height))
    panel = Box(width, 0, size[0] - width, size[1])
    left, inner = panel.left + _PADDING, panel.width - 2 * _PADDING
    head = Box(left, _PADDING, inner, _HEAD)
    deed = Box(left, size[1] - _DEED - _PADDING, inner, _DEED)
    top = head.top + head.height + _PADDING
    words = Box(left, top, inner, deed.top - _PADDING - top)
    return Layout(*size, scale, Box(0, 0, width, size[1]), panel, head, words, deed)


def _on_top(width: int, height: int, scale: int) -> Layout:
    size = _even(max(_LEAST[0], width)), _even(max(_LEAST[1], height + _BELOW))
    panel = Box(0, height, size[0], size[1] - height)
    top, inner = panel.top + _PADDING // 2, panel.height - _PADDING
    head = Box(_PADDING, top, _COLUMN, inner - _DEED)
    deed = Box(_PADDING, top + head.height, _COLUMN, _DEED)
    left = _COLUMN + 2 * _PADDING
    words = Box(left, top, size[0] - left - _PADDING, inner)
    return Layout(*size, scale, Box(0, 0, size[0], height), panel, head, words, deed)


def _even(size: int) -> int:
    """The codecs keep colours of two pixels at a time."""
    return size + size % 2
