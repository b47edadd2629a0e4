"""Pairs of a table of episodes in an order that no score can have moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from scorers._strata import Floats


@dataclass(slots=True)
class Rounds:
    """Scores of two agents by task, pair by pair; a failed episode's is NaN.

    `waiting` says for each task that is not at its end which episode is next: what was played after it
    counts once that one is done.
    """

    a: dict[str, Floats] = field(default_factory=dict)
    b: dict[str, Floats] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)


def in_order(table: pd.DataFrame, a: str, b: str, tasks: Iterable[str]) -> Rounds:
    """The pairs of two agents, in the order of series (as they stand in the table) and index.

    An episode that takes long must not be overtaken: which are done first may depend on how they go. So a
    task's pairs end where one is neither done nor failed. For the same reason the tasks are those that are
    to be played, begun or not.

    Raises:
        ValueError: an agent has an episode twice, or the two play other seeds.
    """
    played = table[table["agent"].isin([a, b])]
    series = played["series"]
    played = played.assign(series=pd.Categorical(series, categories=list(dict.fromkeys(series))))
    _check(played)
    found = Rounds()
    for task in sorted(tasks):
        _add(found, task, played[played["task"] == task], (a, b))
    return found


def _check(played: pd.DataFrame) -> None:
    twice = played.duplicated(["agent", "task", "series", "index"])
    if twice.any():
        row = played[twice].iloc[0]
        raise ValueError(f"{row['agent']} played episode {row['index']} of {row['task']} more than once")
    seeds = played.groupby(["task", "series", "index"], observed=True)["seed"].nunique()
    repeated = played.duplicated(["agent", "task", "series", "seed"])
    if (seeds > 1).any() or repeated.any():
        task = seeds[seeds > 1].index[0][0] if (seeds > 1).any() else played[repeated].iloc[0]["task"]
        raise ValueError(f"the two do not play the same seeds of {task} one after the other (trials?)")


def _add(found: Rounds, task: str, rows: pd.DataFrame, agents: tuple[str, str]) -> None:
    """The pairs of a task, up to the first that is not there yet."""
    episodes = {(row["agent"], row["series"], row["index"]): row for row in rows.to_dict("records")}
    scores: list[list[float]] = []
    for series, index in _places(rows):
        pair = {agent: episodes.get((agent, series, index)) for agent in agents}
        late = [agent for agent, row in pair.items() if row is None or row["status"] == "unfinished"]
        if late:
            found.waiting[task] = f"episode {index} of {late[0]}"
            break
        scores.append([row["score"] for row in pair.values() if row is not None])
    if rows.empty:
        found.waiting[task] = f"episode 0 of {agents[0]}"
    found.a[task], found.b[task] = np.array(scores, dtype=np.float64).reshape(-1, 2).T


def _places(rows: pd.DataFrame) -> Iterator[tuple[str, int]]:
    """Every episode that there is to be, as far as one of the two has come."""
    for series, most in rows.groupby("series", observed=True)["index"].max().items():
        yield from ((str(series), index) for index in range(int(most) + 1))
