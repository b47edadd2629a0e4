"""Gymnasium's spaces in words, both ways: what a value says, and what text means as an action."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from gymnasium import spaces

from games.api import Action, UnknownAction

_MOST_NUMBERS = 400
"""An array longer than this is no text that anyone reads: such an environment is played by picture."""

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def is_picture(space: spaces.Space[Any]) -> bool:
    """Whether values are H × W × 3 bytes."""
    return (
        isinstance(space, spaces.Box)
        and space.dtype == np.uint8
        and len(space.shape) == 3
        and space.shape[2] == 3
    )


def has_words(space: spaces.Space[Any]) -> bool:
    """Whether values can be told in words."""
    match space:
        case spaces.Box():
            return int(np.prod(space.shape)) <= _MOST_NUMBERS
        case spaces.Dict():
            return all(has_words(part) for part in space.spaces.values())
        case spaces.Tuple():
            return all(has_words(part) for part in space.spaces)
        case _:
            simple = (spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary, spaces.Text)
            return isinstance(space, simple)


def lines(value: Any, label: str = "") -> Iterator[str]:
    """A value as labelled lines; numbers keep four significant digits."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from lines(item, f"{label}{key}")
    elif isinstance(value, tuple | list) or (isinstance(value, np.ndarray) and value.ndim):
        for at, item in enumerate(value):
            yield from lines(item, f"{label}[{at}]")
    else:
        yield f"{label or 'value'}: {_plain(value)}"


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else f"{number:.4g}"


def bounds(space: spaces.Space[Any], label: str = "") -> Iterator[str]:
    """What values of a space can be, a line for each part."""
    name = label or "value"
    match space:
        case spaces.Discrete():
            yield f"{name}: a whole number from {int(space.start)} to {int(space.start + space.n) - 1}"
        case spaces.Box() if space.shape == ():
            yield f"{name}: {_range(float(space.low), float(space.high))}"
        case spaces.Box() if len(space.shape) == 1 and len(space.low) <= 24:
            for at, (low, high) in enumerate(zip(space.low, space.high, strict=True)):
                yield f"{label}[{at}]: {_range(float(low), float(high))}"
        case spaces.Dict():
            for key, part in space.spaces.items():
                yield from bounds(part, f"{label}{key}")
        case spaces.Tuple():
            for at, part in enumerate(space.spaces):
                yield from bounds(part, f"{label}[{at}]")
        case spaces.MultiDiscrete():
            for at, count in enumerate(np.ravel(space.nvec)):
                yield f"{label}[{at}]: a whole number from 0 to {int(count) - 1}"
        case spaces.Text():
            yield f"{name}: text"
        case _:
            yield f"{name}: numbers of shape {' × '.join(map(str, space.shape or ()))}"


def _range(low: float, high: float) -> str:
    ends = [f"{end:.4g}" if abs(end) < 1e30 else "any number" for end in (low, high)]
    return "any number" if ends == ["any number"] * 2 else f"from {ends[0]} to {ends[1]}"


def vocabulary(space: spaces.Space[Any], meanings: list[str] | None) -> tuple[Action, ...]:
    """The actions to name: all of a Discrete space, telling ones of the others.

    Raises:
        ValueError: actions of this kind cannot be written in a line.
    """
    if isinstance(space, spaces.Discrete):
        return tuple(_numbered(int(space.start) + at, at, meanings) for at in range(int(space.n)))
    samples = _samples(space)
    return tuple(Action(_vector(value), "these numbers, in this order", value) for value in samples)


def _numbered(value: int, at: int, meanings: list[str] | None) -> Action:
    name = meanings[at] if meanings else str(value)
    return Action(name, f"action number {value}", value, () if name == str(value) else (str(value),))


def _samples(space: spaces.Space[Any]) -> list[Any]:
    """The middle of the range, and each number at its lowest and highest."""
    low, high = _ends(space)
    middle = (low + high) / 2
    if not isinstance(space, spaces.Box):
        middle = np.floor(middle)
    found = [middle]
    for at in range(len(low)):
        for end in (low, high):
            found.append(middle.copy())
            found[-1][at] = end[at]
    unique = {_vector(value): value for value in found}
    return [_typed(value, space) for value in unique.values()]


def _ends(space: spaces.Space[Any]) -> tuple[Any, Any]:
    """The lowest and highest numbers, flat. What has no end goes from −1 to 1."""
    match space:
        case spaces.Box() if int(np.prod(space.shape)) <= _MOST_NUMBERS:
            low, high = np.ravel(space.low).astype(float), np.ravel(space.high).astype(float)
            return np.where(np.isfinite(low), low, -1.0), np.where(np.isfinite(high), high, 1.0)
        case spaces.MultiDiscrete():
            return np.zeros(space.nvec.size), np.ravel(space.nvec).astype(float) - 1
        case spaces.MultiBinary():
            size = int(np.prod(space.shape))
            return np.zeros(size), np.ones(size)
    raise ValueError(f"actions of a {type(space).__name__} space cannot be written in a line")


def _vector(value: Any) -> str:
    return ", ".join(_plain(number) for number in np.ravel(value))


def _typed(flat: Any, space: spaces.Space[Any]) -> Any:
    with np.errstate(all="ignore"):  # what does not fit is found by `space.contains`
        return np.asarray(flat).reshape(space.shape or ()).astype(space.dtype)


def read_numbers(text: str, space: spaces.Space[Any]) -> Any:
    """Text such as ``0.5, -1`` or ``[0.5, -1]`` as an action.

    Raises:
        UnknownAction: it holds something else, too few or too many numbers, or one out of range.
    """
    low, high = _ends(space)
    bare = text.strip().strip("[]()")
    parts = [part for part in re.split(r"[,\s]+", bare) if part]
    if len(parts) != len(low) or not all(_NUMBER.fullmatch(part) for part in parts):
        raise UnknownAction(f"expected {len(low)} number{'s' if len(low) > 1 else ''}, separated by commas")
    numbers = np.array([float(part) for part in parts])
    if not isinstance(space, spaces.Box) and (numbers != np.floor(numbers)).any():
        raise UnknownAction("expected whole numbers")
    value = _typed(numbers, space) if np.isfinite(numbers).all() else None
    if value is None or not space.contains(value):
        ends = " ".join(f"[{_plain(a)} to {_plain(b)}]" for a, b in zip(low, high, strict=True))
        raise UnknownAction(f"out of range; the numbers may be {ends}")
    return value
