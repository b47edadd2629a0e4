"""A scripted player for Airstriker: it reads the objects' places from the console's memory.

The addresses were found by this project, by comparing memory with the picture: lists of eleven 16-bit
numbers; of a slot's three the first says whether it is taken, and the others where the thing is, in pixels
of the screen plus 128.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_SHIP_X, _SHIP_Y = 0xFF0268, 0xFF026A
_SLOTS = 11
_ENEMIES, _SHOTS, _ROCKS = 0xFF00FA, 0xFF0152, 0xFF01C0
_FALLS = {_ENEMIES: 2, _SHOTS: 3, _ROCKS: 2}
"""Pixels that each falls in a frame."""

_SPEED = 5  # pixels that the ship flies in a frame
_LEFT, _RIGHT = 128 + 8, 128 + 296
_FRAMES = 8  # that one line takes
_AHEAD = 30  # frames that are looked ahead

Memory = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that falls: its place, and pixels a frame."""

    x: int
    y: int
    fall: int


def airstriker(memory: Memory) -> str:
    """The next line: out of the way of what falls, else under the nearest enemy; the gun is never silent."""
    ship_x, ship_y = _word(memory, _SHIP_X), _word(memory, _SHIP_Y)
    enemies = _things(memory, _ENEMIES)
    dangers = [*enemies, *_things(memory, _SHOTS), *_things(memory, _ROCKS)]
    above = [thing for thing in enemies if thing.y < ship_y - 24]
    aim = min(above, key=lambda thing: abs(thing.x - ship_x)).x if above else 272
    moves = [move for move in range(-_FRAMES, _FRAMES + 1) if _LEFT <= ship_x + _SPEED * move <= _RIGHT]
    best = min(moves, key=lambda move: _cost(ship_x, ship_y, move, aim, dangers))
    return _line(best)


def _cost(x: int, y: int, move: int, aim: int, dangers: list[Thing]) -> float:
    """How bad a move is: mostly how soon something would be hit, if the ship stays there afterwards."""
    end = x + _SPEED * move
    hit = min((when for thing in dangers if (when := _meets(x, y, move, thing)) is not None), default=_AHEAD)
    return 1000 * (_AHEAD - hit) + abs(end - aim)


def _meets(x: int, y: int, move: int, thing: Thing) -> int | None:
    side = 1 if move > 0 else -1
    for frame in range(_AHEAD):
        at = x + side * _SPEED * min(frame, abs(move))
        if abs(at - thing.x) < 28 and -24 < y - (thing.y + thing.fall * frame) < 26:
            return frame
    return None


def _line(move: int) -> str:
    if move == 0:
        return f"b {_FRAMES - 2} then wait 2"
    side = "right" if move > 0 else "left"
    frames = abs(move)
    return f"{side}+b {frames} then wait {_FRAMES - frames}" if frames < _FRAMES else f"{side}+b {frames}"


def _things(memory: Memory, address: int) -> list[Thing]:
    data = memory(address, 3 * 2 * _SLOTS)
    words = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
    taken, xs, ys = words[:_SLOTS], words[_SLOTS : 2 * _SLOTS], words[2 * _SLOTS :]
    return [Thing(x, y, _FALLS[address]) for one, x, y in zip(taken, xs, ys, strict=True) if one]


def _word(memory: Memory, address: int) -> int:
    return int.from_bytes(memory(address, 2), "big")
