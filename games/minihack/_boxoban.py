"""Boxoban levels of our own: made, solved, checked, and written as MiniHack's Boxoban tasks read them.

A level is Sokoban with four boxes on 10 × 10 cells, border walls included. MiniHack downloads
DeepMind's levels; these are *not* those. Rooms are made by the scheme of Weber et al., "Imagination-
Augmented Agents for Deep Reinforcement Learning" (2017), appendix on procedural Sokoban levels: a
random walk carves the floor, and the level is then played backwards from its solved position, by
pulling, so that a solution exists by construction. The exact solver here finds one of fewest pushes.

DeepMind's `medium` and `hard` are levels that its trained agents failed to solve. Ours share the names
because the tasks do, and are defined by what is measured (`DEFINITIONS`), each of them a property of the
level and not of a solver:

* pushes: the fewest that solve the level, proved by A* with a consistent bound;
* detour: those pushes less the fewest that would do if boxes did not stand in each other's way (each
  alone in the room, the goals shared out at best), so how far one has to go around the other boxes.

`unfiltered` is what the generator gives. For comparison, the medians of the first 150 levels of
DeepMind's first training file, by the same solver: 12 pushes and detour 0 (unfiltered), 16 and 2
(medium), 18 and 4 (hard).

Inside, a set of cells is an integer whose bit `10 * row + column` stands for a cell. Walls all round
keep shifted sets from wrapping into the next row.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from heapq import heappop, heappush
from itertools import permutations
from random import Random
from typing import Literal, NamedTuple, TypeVar

Difficulty = Literal["unfiltered", "medium", "hard"]
T = TypeVar("T")
State = tuple[int, int]
"""The boxes, and the first cell of the region that the player can walk in."""

SIZE = 10
BOXES = 4
STEPS = {"n": -SIZE, "s": SIZE, "e": 1, "w": -1}
"""Move → what it adds to a cell's number."""
LIMIT = 500_000
"""States that the solver expands before it gives up; generated levels take far fewer."""
_UNREACHABLE = 10_000  # more pushes than any level takes
_PULL_STATES = 1500  # positions that playing backwards looks at


class Least(NamedTuple):
    """What a level must have at least."""

    pushes: int
    detour: int


DEFINITIONS: dict[Difficulty, Least] = {
    "unfiltered": Least(pushes=0, detour=0),
    "medium": Least(pushes=15, detour=2),
    "hard": Least(pushes=20, detour=6),
}
"""Difficulty → the least pushes and the least detour of its levels (nothing caps them)."""


# ------------------------------------------------------------------------------------------- Levels


@dataclass(frozen=True)
class Level:
    """A position to solve: sets of cells as bits (see the module), the player as one bit."""

    floor: int
    goals: int
    boxes: int
    player: int

    @classmethod
    def parse(cls, text: str) -> Level:
        """Read rows of '#', ' ', '@', '$' and '.'; what is missing to 10 × 10 is wall.

        Raises:
            ValueError: another character, floor on the border, not exactly one player, or another
                number of boxes than of goals.
        """
        found = dict.fromkeys(" .$@", 0)
        cells = ((y, x, mark) for y, row in enumerate(text.splitlines()) for x, mark in enumerate(row))
        for y, x, mark in cells:
            if mark in found and 0 < y < SIZE - 1 and 0 < x < SIZE - 1:
                found[mark] |= 1 << (SIZE * y + x)
            elif mark != "#":
                raise ValueError(f"{mark!r} cannot stand in row {y}, column {x}")
        if found["@"].bit_count() != 1 or found["$"].bit_count() != found["."].bit_count():
            raise ValueError("a level has one player, and as many boxes as goals")
        return cls(sum(found.values()), found["."], found["$"], found["@"])

    def __str__(self) -> str:
        return "\n".join(self._rows({" ": self.floor, ".": self.goals, "$": self.boxes, "@": self.player}))

    def canonical(self) -> str:
        """A text that is the same for levels alike up to turning, mirroring and where one starts to walk."""
        region = _reach(self.player, self.floor & ~self.boxes)
        # '+' is a goal that the player can walk to.
        marks = {" ": self.floor, "@": region, ".": self.goals, "+": self.goals & region, "$": self.boxes}
        return min(_symmetric(self._rows(marks)))

    def _rows(self, marks: dict[str, int]) -> list[str]:
        text = ["#"] * (SIZE * SIZE)
        for mark, cells in marks.items():
            for cell in _bits(cells):
                text[cell.bit_length() - 1] = mark
        return ["".join(text[start : start + SIZE]) for start in range(0, SIZE * SIZE, SIZE)]


