"""The shipped Boxoban levels, by seed."""

from __future__ import annotations

from functools import cache
from importlib import resources

from games.minihack._boxoban import parse_levels


@cache
def _levels(difficulty: str) -> tuple[tuple[str, ...], ...]:
    """Every level of a set, as rows of ten characters."""
    text = (resources.files(__package__) / "boxoban" / f"{difficulty}.txt").read_text(encoding="utf-8")
    return tuple(tuple(str(level).splitlines()) for level in parse_levels(text))


def boxoban_level(difficulty: str, seed: int) -> str:
    """The level of a seed: one of the set, turned or mirrored in one of eight ways."""
    number, way = divmod(seed % (8 * len(_levels(difficulty))), 8)
    rows = _levels(difficulty)[number]
    if way & 4:
        rows = tuple("".join(column) for column in zip(*rows, strict=True))
    if way & 2:
        rows = rows[::-1]
    if way & 1:
        rows = tuple(row[::-1] for row in rows)
    return "".join(f"{row}\n" for row in rows)
