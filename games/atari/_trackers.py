"""Scripted players that follow the ball, from what the text observation tells and nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from games.atari._words import now_and_before
from games.atari.tables import Thing, breakout, pong


class Tracker(Protocol):
    """Names an action for each raw observation of one episode, in their order."""

    def act(self, raw: Mapping[str, Any]) -> str:
        """The next action."""
        ...


def tracker(game: str) -> Tracker | None:
    """A fresh tracker for an episode of a game, or None where there is none."""
    if game == "pong":
        return PongTracker()
    return BreakoutTracker() if game == "breakout" else None


class BreakoutTracker:
    """Keeps the paddle under the place where the ball will be a step later."""

    def act(self, raw: Mapping[str, Any]) -> str:
        """The next action."""
        now, before = now_and_before(raw, breakout)
        you, ball = now["paddle"], now.get("ball")
        if ball is None:
            return "fire"
        last = before.get("ball")
        aim = ball.x + 1 + (ball.x - last.x if last is not None else 0)
        middle = you.x + you.w / 2
        if abs(aim - middle) <= 3:
            return "noop"
        return "right" if aim > middle else "left"


_HORIZON = 5  # steps that are looked ahead
_SEQUENCES = np.array(list(itertools.product((0, -1, 1), repeat=_HORIZON)), dtype=float)
_INERTIA = (0.1385, 8.67, 9.48, 1.34)
"""The paddle's velocity in a step, from its last velocity and this and the last two steps' actions (−1, 0 or
1): fitted to 1,282 steps of random play without sticky actions, to 1.7 pixels."""
_EDGE = 5  # pixels from the middle of the paddle at which the ball is met, so that it leaves steeply
_TOP, _BOTTOM = 36, 192  # between which the middle of the ball bounces
_CENTRE = 114


class PongTracker:
    """Moves the paddle to where the ball will arrive, allowing for the paddle's inertia."""

    def __init__(self) -> None:
        self._done = [0, 0]  # the last two actions: −1 up, 1 down

    def act(self, raw: Mapping[str, Any]) -> str:
        """The next action."""
        now, before = now_and_before(raw, pong)
        you, ball = now.get("you"), now.get("ball")
        if you is None or ball is None:
            return self._do(0, "fire" if ball is None else "noop")
        last = before.get("you")
        velocity = you.y - last.y if last is not None else 0
        aim, steps = _arrival(ball, before.get("ball"))
        best = self._plan(_middle(you), velocity, aim, steps)
        return self._do(best, {0: "noop", -1: "right", 1: "left"}[best])

    def _do(self, move: int, name: str) -> str:
        self._done = [self._done[1], move]
        return name

    def _plan(self, y: float, velocity: float, aim: float, steps: int) -> int:
        """The first action of the sequence that brings the paddle nearest to its aim in time."""
        moves = _SEQUENCES.copy()
        moves[:, steps:] = 0
        places, speeds = np.full(len(moves), y), np.full(len(moves), float(velocity))
        recent = np.array(self._done, dtype=float) * np.ones((len(moves), 2))
        for step in range(min(steps, _HORIZON + 2)):
            move = moves[:, step] if step < _HORIZON else np.zeros(len(moves))
            a, b, c, d = _INERTIA
            speeds = a * speeds + b * move + c * recent[:, 1] + d * recent[:, 0]
            places = np.clip(places + speeds, 40, 190)
            recent = np.column_stack([recent[:, 1], move])
        cost = np.abs(places - aim) + 0.01 * np.abs(moves).sum(axis=1)
        return int(moves[cost.argmin(), 0])


def _arrival(ball: Thing, last: Thing | None) -> tuple[float, int]:
    """Where the paddle's middle should be, and in how many steps: the centre while the ball goes away."""
    dx, dy = (ball.x - last.x, ball.y - last.y) if last is not None else (0, 0)
    if dx <= 0:
        return _CENTRE, 20
    steps = max(1.0, (138 - ball.x) / dx)
    return _bounced(ball.y + 2 + dy * steps) + (_EDGE if dy >= 0 else -_EDGE), max(1, round(steps))


def _bounced(y: float) -> float:
    """A height beyond the walls, folded back between them."""
    span = _BOTTOM - _TOP
    y = (y - _TOP) % (2 * span)
    return _TOP + (y if y <= span else 2 * span - y)


def _middle(you: Thing) -> float:
    """The middle of the whole paddle, of which a part may be behind the upper wall."""
    return you.y + you.h - 8 if you.y <= 34 else you.y + 8