def _symmetric(rows: list[str]) -> Iterator[str]:
    for _ in range(4):
        rows = ["".join(row) for row in zip(*rows[::-1], strict=True)]
        yield "\n".join(rows)
        yield "\n".join(row[::-1] for row in rows)


def format_levels(levels: Iterable[Level]) -> str:
    """The levels as a file: each is a line '; number', ten rows, and an empty line.

    MiniHack's reader ends a level at its empty line, so that the last one needs it too.
    """
    return "".join(f"; {number}\n{level}\n\n" for number, level in enumerate(levels))


def parse_levels(text: str) -> list[Level]:
    """The levels of a file in the format of `format_levels`."""
    return [Level.parse(block.partition("\n")[2]) for block in text.split("\n\n") if block]


# ------------------------------------------------------------------------------------ Sets of cells


def _bits(cells: int) -> Iterator[int]:
    while cells:
        yield (cell := cells & -cells)
        cells ^= cell


def _shift(cells: int, step: int) -> int:
    return cells << step if step > 0 else cells >> -step


def _reach(start: int, free: int) -> int:
    """The free cells that one can walk to."""
    reached, before = start, 0
    while reached != before:
        before = reached
        reached |= (before << 1 | before >> 1 | before << SIZE | before >> SIZE) & free
    return reached


def _first(player: int, free: int) -> int:
    """The first cell of the player's region: the same wherever in it the player stands."""
    reached = _reach(player, free)
    return reached & -reached


def _walk(start: int, end: int, free: int) -> str:
    """A shortest walk over free cells; there must be one."""
    walks = {start: ""}
    queue = deque([start])
    while end not in walks:
        cell = queue.popleft()
        for move, step in STEPS.items():
            reached = _shift(cell, step)
            if reached & free and reached not in walks:
                walks[reached] = walks[cell] + move
                queue.append(reached)
    return walks[end]


# ------------------------------------------------------------------------------------------- Solver


class Search(NamedTuple):
    """What the solver found."""

    moves: str | None
    """One of the solutions with the fewest pushes."""
    expanded: int
    """How many positions (boxes, player's region) it looked beyond."""
    complete: bool
    """Whether `moves` is proved: fewest pushes, or (None) that there is no solution."""


def solve(level: Level, limit: int = LIMIT) -> str | None:
    """Moves (n, s, e, w) that solve the level with the fewest pushes; None: unsolvable, or gave up."""
    return search(level, limit).moves


def search(level: Level, limit: int = LIMIT) -> Search:
    """Solve by A* over pushes, and say how many positions that took and whether it got to the end."""
    return _Solver(level).run(limit)


def lower_bound(level: Level) -> int:
    """The pushes that would do if boxes did not stand in each other's way."""
    return _Solver(level).bound(level.boxes)


class _Solver:
    def __init__(self, level: Level) -> None:
        self.level = level
        self.pushes = [_pushes_to(goal, level.floor) for goal in _bits(level.goals)]
        self.live = sum({cell for table in self.pushes for cell in table})
        self.bound = cache(self._bound)
        start = (level.boxes, _first(level.player, level.floor & ~level.boxes))
        self.costs = {start: 0}
        self.parents: dict[State, tuple[State, int, str]] = {}
        self.frontier = [(self.bound(level.boxes), self.bound(level.boxes), start)]

    def run(self, limit: int) -> Search:
        closed: set[State] = set()
        while self.frontier:
            total, left, state = heappop(self.frontier)
            if left == 0:  # so every box is on a goal
                return Search(self._moves(state), len(closed), complete=True)
            if len(closed) == limit or total >= _UNREACHABLE:
                return Search(None, len(closed), complete=total >= _UNREACHABLE)
            if state not in closed:
                closed.add(state)
                self._expand(state)
        return Search(None, len(closed), complete=True)

    def _expand(self, state: State) -> None:
        cost = self.costs[state] + 1
        for box, move, reached in self._successors(state):
            # The bound is consistent (a push changes one box's distances by one), so that a position
            # taken off the frontier has its least cost.
            if cost < self.costs.get(reached, _UNREACHABLE):
                self.costs[reached] = cost
                self.parents[reached] = (state, box, move)
                left = self.bound(reached[0])
                heappush(self.frontier, (cost + left, left, reached))

    def _successors(self, state: State) -> Iterator[tuple[int, str, State]]:
        boxes, player = state
        free = self.level.floor & ~boxes
        reached = _reach(player, free)
        for move, step in STEPS.items():
            for box in _bits(boxes & _shift(reached, step) & _shift(free & self.live, -step)):
                after = boxes ^ box | _shift(box, step)
                if not self._stuck(after):
                    yield box, move, (after, _first(box, self.level.floor & ~after))

    def _stuck(self, boxes: int) -> bool:
        """Whether some box that is not on a goal can never be moved again."""
        walls = ~self.level.floor
        return any(self._frozen(box, boxes, walls) for box in _bits(boxes & ~self.level.goals))

    def _frozen(self, box: int, boxes: int, walls: int) -> bool:
        return self._blocked(box, 1, boxes, walls) and self._blocked(box, SIZE, boxes, walls)

    def _blocked(self, box: int, step: int, boxes: int, walls: int) -> bool:
        """Whether a box cannot move along an axis.

        So it is beside a wall, between cells of no return, or beside a box that is itself frozen
        where this one counts as a wall (which also ends the recursion).
        """
        sides = box << step | box >> step
        if sides & walls or not sides & self.live:
            return True
        return any(self._frozen(side, boxes, walls | box) for side in _bits(sides & boxes))

    def _bound(self, boxes: int) -> int:
        """The fewest pushes, each box alone in the room, over every way to share out the goals."""
        tables = [[table.get(box, _UNREACHABLE) for box in _bits(boxes)] for table in self.pushes]
        orders = permutations(range(len(tables)))
        return min(sum(table[i] for table, i in zip(tables, order, strict=True)) for order in orders)

    def _moves(self, state: State) -> str:
        pushes = []
        while state in self.parents:
            state, box, move = self.parents[state]
            pushes.append((box, move))
        boxes, player, moves = self.level.boxes, self.level.player, ""
        for box, move in reversed(pushes):
            moves += _walk(player, _shift(box, -STEPS[move]), self.level.floor & ~boxes) + move
            boxes, player = boxes ^ box | _shift(box, STEPS[move]), box
        return moves


