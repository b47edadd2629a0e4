"""How agents behave, noted while the episodes are read: progress along the steps, actions, what was told."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.records import Episode
from scorers._profiles import curves

POINTS = 100
"""So many points of an episode's progress are kept at most."""

GRID = 40
"""So many steps are common to all curves."""

TOP = 12
"""So many actions of each agent are shown."""

_DISTINCT = 5_000
"""So many different actions of an agent are counted apart (games that take text have no end of them)."""

_OTHERS = "(others)"
_LONGEST = 80


class Behaviour:
    """Notes on every episode that it is shown; no turn is kept, so memory grows with episodes alone."""

    def __init__(self) -> None:
        self.first_lost: dict[str, int] = {}
        self.instructions: dict[str, set[str]] = defaultdict(set)
        self.failures: dict[str, str] = {}
        self.repeats: set[str] = set()
        self._progress: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
        self._actions: dict[tuple[Path, str, str], Counter[str]] = defaultdict(Counter)
        self._example: dict[tuple[Path, str, str], str] = {}

    def __call__(self, episode: Episode) -> None:
        """Note an episode."""
        path, header = str(episode.path), episode.header
        # episodes/AGENT/GAME/TASK/NNNN.jsonl: an agent of two folders is two.
        folder = _folder(Path(path))
        key = folder, header.entrant, header.task.partition("/")[0]
        self._example.setdefault(key, path)
        if not header.deterministic:
            self.repeats.add(header.task)
        if episode.start is not None:
            told = sha256(episode.start.instructions.encode("utf-8", "replace")).hexdigest()[:16]
            self.instructions[header.task].add(told)
        if episode.failures:
            last = episode.failures[-1]
            self.failures[path] = f"{last.outcome}: {last.error}: {last.message}"
        self._count(self._actions[key], episode)
        self._progress[path] = _thinned(episode)
        lost = (turn.index for turn in episode.turns if turn.decision.outcome not in ("ok", "repaired"))
        if (first := next(lost, None)) is not None:
            self.first_lost[path] = first

    def _count(self, seen: Counter[str], episode: Episode) -> None:
        for turn in episode.turns:
            for step in turn.steps:
                name = step.action[:_LONGEST]
                seen[name if name in seen or len(seen) < _DISTINCT else _OTHERS] += 1

    def actions(self, episodes: pd.DataFrame) -> pd.DataFrame:
        """``agent, game, action, steps, share``: the commonest actions of each agent in each game."""
        agents = dict(zip(episodes["path"], episodes["agent"], strict=True))
        counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for key, seen in self._actions.items():
            counts[agents[self._example[key]], key[2]].update(seen)
        rows = [
            {"agent": agent, "game": game, "action": action, "steps": steps, "share": steps / seen.total()}
            for (agent, game), seen in sorted(counts.items())
            for action, steps in seen.most_common(TOP)
        ]
        return pd.DataFrame(rows, columns=["agent", "game", "action", "steps", "share"])

    def progress(self, episodes: pd.DataFrame, *, seed: int = 0, resamples: int = 1_000) -> pd.DataFrame:
        """``agent, step, estimate, low, high``: mean progress of each agent on steps common to all.

        An episode that ended keeps its last progress; those of one seed are one run, and every task
        weighs the same, as in the leaderboard. Only what is done counts.
        """
        done = episodes[episodes["score"].notna()]
        longest = max((int(self._progress[path][0][-1]) for path in done["path"]), default=0)
        if not longest:
            return pd.DataFrame(columns=["agent", "step", "estimate", "low", "high"])
        grid = np.unique(np.linspace(0, longest, GRID).round().astype(np.int64))
        tables = []
        for agent, played in done.groupby("agent", sort=True):
            runs = dict(self._runs(played, grid))
            settings: dict[str, Any] = {"metrics": ("mean",), "resamples": resamples, "seed": seed}
            table = curves(runs, steps=grid.tolist(), name=str(agent), **settings)
            table[["low", "high"]] = table[["low", "high"]].clip(0, 1)
            tables.append(table.drop(columns="metric").assign(agent=agent))
        return pd.concat(tables, ignore_index=True)[["agent", "step", "estimate", "low", "high"]]

    def _runs(
        self, played: pd.DataFrame, grid: NDArray[np.int64]
    ) -> Iterator[tuple[str, NDArray[np.float64]]]:
        for task, rows in played.groupby("task", sort=True):
            seeds = rows.groupby(["suite", "suite_version", "seed"], sort=True)["path"]
            yield str(task), np.array([np.mean([self._at(path, grid) for path in same], axis=0)
                                       for _, same in seeds])  # fmt: skip

    def _at(self, path: str, grid: NDArray[np.int64]) -> NDArray[np.float64]:
        steps, values = self._progress[path]
        return np.asarray(values[np.searchsorted(steps, grid, side="right") - 1])


def _folder(path: Path) -> Path:
    """The run folder of an episode's file; where there is none to be seen, the file's own folder."""
    parts = path.parts
    return (
        Path(*parts[: len(parts) - 1 - parts[::-1].index("episodes")]) if "episodes" in parts else path.parent
    )


def _thinned(episode: Episode) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Steps and progress after them, from step 0; of a long episode evenly spread, first and last kept."""
    begun = episode.start.progress.value if episode.start else 0.0
    values = np.array([begun, *(step.progress.value for turn in episode.turns for step in turn.steps)])
    if episode.end is not None:
        values[-1] = episode.end.progress.value
    kept = np.unique(np.linspace(0, len(values) - 1, POINTS).round().astype(np.int64))
    return kept, values[kept]
