"""A scripted player that explores and descends, knowing only what the observation tells.

It goes down stairs that it has seen, else to the nearest place beyond which nothing is known yet, opens
or kicks in doors, searches for hidden ways where there is nothing left to see, strikes what attacks it
(but no peaceful being, and nothing that is better left alone), and prays when it is near death. It shows
that the tasks can be worked on from what a model is given, and is a floor to be held against.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterator
from typing import Any

from nle import nethack

from games.nethack._words import WINDS

Cell = tuple[int, int]  # row, column of the map

_CMAP = nethack.GLYPH_CMAP_OFF
_STONE = _CMAP
_WALLS = range(_CMAP + 1, _CMAP + 12)
_DOORWAY, _OPEN = _CMAP + 12, range(_CMAP + 13, _CMAP + 15)
_CLOSED = range(_CMAP + 15, _CMAP + 17)
_CORRIDOR = range(_CMAP + 21, _CMAP + 23)
_STAIRS_DOWN = (_CMAP + 24, _CMAP + 26)
_BARRED = {*_WALLS, _STONE, _CMAP + 17, _CMAP + 18, _CMAP + 32, _CMAP + 34, _CMAP + 41, *_CLOSED}
_TRAPS = range(_CMAP + 42, _CMAP + 64)
_BEINGS = range(nethack.GLYPH_PET_OFF)
_PETS = range(nethack.GLYPH_PET_OFF, nethack.GLYPH_INVIS_OFF)
_LEAVE_ALONE = (
    "tame ",
    "peaceful",
    "floating eye",
    "acid blob",
    "shopkeeper",
    "blue jelly",
    "gas spore",
    "Oracle",
)
_SEARCHES = 10  # turns at a time
_KICKS = 20  # at one door
_FOOD = ("food ration", "cram ration", "lembas", "apple", "orange", "pancake", "tripe", "melon", "banana",
         "carrot", "pear", "fortune cookie", "candy bar", "cookie", "egg", "slime mold")  # fmt: skip


class Explorer:
    """Keeps for each level where it has been.

    `names` are the task's commands, `free` says whether answers may follow them.
    """

    def __init__(self, names: Collection[str], *, free: bool = True, descend: bool = True) -> None:
        self._names = frozenset(names)
        self._free = free
        self._descend = descend
        self._visits: Counter[tuple[Any, Cell]] = Counter()
        self._searched: Counter[tuple[Any, Cell]] = Counter()
        self._tries: Counter[tuple[Any, Cell]] = Counter()
        self._blocked: Counter[tuple[Any, Cell, Cell]] = Counter()
        self._stairs: dict[Any, Cell] = {}
        self._prayed = -700
        self._pending = ""
        self._last: tuple[Any, Cell, Cell] | None = None

    def act(self, raw: dict[str, Any]) -> str:
        """The next action, from one raw observation."""
        if raw["asking"]:
            return self._answer(raw)
        self._pending = ""
        self._look(raw)
        for choice in (self._survive, self._fight, self._go_down, self._explore, self._search):
            if action := choice(raw):
                return action
        return "search" if "search" in self._names else "north"

    def _answer(self, raw: dict[str, Any]) -> str:
        if "eat it?" in raw["message"].rpartition("\n")[2]:
            return "no"  # what lies about may be rotten; the question for the food follows
        answer, self._pending = self._pending, ""
        fits = raw["asking"] == ("direction" if answer in WINDS else "question")
        return answer if answer and fits else "esc"

    def _with(self, command: str, direction: str) -> str:
        if self._free:
            return f"{command} {direction}"
        self._pending = direction
        return command

    def _look(self, raw: dict[str, Any]) -> None:
        self._stats = raw["blstats"].tolist()
        self._glyphs: list[list[int]] = raw["glyphs"].tolist()
        self._me = (self._stats[1], self._stats[0])
        self._level = (self._stats[23], self._stats[24])
        self._beings = {(row, column): text for column, row, text in raw["seen"]}
        self._visits[self._level, self._me] += 1
        if self._last is not None and self._last[0] == self._level and self._last[1] == self._me:
            self._blocked[self._last] += 1
        self._last = None
        for cell, glyph in self._cells():
            if glyph in _STAIRS_DOWN:
                self._stairs[self._level] = cell

    def _glyph(self, cell: Cell) -> int:
        return self._glyphs[cell[0]][cell[1]]

    def _cells(self) -> Iterator[tuple[Cell, int]]:
        for row, line in enumerate(self._glyphs):
            for column, glyph in enumerate(line):
                if glyph != _STONE:
                    yield (row, column), glyph

    def _survive(self, raw: dict[str, Any]) -> str:
        hits, most, turn = self._stats[10], self._stats[11], self._stats[20]
        starving = self._stats[21] >= 3
        if self._free and (hits < 6 or hits * 7 < most or starving) and turn - self._prayed > 1000:
            self._prayed = turn
            return "pray yes"
        if self._free and self._stats[21] == 2:
            for letter, text in zip(raw["inv_letters"].tolist(), raw["inv_strs"], strict=True):
                if any(food in bytes(text).decode("latin-1") for food in _FOOD):
                    self._pending = chr(letter)
                    return "eat"
        return ""

    def _fight(self, raw: dict[str, Any]) -> str:
        for wind, cell in self._around(self._me):
            if self._glyph(cell) in _BEINGS and self._hostile(cell):
                if self._visits[self._level, self._me] > 40:
                    return ""
                return f"fight {wind}" if self._free else wind
        return ""

    def _hostile(self, cell: Cell) -> bool:
        text = self._beings.get(cell, "")
        return bool(text) and not any(word in text for word in _LEAVE_ALONE)

    def _around(self, cell: Cell) -> Iterator[tuple[str, Cell]]:
        for wind, (right, down) in WINDS.items():
            row, column = cell[0] + down, cell[1] + right
            if 0 <= row < 21 and 1 <= column < 79:
                yield wind, (row, column)

    def _go_down(self, raw: dict[str, Any]) -> str:
        stairs = self._stairs.get(self._level)
        if stairs is None:
            return ""
        if stairs == self._me:
            return "down" if self._descend else ""
        return self._towards({stairs})

    def _explore(self, raw: dict[str, Any]) -> str:
        if action := self._door():
            return action
        goals = {cell for cell, glyph in self._cells() if self._is_frontier(cell, glyph)}
        return self._towards(goals)

    def _door(self) -> str:
        """Open, or kick in, a closed door that is next to the player, straight on."""
        for wind, cell in self._around(self._me):
            if self._glyph(cell) in _CLOSED and _straight(self._me, cell):
                tried = self._tries[self._level, cell]
                self._tries[self._level, cell] += 1
                if tried < 3:
                    return wind  # walking against a door opens it, unless it is locked
                if tried < _KICKS and "kick" in self._names:
                    return self._with("kick", wind)
        return ""

    def _is_frontier(self, cell: Cell, glyph: int) -> bool:
        """A place to walk to, not yet visited, with something unknown (or an untried door) beside it."""
        if self._visits[self._level, cell] or not self._walkable(cell):
            return False
        if glyph == _DOORWAY or glyph in _OPEN or glyph in _CORRIDOR:
            return True
        return any(
            self._glyph(other) == _STONE or self._untried(cell, other) for _, other in self._around(cell)
        )

    def _untried(self, cell: Cell, other: Cell) -> bool:
        closed = self._glyph(other) in _CLOSED
        return closed and _straight(cell, other) and self._tries[self._level, other] < _KICKS

    def _walkable(self, cell: Cell) -> bool:
        glyph = self._glyph(cell)
        if glyph in _BARRED or glyph in _TRAPS:
            return False
        if glyph in _BEINGS and not self._hostile(cell):
            return cell == self._me or "tame " in self._beings.get(cell, "")  # a pet changes places
        return self._beings.get(cell) != "boulder"

    def _towards(self, goals: set[Cell]) -> str:
        """The first step of a shortest way to one of the goals."""
        before: dict[Cell, tuple[str, Cell]] = {}
        queue, known = deque([self._me]), {self._me}
        while queue:
            here = queue.popleft()
            if here in goals and here != self._me:
                return self._first(before, here)
            for wind, cell in self._around(here):
                if cell not in known and self._passes(here, cell):
                    known.add(cell)
                    before[cell] = (wind, here)
                    queue.append(cell)
        self._reached = known
        return ""

    def _first(self, before: dict[Cell, tuple[str, Cell]], goal: Cell) -> str:
        cell = goal
        while before[cell][1] != self._me:
            cell = before[cell][1]
        self._last = (self._level, self._me, cell)
        return before[cell][0]

    def _passes(self, here: Cell, there: Cell) -> bool:
        if not self._walkable(there) or self._blocked[self._level, here, there] > 3:
            return False
        return _straight(here, there) or not (self._is_door(here) or self._is_door(there))

    def _is_door(self, cell: Cell) -> bool:
        glyph = self._glyph(cell)
        return glyph in _OPEN or glyph == _DOORWAY

    def _search(self, raw: dict[str, Any]) -> str:
        """Look for hidden ways: here for a while, then at the place that was searched least."""
        if "search" not in self._names:
            return ""
        walls = [cell for cell in self._reached if self._walls_beside(cell)]
        if not walls:
            return ""
        least = min(self._searched[self._level, cell] for cell in walls)
        if self._searched[self._level, self._me] <= least and self._me in walls:
            for _, cell in self._around(self._me):
                self._searched[self._level, cell] += 1
            self._searched[self._level, self._me] += 2
            return f"{_SEARCHES} search" if self._free else "search"
        goals = {cell for cell in walls if self._searched[self._level, cell] <= least}
        return self._towards(goals)

    def _walls_beside(self, cell: Cell) -> bool:
        ends = [self._glyph(other) for _, other in self._around(cell)]
        return any(glyph in _WALLS or glyph == _STONE for glyph in ends)


def _straight(one: Cell, other: Cell) -> bool:
    return one[0] == other[0] or one[1] == other[1]