def _pushes_to(goal: int, floor: int) -> dict[int, int]:
    """Cell → the pushes from there to a goal for a box alone, the player anywhere; no cells of no return."""
    found = {goal: 0}
    queue = deque([goal])
    while queue:
        cell = queue.popleft()
        for step in STEPS.values():
            origin = _shift(cell, step)
            if origin & floor and _shift(origin, step) & floor and origin not in found:
                found[origin] = found[cell] + 1
                queue.append(origin)
    return found


# --------------------------------------------------------------------------------- Checking by rules


class Play(NamedTuple):
    """What playing moves came to."""

    solved: bool
    pushes: int


def replay(level: Level, moves: str) -> bool:
    """Whether the moves solve the level, by the rules alone; a move that changes nothing is a no."""
    played = play(level, moves)
    return played is not None and played.solved


def play(level: Level, moves: str) -> Play | None:
    """Play moves by the rules, with none of the solver's code; None: a move was not possible."""
    floor, goals = _numbers(level.floor), _numbers(level.goals)
    boxes, (player,) = _numbers(level.boxes), _numbers(level.player)
    pushes = 0
    for move in moves:
        ahead = player + STEPS[move] if move in STEPS else -1
        if ahead in boxes:
            beyond = ahead + STEPS[move]
            if beyond in boxes or beyond not in floor:
                return None
            boxes = boxes - {ahead} | {beyond}
            pushes += 1
        if ahead not in floor:
            return None
        player = ahead
    return Play(boxes == goals, pushes)


def _numbers(cells: int) -> set[int]:
    return {number for number in range(SIZE * SIZE) if cells >> number & 1}


# ---------------------------------------------------------------------------------------- Generation

_BRUSHES = (
    ((0, 0),),
    ((0, 0), (0, 1)),
    ((0, 0), (1, 0)),
    ((0, 0), (0, 1), (0, -1)),
    ((0, 0), (1, 0), (-1, 0)),
    ((0, 0), (0, 1), (1, 0)),
    ((0, 0), (0, -1), (-1, 0)),
    ((0, 0), (0, 1), (1, 0), (1, 1)),
)
"""What a step of the walk clears, as (rows, columns) from where it is; always in one piece."""
_WAYS = ((-1, 0), (1, 0), (0, -1), (0, 1))
_WALK_STEPS = 40
_TURN = 0.35


class _Pulled(NamedTuple):
    """A position got by playing backwards."""

    places: tuple[int, ...]  # box after box, so that each is known by the goal that it came from
    player: int
    pulls: int
    changes: int  # how often another box than the one before was pulled
    last: int

    @property
    def boxes(self) -> int:
        return sum(self.places)


