"""Any table of scores, ours or not: read strictly, normalised by references where there are any."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from harness.errors import InputError
from scorers._board import seed_scores

Normalise = Literal["atari"]
_NEEDED = ("task", "run", "score")


Scores = dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]
"""Task → scores in the order of the runs."""


def read_table(path: Path, normalise: Normalise | None = None) -> dict[str, Scores]:
    """Read a CSV file with one row a run: columns ``task`` (or ``game``), ``run`` (or ``index``), ``score``.

    With a column ``agent`` it may hold several; with a column ``seed`` the scores of one seed are averaged,
    as everywhere (`scorers._board.seed_scores`). The ``scores.csv`` of a run folder is such a file. Where
    it has the columns ``random`` and ``human``, or `normalise` names a reference table, scores become
    (score − random) / (human − random). An empty score is a missing one (NaN).

    Args:
        path: the file.
        normalise: ``atari`` takes the human and random scores of `atari_reference`.

    Returns:
        agent → task → scores; the agent is called "" where the table names none.

    Raises:
        InputError: a column is missing, a score is no number, a run stands twice, or a task has no
            reference.
    """
    table = _read(path)
    if normalise == "atari":
        table = _with_reference(table, path)
    if {"random", "human"} <= set(table.columns):
        table = _normalised(table, path)
    return {
        str(agent): {str(task): _scores(rows) for task, rows in played.groupby("task")}
        for agent, played in table.groupby("agent")
    }


def _scores(rows: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    ordered = rows.sort_values("run")
    return seed_scores(ordered) if "seed" in ordered else ordered["score"].to_numpy()


def _read(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{path} is not a CSV table: {' '.join(str(error).split())}") from None
    for name, other in (("task", "game"), ("run", "index")):
        if name not in table and other in table:
            table = table.rename(columns={other: name})
    if "agent" not in table:
        table = table.assign(agent="")
    for name in _NEEDED:
        if name not in table:
            raise InputError(f"{path} has no column {name!r}; it needs task, run and score")
    for name in {"score", "random", "human"} & set(table.columns):
        table[name] = _numbers(table[name], path)
    twice = table.duplicated(["agent", "task", "run"])
    if twice.any():
        row = table[twice].iloc[0]
        raise InputError(f"{path}: run {row['run']} of task {row['task']!r} stands twice")
    return table


def _numbers(column: pd.Series[Any], path: Path) -> pd.Series[float]:
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = (numbers.isna() & column.notna()) | np.isinf(numbers)
    if wrong.any():
        line = int(np.flatnonzero(wrong)[0]) + 2
        raise InputError(f"{path}, line {line}: {column.name} {column[wrong].iloc[0]!r} is not a number")
    return numbers.astype(np.float64)


def _with_reference(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    reference = atari_reference()
    # `atari/breakout`, `Breakout` and `breakout` are one game.
    games = table["task"].astype(str).str.rpartition("/")[2].str.lower()
    unknown = sorted(set(games) - set(reference.index))
    if unknown:
        raise InputError(
            f"{path}: no human and random score for {unknown[0]!r}; --normalise atari knows 57 games"
        )
    return table.assign(**{name: reference[name].reindex(games).to_numpy() for name in ("random", "human")})


def _normalised(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    span = table["human"] - table["random"]
    if (span == 0).any() or span.isna().any():
        raise InputError(f"{path}: a task's human and random scores are missing or equal")
    return table.assign(score=(table["score"] - table["random"]) / span)


@cache
def atari_reference() -> pd.DataFrame:
    """Random and human scores of 57 games, by game.

    Means of undiscounted returns of full episodes, from google-deepmind/dqn_zoo
    (`dqn_zoo/atari_data.py`). For Video Pinball another random score, 0.0, is published too.
    """
    with (resources.files(__package__) / "data" / "atari_human_random.csv").open("rb") as stream:
        return pd.read_csv(stream).set_index("game")
