"""A scripted player of Low Tide that knows the island, but not the secrets of a seed.

Where the sword lies, the code and the lever it reads in the words of those who tell them, and asks again if
it has not heard them itself; what it walks on, opens and strikes it takes from the text of the screen.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar

Cell = tuple[int, int]  # column, row of the screen
_Place = TypeVar("_Place")

_MENU, _WALK, _TALK, _BAG, _DIAL, _FADE = 2, 3, 4, 5, 6, 7
_BEACH, _VILLAGE, _HARBOUR, _DUNES, _CHAPEL, _BOATHOUSE, _CLIFF, _CAVE, _HALL, _TOWER, _LAMP = range(1, 12)
_WAYS: dict[str, Cell] = {"down": (0, 1), "up": (0, -1), "left": (-1, 0), "right": (1, 0)}
_FACING = tuple(_WAYS)
_ROOMS: dict[int, dict[str, int]] = {
    _BEACH: {"up": _DUNES, "right": _VILLAGE},
    _VILLAGE: {"up": _CHAPEL, "left": _BEACH, "right": _HARBOUR},
    _HARBOUR: {"up": _BOATHOUSE, "left": _VILLAGE},
    _DUNES: {"down": _BEACH, "up": _CLIFF, "right": _CHAPEL},
    _CHAPEL: {"down": _VILLAGE, "left": _DUNES},
    _BOATHOUSE: {"down": _HARBOUR},
    _CLIFF: {"down": _DUNES, "right": _CAVE},
    _CAVE: {"left": _CLIFF, "right": _HALL},
    _HALL: {"left": _CAVE, "up": _TOWER},
    _TOWER: {"down": _HALL, "up": _LAMP},
    _LAMP: {"down": _TOWER},
}
_EDGES = {"down": (1, 17), "up": (1, 1), "left": (0, 0), "right": (0, 19)}  # which coordinate, and its value
_PLACES = {"on the beach": 1, "here in the village": 2, "at the harbour": 3, "in the dunes": 4}
_PLACE, _CODE, _LEVER = f"buried ({'|'.join(_PLACES)})", r"myself: (\d-\d-\d)", "Pull the ([A-Z]+) one"
_LEVERS = ("LEFT", "MIDDLE", "RIGHT")
_FLOOR = ".,:="
_SWORD, _THORNS, _UNLOCKED, _LANTERN, _DIALLED, _LIT, _GATE, _BOSS, _POURED = 1, 2, 8, 9, 10, 11, 12, 13, 14
_CHESTS = ((5, _HARBOUR), (6, _CHAPEL), (7, _CLIFF))
_BREAD, _HEARTS, _WEAK = 3, 6, 2


class Oracle:
    """Plays one game from its title screen on; asked for one action at a time."""

    def __init__(self) -> None:
        self._heard = ""
        self._wanted = ""
        self._monk_spoke = False
        self._mending = False
        self._see: Sequence[str] = ()
        self._at: Mapping[str, float] = {}

    def act(self, variables: Mapping[str, float], screen: Sequence[str]) -> str:
        """The next action, from the variables of the spec and the 18 lines of the screen."""
        self._see, self._at = screen, variables
        mode = variables["mode"]
        if variables["busy"] or mode == _FADE:
            return "wait 16"
        if mode == _TALK:
            return self._read()
        if mode == _BAG:
            return self._choose()
        if mode == _DIAL:
            return self._turn_dials()
        if mode != _WALK:
            return "a" if mode == _MENU else "start"
        return self._fight() or self._mend() or self._quest()

    def _flag(self, bit: int) -> bool:
        return bool(int(self._at["flags"]) >> bit & 1)

    def _has(self, bit: int) -> bool:
        return bool(int(self._at["items"]) >> bit & 1)

    def _read(self) -> str:
        page = " ".join(line[1:19].strip() for line in self._see[14:17])
        self._heard = " ".join(f"{self._heard} {page}".split())
        self._monk_spoke |= self._at["room"] == _CHAPEL and ("door" in page or "levers" in page)
        return "a"

    def _told(self, pattern: str) -> str:
        found = re.search(pattern, self._heard)
        return found[1] if found else ""

    @property
    def _here(self) -> Cell:
        return int(self._at["x"]), int(self._at["y"])

    def _cells(self, characters: str) -> list[Cell]:
        return [(x, y) for y in range(1, 18) for x in range(20) if self._see[y][x] in characters]

    def _quest(self) -> str:
        if not self._flag(_SWORD):
            place = self._told(_PLACE)
            return self._touch(_PLACES[place], "m") if place else self._touch(_VILLAGE, "E")
        if not (self._told(_CODE) or self._flag(_DIALLED)) or not (self._told(_LEVER) or self._flag(_GATE)):
            return self._ask()
        for bit, room in _CHESTS:
            if room == _CLIFF and not self._flag(_THORNS):
                return self._touch(_DUNES, "%", "b")
            if not self._flag(bit):
                return self._touch(room, "$")
        if not self._flag(_UNLOCKED):
            return self._use(_HARBOUR, "K", "KEY")
        if not self._flag(_LANTERN):
            return self._touch(_BOATHOUSE, "$")
        return self._climb()

    def _ask(self) -> str:
        """The monk, then the fisher: one knows the code, one the lever."""
        return self._touch(_HARBOUR, "F") if self._monk_spoke else self._touch(_CHAPEL, "P")

    def _climb(self) -> str:
        if not self._flag(_DIALLED):
            return self._touch(_CLIFF, "N")
        if not self._flag(_LIT):
            return self._use(_CAVE, "", "LANTERN")
        if not self._flag(_GATE):
            return self._touch(_HALL, "|", pick=_LEVERS.index(self._told(_LEVER)))
        if not self._flag(_BOSS):
            return self._go(_TOWER) or self._battle()
        if not self._flag(_POURED):
            return self._use(_LAMP, "L", "OIL")
        return self._use(_LAMP, "L", "LENS")

    def _touch(self, room: int, characters: str, button: str = "a", pick: int = 0) -> str:
        """Walk up to a thing, the `pick`-th of its kind from the left, look at it, and press a button."""
        if way := self._go(room):
            return way
        target = self._cells(characters)[pick]
        return self._face(target) or button

    def _use(self, room: int, characters: str, item: str) -> str:
        """Take a thing out of the bag, before what it is for."""
        if way := self._go(room):
            return way
        if characters and (way := self._face(self._cells(characters)[0])):
            return way
        self._wanted = item
        return "start"

    def _go(self, room: int) -> str:
        """One step towards a room; nothing once there."""
        here = int(self._at["room"])
        if here == room:
            return ""
        way = _first_step(here, lambda at: at == room, lambda at: _ROOMS[at].items())
        axis, edge = _EDGES[way]
        return way if self._here[axis] == edge else self._walk(lambda cell: cell[axis] == edge)

    def _face(self, target: Cell) -> str:
        """One step towards looking at a cell; nothing once it is faced."""
        for way, (dx, dy) in _WAYS.items():
            if (self._here[0] + dx, self._here[1] + dy) == target:
                return "" if _FACING[int(self._at["facing"])] == way else way
        return self._walk(lambda cell: abs(cell[0] - target[0]) + abs(cell[1] - target[1]) == 1)

    def _walk(self, arrived: Callable[[Cell], bool]) -> str:
        """The first step of the shortest way, at worst through crabs; where there is none for now, wait."""
        for free in (_FLOOR, _FLOOR + "C"):
            if way := _first_step(self._here, arrived, partial(self._steps, free=free)):
                return way
        return "wait 16"

    def _steps(self, cell: Cell, free: str = _FLOOR) -> list[tuple[str, Cell]]:
        steps = [(way, (cell[0] + dx, cell[1] + dy)) for way, (dx, dy) in _WAYS.items()]
        inside = [(way, (x, y)) for way, (x, y) in steps if 0 <= x < 20 and 1 <= y < 18]
        return [(way, (x, y)) for way, (x, y) in inside if self._see[y][x] in free]

    def _fight(self) -> str:
        """Strike the crab beside you, if there is a sword."""
        if not self._flag(_SWORD):
            return ""
        for crab in self._cells("C"):
            if abs(crab[0] - self._here[0]) + abs(crab[1] - self._here[1]) == 1:
                return self._face(crab) or "b"
        return ""

    def _mend(self) -> str:
        """Bread when it is needed, else the font; nothing where it is too late for that."""
        room = self._at["room"]
        limit = _HEARTS - 1 if self._mending else _WEAK + 1 if room >= _CAVE else _WEAK
        self._mending = self._at["hp"] <= limit
        if not self._mending:
            return ""
        if self._has(_BREAD):
            self._wanted = "BREAD"
            return "start"
        return self._touch(_CHAPEL, "U") if room < _TOWER else ""

    def _battle(self) -> str:
        """Strike the Old Crab while it is open, keep away from it while it is shut."""
        shell = [
            (int(self._at["boss_x"]) + dx, int(self._at["boss_y"]) + dy) for dx in (0, 1) for dy in (0, 1)
        ]
        if self._at["boss_open"]:
            return self._face(min(shell, key=lambda cell: _apart(cell, self._here))) or "b"
        places = [("wait 16", self._here), *self._steps(self._here)]
        return max(places, key=lambda place: self._safety(place[1], shell))[0]

    @staticmethod
    def _safety(cell: Cell, shell: Sequence[Cell]) -> tuple[int, int]:
        """Far from the Old Crab first, up to what it can walk while it is shut; then not in a corner."""
        return min(6, *(_apart(cell, part) for part in shell)), -_apart(cell, (10, 9))

    def _choose(self) -> str:
        """Move the cursor of the bag to what is wanted, and use it."""
        lines = [line for line in self._see if line[3:12].strip() == self._wanted]
        if not self._wanted or not lines:
            return "b"
        return "a" if ">" in lines[0] else "down"

    def _turn_dials(self) -> str:
        """Turn the dials, one after the other, to the code that was told."""
        if not self._told(_CODE):
            return "b"
        code = self._told(_CODE).split("-")
        columns = [6, 10, 14]
        wrong = [at for at, digit in enumerate(code) if self._see[15][columns[at]] != digit]
        if not wrong:
            return "a"
        under = columns.index(self._see[16].index("^"))
        return "up" if under in wrong else "right"


def _apart(one: Cell, other: Cell) -> int:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _first_step(
    start: _Place, arrived: Callable[[_Place], bool], steps: Callable[[_Place], Iterable[tuple[str, _Place]]]
) -> str:
    """The first step of a shortest way, by breadth-first search; nothing where one is there, or cannot go."""
    seen, queue = {start}, deque([(start, "")])
    while queue:
        at, first = queue.popleft()
        if arrived(at):
            return first
        for way, to in steps(at):
            if to not in seen:
                seen.add(to)
                queue.append((to, first or way))
    return ""
