"""Scripted players that follow the ball, from what the text observation tells and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from games.atari.tables import Thing, table

TRACKED = ("breakout", "pong")
"""The games that have one."""


def track(game: str, raw: Mapping[str, Any]) -> str:
    """The next action in a game of `TRACKED`, by its raw observation."""
    known = table(game)
    assert known is not None  # noqa: S101 - both have a table
    now = {thing.name: thing for thing in known.things(raw["ram"].tobytes())}
    before = {thing.name: thing for thing in known.things(raw["before"].tobytes())}
    return _pong(now, before) if game == "pong" else _breakout(now, before)


def _pong(now: Mapping[str, Thing], before: Mapping[str, Thing]) -> str:
    you, ball = now.get("you"), now.get("ball")
    if you is None or ball is None:
        return "fire" if ball is None else "noop"
    aim = ball.y + 2 + _moved(ball, before, 2)
    middle = you.y + you.h / 2
    if abs(aim - middle) <= 3:
        return "noop"
    return "left" if aim > middle else "right"


def _breakout(now: Mapping[str, Thing], before: Mapping[str, Thing]) -> str:
    you, ball = now["paddle"], now.get("ball")
    if ball is None:
        return "fire"
    aim = ball.x + 1 + _moved(ball, before, 1)
    middle = you.x + you.w / 2
    if abs(aim - middle) <= 3:
        return "noop"
    return "right" if aim > middle else "left"


def _moved(ball: Thing, before: Mapping[str, Thing], axis: int) -> int:
    """How far the ball went along an axis in the last step."""
    last = before.get("ball")
    return 0 if last is None else int(ball[axis]) - int(last[axis])
