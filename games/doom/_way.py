"""How far a place of a level is from the exit, on foot: the measure of progress within a level.

The floor is cut into squares of 16 units, half of what a player is wide, so that the middle of the square in
which a player stands is on the same side of every wall. From square to square one walks unless a line is in
between that blocks: a wall, or a step of more than 24 units up, or less than 56 units of room. What the level
can move (doors, lifts, floors: sectors that a line of it points at) counts as moved already: a switch is not
seen. Doors with a lock count as open only with the key, so the way leads over the keys. Where no way is found
by these rules, locks are left out, and then steps too (in three levels each of the 68 of Freedoom).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.doom._maps import NONE, Level

SQUARE = 16.0
Squares = NDArray[np.int64]
_STEP, _ROOM = 24, 56  # what a player climbs, and is high
_EXITS, _SECRET_EXITS = (11, 52, 197), (51, 124, 198)
_TELEPORTS = (39, 97)
_MANUAL = (1, 26, 27, 28, 31, 32, 33, 34, 117, 118)
_LOCKS = {26: 0, 32: 0, 99: 0, 133: 0, 27: 1, 34: 1, 136: 1, 137: 1, 28: 2, 33: 2, 134: 2, 135: 2}
KEYS = {5: 0, 40: 0, 6: 1, 39: 1, 13: 2, 38: 2}
"""Things that are keys → blue 0, yellow 1, red 2."""
_BOSSES = (88, 16, 7, 67, 3003)  # whose death ends a level that has no exit: Romero's head first
_DEADLY_END = 11  # a sector that ends the level as it kills
_START, _LANDING = 1, 14
_SIGNS = np.array([1, -1, 1, -1])  # of the four directions: right, left, up, down
_LIGHTS = (12, 13, 17, 35, 79, 80, 81, 104, 138, 139)
_BLOCKS, _SHARED_ONLY = 1, 16  # flags: of a line, of a thing


class Way:
    """The distances of one level. `whole` is that of the start; `keys` says whether keys lie in it."""

    def __init__(self, level: Level, skill: int) -> None:
        self._level = level
        self._low = level.vertexes.min(axis=0) - SQUARE
        self._shape = tuple(int(n) for n in np.ceil((level.vertexes.max(axis=0) - self._low) / SQUARE) + 2)
        bit = (1, 1, 2, 4, 4)[skill - 1]
        present = (level.things["flags"] & bit > 0) & (level.things["flags"] & _SHARED_ONLY == 0)
        sector = [int(number) for number in level.sides["sector"]]
        sides = level.lines[["right", "left"]].tolist()
        self._sectors = [[sector[side] for side in pair if side != NONE] for pair in sides]
        self._things = level.things[present]
        self._strides = (self._shape[1], 1)
        self._keys = {number: self._squares_of(number) for number in sorted({*KEYS.values()})}
        self.keys = any(self._keys.values())
        goals = self._goals()
        start = level.things[level.things["type"] == _START][0]
        for locks, steps in ((True, True), (False, True), (False, False)):
            self._edges = self._passages(locks, steps)
            self.far = self._distances(goals)
            self.whole = self.left(float(start["x"]), float(start["y"]), 0)
            if np.isfinite(self.whole):
                break

    def share(self, x: float, y: float, keys: int) -> float:
        """How much of the way from the start to the exit is done there, from 0 to 1; 0 where no way is known.

        `keys` is a bit mask of those held: 1 blue, 2 yellow, 4 red.
        """
        left = self.left(x, y, keys)
        if not np.isfinite(left) or not 0 < self.whole < np.inf:
            return 0.0
        return float(np.clip(1 - left / self.whole, 0, 1))

    def left(self, x: float, y: float, keys: int) -> float:
        """Squares from there to the exit; infinite where no way is known."""
        return float(self.far[keys][self._square(x, y)])

    def _square(self, x: float, y: float) -> int:
        column, row = np.floor((np.array([x, y]) - self._low) / SQUARE).astype(int)
        column, row = np.clip(column, 0, self._shape[0] - 1), np.clip(row, 0, self._shape[1] - 1)
        return int(column * self._shape[1] + row)

    def _squares_of(self, key: int) -> list[int]:
        things = [thing for thing in self._things if KEYS.get(int(thing["type"])) == key]
        return [self._square(thing["x"], thing["y"]) for thing in things]

    def _ends(self, line: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._level.vertexes[line["v1"]], self._level.vertexes[line["v2"]]

    def _beside(self, line: Any) -> list[int]:
        """Squares before the right side of a line, from where it is used or crossed."""
        a, b = self._ends(line)
        along = b - a
        length = float(np.hypot(*along)) or 1.0
        right = np.array([along[1], -along[0]]) / length
        shares = np.linspace(0, 1, max(3, int(length / SQUARE) + 1))[1:-1]
        return [
            self._square(*(a + along * share + right * away)) for share in shares for away in (17.0, 25.0)
        ]

    def _goals(self) -> list[int]:
        """Squares at which the level is done: before its exits, else where its boss is."""
        for kinds in (_EXITS, _SECRET_EXITS):
            lines = self._level.lines[np.isin(self._level.lines["type"], kinds)]
            if len(lines):
                return [square for line in lines for square in self._beside(line)]
        for boss in _BOSSES:
            if len(found := self._things[self._things["type"] == boss]):
                return [self._square(thing["x"], thing["y"]) for thing in found]
        return [square for line in self._of_type(_DEADLY_END) for square in self._beside(line)]

    def _of_type(self, kind: int) -> Iterator[Any]:
        wanted = {int(n) for n in np.flatnonzero(self._level.sectors["type"] == kind)}
        yield from (line for line, of in zip(self._level.lines, self._sectors, strict=True) if wanted & {*of})

    def _moved(self) -> tuple[set[int], dict[int, int]]:
        """Sectors that the level moves, and those that only a key moves, with the key."""
        open_, locked = set(), {}
        tags = self._level.sectors["tag"]
        for line, sides in zip(self._level.lines, self._sectors, strict=True):
            kind = int(line["type"])
            if not kind or kind in _EXITS + _SECRET_EXITS + _TELEPORTS + _LIGHTS:
                continue
            moved = (
                sides[1:] if kind in _MANUAL else np.flatnonzero(tags == line["tag"]) if line["tag"] else ()
            )
            for sector in map(int, moved):
                if kind in _LOCKS:
                    locked[sector] = _LOCKS[kind]
                else:
                    open_.add(sector)
        if {*self._things["type"]} & {*_BOSSES}:
            open_ |= {int(n) for n in np.flatnonzero(np.isin(tags, (666, 667)))}  # a boss's death moves them
        return open_, {sector: key for sector, key in locked.items() if sector not in open_}

    def _passages(
        self, locks: bool, steps: bool
    ) -> tuple[NDArray[np.bool_], NDArray[np.int8], list[tuple[int, int]]]:
        """For each of four directions and each square: whether one can go, and the key it takes (−1: none).

        And the jumps: pairs of squares before and behind teleports.
        """
        count = self._shape[0] * self._shape[1]
        free, lock = np.ones((4, count), bool), np.full((4, count), -1, np.int8)
        jumps: list[tuple[int, int]] = []
        open_, locked = self._moved()
        for line, sides in zip(self._level.lines, self._sectors, strict=True):
            if line["type"] in _TELEPORTS:
                landings = self._landings(int(line["tag"]))
                jumps += [(a, b) for a in self._beside(line) for b in landings]
            wall = len(sides) < 2 or line["flags"] & _BLOCKS
            keys = {locked[sector] for sector in sides if sector in locked}
            for there, back, near, far in self._crossings(*self._ends(line)):
                if wall:
                    free[there, near] = free[back, far] = False
                elif keys and locks:
                    lock[there, near] = lock[back, far] = min(keys)
                elif steps and not {*sides} & open_:
                    free[there, near] &= self._steps(sides[0], sides[1])
                    free[back, far] &= self._steps(sides[1], sides[0])
        return free, lock, jumps

    def _steps(self, here: int, there: int) -> bool:
        """Whether a player gets from one sector into the next as they are at the start."""
        a, b = self._level.sectors[here], self._level.sectors[there]
        floor = max(int(a["floor"]), int(b["floor"]))
        room = min(int(a["ceiling"]), int(b["ceiling"])) - floor
        return int(b["floor"]) - int(a["floor"]) <= _STEP and room >= _ROOM

    def _landings(self, tag: int) -> list[int]:
        """Where a teleport leads: to the landing that stands in a sector of the tag."""
        tagged = {int(n) for n in np.flatnonzero(self._level.sectors["tag"] == tag)}
        lines = zip(self._level.lines, self._sectors, strict=True)
        corners = np.array([self._ends(line) for line, of in lines if tagged & {*of}]).reshape(-1, 2)
        if not len(corners):
            return []
        low, high = corners.min(axis=0), corners.max(axis=0)
        marks = self._level.things[self._level.things["type"] == _LANDING]
        places = [(int(mark["x"]), int(mark["y"])) for mark in marks]
        return [self._square(*at) for at in places if (low <= at).all() and (high >= at).all()]

    def _crossings(self, a: NDArray[Any], b: NDArray[Any]) -> Iterator[tuple[int, int, Squares, Squares]]:
        """Neighbours whose middles a line parts: the ways there and back, those at its right and left."""
        start, end = (a - self._low) / SQUARE - 0.5, (b - self._low) / SQUARE - 0.5
        for axis in (0, 1):
            other = 1 - axis
            low, high = sorted((float(start[other]), float(end[other])))
            across = np.arange(int(np.ceil(low)), int(np.ceil(high)))
            if not len(across):
                continue
            shares = (across - start[other]) / (end[other] - start[other])
            along = np.ceil(start[axis] + shares * (end[axis] - start[axis])).astype(int) - 1
            columns, rows = (along, across) if axis == 0 else (across, along)
            first = columns * self._shape[1] + rows
            second = first + self._strides[axis]
            # The right side of a line that goes up is towards larger x; of one that goes right, smaller y.
            if bool(end[other] > start[other]) == (axis == 0):
                yield 2 * axis + 1, 2 * axis, second, first
            else:
                yield 2 * axis, 2 * axis + 1, first, second

    def _distances(self, goals: Sequence[int]) -> NDArray[np.float64]:
        """Squares to the exit for each set of keys (8 × squares), of those that can be reached at all."""
        far = np.full((8, self._shape[0] * self._shape[1]), np.inf)
        there = {key for key, squares in self._keys.items() if squares}
        for keys in range(7, -1, -1):
            lacking = [key for key in there if not keys >> key & 1]
            ends = dict.fromkeys(goals, 0.0)
            for key in lacking:
                ends |= {s: min(ends.get(s, np.inf), far[keys | 1 << key][s]) for s in self._keys[key]}
            fuller = next((k for k in (0, 1, 2) if k not in there and not keys >> k & 1), None)
            # A key that the level does not have changes nothing.
            far[keys] = self._spread(ends, keys) if fuller is None else far[keys | 1 << fuller]
        return far

    def _spread(self, ends: dict[int, float], keys: int) -> NDArray[np.float64]:
        """Distances to the nearest of some ends, each with what is still to go behind it."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import dijkstra

        free, lock, jumps = self._edges
        held = np.array([keys >> key & 1 for key in (0, 1, 2)] + [1], bool)  # the last: no key is needed
        direction, here = np.nonzero(free & held[lock])
        there = here + np.repeat(self._strides, 2)[direction] * _SIGNS[direction]
        inside = (there >= 0) & (there < free.shape[1])
        more = np.array(jumps, int).reshape(-1, 2)
        known = [(square, cost) for square, cost in ends.items() if np.isfinite(cost)]
        root = free.shape[1]
        rows = np.concatenate([there[inside], more[:, 1], np.full(len(known), root)])
        columns = np.concatenate([here[inside], more[:, 0], np.array([s for s, _ in known], int)])
        costs = np.concatenate([np.ones(inside.sum() + len(more)), [cost + 1 for _, cost in known]])
        graph = csr_array((costs, (rows, columns)), shape=(root + 1, root + 1))
        found: NDArray[np.float64] = dijkstra(graph, indices=root)[:root] - 1
        return found
