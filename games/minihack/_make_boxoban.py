"""`python -m games.minihack._make_boxoban` writes the shipped Boxoban levels and their solutions.

It takes some minutes, and writes the same files every time. Level `n` of a file is the level of seed `n`,
unless a seed gave a level already taken, which is skipped.
"""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

from games.minihack._boxoban import DEFINITIONS, Difficulty, Level, format_levels, generate, replay, solve

FOLDER = Path(__file__).parent / "boxoban"
LEVELS = 100
"""Levels of each difficulty."""


def write(folder: Path = FOLDER, levels: int = LEVELS) -> None:
    """Write the levels of every difficulty, and `solutions.json`: difficulty → the moves of each level."""
    folder.mkdir(exist_ok=True)
    taken: set[str] = set()
    solutions = {}
    for difficulty in DEFINITIONS:
        made = _levels(difficulty, levels, taken)
        solutions[difficulty] = [_solution(level) for level in made]
        (folder / f"{difficulty}.txt").write_text(format_levels(made), encoding="utf-8")
    (folder / "solutions.json").write_text(json.dumps(solutions, indent=0) + "\n", encoding="utf-8")


def _levels(difficulty: Difficulty, number: int, taken: set[str]) -> list[Level]:
    """Levels unlike each other and unlike those taken, which they join."""
    levels: list[Level] = []
    seeds = count()
    while len(levels) < number:
        level = generate(next(seeds), difficulty)
        if level.canonical() not in taken:
            taken.add(level.canonical())
            levels.append(level)
    return levels


def _solution(level: Level) -> str:
    moves = solve(level)
    if moves is None or not replay(level, moves):
        raise RuntimeError(f"no proved solution:\n{level}")
    return moves


if __name__ == "__main__":
    write()
