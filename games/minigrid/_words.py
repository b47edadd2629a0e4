"""What the agent sees, in words: a pure function of minigrid's own observation.

The observation is a square of cells (7 × 7 by default) as the agent sees it: ``image[x, y]`` holds
type, colour and state; the agent stands in the middle of the last row and looks towards y = 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minigrid.core.constants import IDX_TO_COLOR, IDX_TO_OBJECT, STATE_TO_IDX

from games.api import Observation, Section, Stability

_STATES = {index: name for name, index in STATE_TO_IDX.items()}
_FACING = ("east", "south", "west", "north")
_PLAIN = {"wall": "a wall", "goal": "the green goal square", "lava": "lava"}
_BACKGROUND = ("unseen", "empty", "wall", "floor")


def describe(raw: dict[str, Any]) -> Observation:
    """The sections of one raw observation."""
    image = raw["image"]
    return Observation(
        (
            Section("mission", str(raw["mission"]), Stability.STATIC),
            Section("carrying", _carried(image), Stability.SLOW),
            Section("position", _position(image, int(raw["direction"]))),
            Section("in view", _view(image)),
        )
    )


def _name(cell: Any) -> str:
    """``a closed red door``, with its article."""
    kind = _kind(cell)
    if kind in _PLAIN:
        return _PLAIN[kind]
    words = [IDX_TO_COLOR[int(cell[1])], kind]
    if kind == "door":
        words.insert(0, _STATES[int(cell[2])])
    return f"{'an' if words[0][0] in 'aeiou' else 'a'} {' '.join(words)}"


def _kind(cell: Any) -> str:
    return str(IDX_TO_OBJECT[int(cell[0])])


def _agent(image: Any) -> tuple[int, int]:
    return image.shape[0] // 2, image.shape[1] - 1


def _carried(image: Any) -> str:
    cell = image[_agent(image)]
    return "You carry nothing." if _kind(cell) in _BACKGROUND else f"You carry {_name(cell)}."


def _position(image: Any, direction: int) -> str:
    x, y = _agent(image)
    ahead = image[x, y - 1]
    what = "nothing" if _kind(ahead) in ("empty", "floor") else _name(ahead)
    return f"You face {_FACING[direction]}. Directly in front of you: {what}."


def _view(image: Any) -> str:
    lines = [*_things(image), *_walls(image)]
    return "\n".join(lines) if lines else "Nothing but empty floor."


def _things(image: Any) -> Iterator[str]:
    """Everything but walls and floor, the nearest first."""
    ax, ay = _agent(image)
    found = [
        (abs(x - ax) + ay - y, x - ax, ay - y, image[x, y])
        for x in range(image.shape[0])
        for y in range(image.shape[1])
        if (x, y) != (ax, ay) and _kind(image[x, y]) not in _BACKGROUND
    ]
    for _, right, forward, cell in sorted(found, key=lambda item: item[:3]):
        yield f"{_name(cell)}: {_where(forward, right)}"


def _where(forward: int, right: int) -> str:
    parts = []
    if forward:
        parts.append(f"{_steps(forward)} forward")
    if right:
        parts.append(f"{_steps(abs(right))} to the {'right' if right > 0 else 'left'}")
    return " and ".join(parts)


def _steps(count: int) -> str:
    return f"{count} step" if count == 1 else f"{count} steps"


def _walls(image: Any) -> Iterator[str]:
    """The nearest wall straight ahead and to both sides, where it is in view."""
    ax, ay = _agent(image)
    lines = {
        "forward": [(ax, ay - n) for n in range(1, ay + 1)],
        "to the left": [(ax - n, ay) for n in range(1, ax + 1)],
        "to the right": [(ax + n, ay) for n in range(1, image.shape[0] - ax)],
    }
    for words, cells in lines.items():
        for distance, cell in enumerate(cells, 1):
            if _kind(image[cell]) == "wall":
                yield f"a wall: {_steps(distance)} {words}"
                break