def generate(seed: int, difficulty: Difficulty) -> Level:
    """The level of a seed, always the same: the first one made from it that meets the difficulty."""
    digest = sha256(f"boxoban/{difficulty}/{seed}".encode()).digest()
    rng = Random(int.from_bytes(digest, "big"))
    while True:
        made = _candidate(rng)
        if made and _fits(*made, DEFINITIONS[difficulty]):
            return made[0]


def _fits(level: Level, pulls: int, least: Least) -> bool:
    # Pulling gave a solution of so many pushes: where that is too short, there is no need to solve.
    if pulls < least.pushes or pulls < lower_bound(level) + least.detour:
        return False
    return meets(level, solve(level), least)


def meets(level: Level, moves: str | None, least: Least) -> bool:
    """Whether a level whose solution of fewest pushes is given has the least pushes and detour."""
    played = play(level, moves) if moves else None
    if played is None or not played.solved:
        return False
    return played.pushes >= least.pushes and played.pushes - lower_bound(level) >= least.detour


def _candidate(rng: Random) -> tuple[Level, int] | None:
    """A solvable level and the pulls that made it; None where this room gives none."""
    floor = _carve(rng)
    cells = _shuffled(rng, list(_bits(floor)))
    if len(cells) < 3 * BOXES:
        return None
    goals, player = tuple(cells[:BOXES]), cells[BOXES]
    positions = _pull_back(rng, floor, _Pulled(goals, player, 0, 0, -1))
    starts = [position for position in positions if not position.boxes & sum(goals)]
    best = max(starts, key=lambda position: _score(position, goals), default=None)
    return best and _placed(rng, floor, sum(goals), best)


def _placed(rng: Random, floor: int, goals: int, pulled: _Pulled) -> tuple[Level, int] | None:
    # The format has no mark for a player on a goal.
    cells = list(_bits(_reach(pulled.player, floor & ~pulled.boxes) & ~goals))
    return (Level(floor, goals, pulled.boxes, _pick(rng, cells)), pulled.pulls) if cells else None


def _carve(rng: Random) -> int:
    """The floor that a random walk with a random brush clears, within the border."""
    floor, row, column = 0, _draw(rng, SIZE - 2) + 1, _draw(rng, SIZE - 2) + 1
    down, right = _pick(rng, _WAYS)
    for _ in range(_WALK_STEPS):
        if rng.random() < _TURN:
            down, right = _pick(rng, _WAYS)
        row, column = _inside(row + down), _inside(column + right)
        for y, x in _pick(rng, _BRUSHES):
            if _inside(row + y) == row + y and _inside(column + x) == column + x:
                floor |= 1 << (SIZE * (row + y) + column + x)
    return floor


def _inside(coordinate: int) -> int:
    return min(max(coordinate, 1), SIZE - 2)


def _pull_back(rng: Random, floor: int, solved: _Pulled) -> Iterator[_Pulled]:
    """Positions from which the solved one can be reached, depth first, each at most once."""
    stack, seen = [solved], set[State]()
    while stack and len(seen) < _PULL_STATES:
        position = stack.pop()
        state = (position.boxes, _first(position.player, floor & ~position.boxes))
        if state not in seen:
            seen.add(state)
            yield position
            stack += _shuffled(rng, list(_pulls(floor, position)))


def _pulls(floor: int, position: _Pulled) -> Iterator[_Pulled]:
    places, player, pulls, changes, last = position
    free = floor & ~position.boxes
    reached = _reach(player, free)
    for index, box in enumerate(places):
        for step in STEPS.values():
            moved, stand = _shift(box, step), _shift(box, 2 * step)
            if moved & reached and stand & free:
                after = (*places[:index], moved, *places[index + 1 :])
                yield _Pulled(after, stand, pulls + 1, changes + (index != last), index)


def _score(position: _Pulled, goals: Sequence[int]) -> int:
    """How far a position is from solved: changes of box times how far the boxes were taken."""
    distances = (_distance(place, goal) for place, goal in zip(position.places, goals, strict=True))
    return position.changes * sum(distances)


def _distance(one: int, other: int) -> int:
    (y, x), (row, column) = divmod(one.bit_length() - 1, SIZE), divmod(other.bit_length() - 1, SIZE)
    return abs(y - row) + abs(x - column)


# Of `Random`, only `random()` is promised to stay the same in every Python version.


def _draw(rng: Random, below: int) -> int:
    return int(rng.random() * below)


def _pick(rng: Random, items: Sequence[T]) -> T:
    return items[_draw(rng, len(items))]


def _shuffled(rng: Random, items: list[T]) -> list[T]:
    for end in range(len(items) - 1, 0, -1):
        other = _draw(rng, end + 1)
        items[end], items[other] = items[other], items[end]
    return items
