"""What a run tells about how many episodes the next one needs: variance within tasks, and what one costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from scorers._pairs import _by_seed, _shared
from scorers._planning import (
    allocation,
    cautious,
    detectable_difference,
    episodes_needed,
    next_episode,
)
from scorers._strata import Floats

FEW = 5
"""Below so many episodes a task a pilot's variance is hardly known."""

USED = ("calls", "tokens", "cost")
"""What an episode uses, where the table has it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two agents, or one and another that is to come, with the deviations within their tasks.

    `deviations` and `episodes` are of the shape (tasks, 1) where they are of the differences of the same
    seeds, (tasks, 2) where the two are independent. `used` is what one episode of each task by each
    agent that plays uses on average; what is not known is left out.
    """

    a: str
    b: str | None
    kind: str  # paired, independent, new agent
    tasks: tuple[str, ...]
    deviations: Floats
    episodes: Floats
    used: dict[str, float]


def comparisons(table: pd.DataFrame, agents: Sequence[str] = ()) -> list[Comparison]:
    """Every pair of agents, then a new agent against each: all, or those between the named agents.

    A pair is paired by seed on the tasks where both have scores for two seeds; without such a task the two
    are independent. A new agent is taken to vary as the one that it is held against, and to be
    independent of it: on the same seeds it will rather be seen more easily.
    """
    scores = _by_seed(table)
    names = [str(name) for name in (agents or sorted(scores.columns))]
    pairs = (_pair(table, scores, a, b) for a, b in combinations(names, 2))
    singles = (_new(table, scores, name) for name in names)
    return [found for found in (*pairs, *singles) if found is not None]


def plan(
    comparison: Comparison, difference: float | None, *, power: float = 0.8, confidence: float = 0.95
) -> dict[str, Any]:
    """What a run could see, and what is needed to see a difference, as a flat record.

    ``detectable`` is the smallest difference that the run at hand could see; ``episodes`` those a task
    that each agent needs, ``total`` all that are to be played, and ``calls``, ``tokens``, ``cost`` what
    those use by the pilot's means; ``neyman`` the episodes of each task in proportion to its deviation,
    ``next_task`` where the next one pays most. ``cautious_…`` is the same with the upper bound on the
    deviations. ``equal`` are the tasks whose scores did not vary; with no others, only the cautious
    numbers are there (the rest None).
    """
    settings = {"power": power, "confidence": confidence}
    sd, n = comparison.deviations, comparison.episodes
    # The sum of two agents' variances is bounded through the one that is known.
    scale = np.sqrt(2) if comparison.kind == "new agent" else 1.0
    ways = {"": sd, "cautious_": cautious(sd / scale, n) * scale}
    record = {
        "a": comparison.a,
        "b": comparison.b,
        "kind": comparison.kind,
        "tasks": len(comparison.tasks),
        "pilot": int(n.min()),
        "sd": _typical(sd),
        "cautious_sd": _typical(ways["cautious_"]),
        "equal": [task for task, row in zip(comparison.tasks, sd, strict=True) if not row.any()],
        "next_task": comparison.tasks[next_episode(sd, n)] if sd.any() else None,
    }
    for prefix, deviations in ways.items():
        # Without any variance there is nothing to plan with; the bound remains.
        seen = detectable_difference(deviations, n, **settings) if deviations.any() else None
        record[f"{prefix}detectable"] = seen
        if difference is not None:
            record |= _needed(comparison, difference, deviations, prefix, **settings)
    return record


def _typical(deviations: Floats) -> float:
    """The root of the mean variance within tasks."""
    return float(np.sqrt((deviations**2).sum(axis=1).mean()))


def _needed(
    comparison: Comparison, difference: float, deviations: Floats, prefix: str, **settings: float
) -> dict[str, Any]:
    if not deviations.any():
        return {"difference": difference, f"{prefix}episodes": None}
    players = 1 if comparison.b is None else 2
    episodes = episodes_needed(difference, deviations, **settings)
    shares = allocation(difference, deviations, **settings)
    needed: dict[str, Any] = {"episodes": episodes, "total": episodes * len(comparison.tasks) * players}
    needed |= {name: mean * episodes for name, mean in comparison.used.items()}
    needed |= {
        "neyman": dict(zip(comparison.tasks, shares, strict=True)),
        "neyman_total": sum(shares) * players,
    }
    return {"difference": difference, **{prefix + name: value for name, value in needed.items()}}


def _pair(table: pd.DataFrame, scores: pd.DataFrame, a: str, b: str) -> Comparison | None:
    both = _shared(scores[[a, b]])
    if both.empty:
        return _independent(table, scores, a, b)
    groups = (both[a] - both[b]).groupby(level="task")
    return _comparison(table, (a, b), "paired", groups.std().to_frame(), groups.size().to_frame())


def _independent(table: pd.DataFrame, scores: pd.DataFrame, a: str, b: str) -> Comparison | None:
    """Two agents that share tasks, but no seeds."""
    groups = scores[[a, b]].groupby(level="task")
    counts = groups.count()
    counts = counts[(counts > 1).all(axis=1)]
    if counts.empty:
        return None
    return _comparison(table, (a, b), "independent", groups.std().loc[counts.index], counts)


def _new(table: pd.DataFrame, scores: pd.DataFrame, agent: str) -> Comparison | None:
    groups = scores[agent].groupby(level="task")
    counts = groups.count()
    counts = counts[counts > 1]
    if counts.empty:
        return None
    deviations = np.sqrt(2) * groups.std().loc[counts.index]
    return _comparison(table, (agent,), "new agent", deviations.to_frame(), counts.to_frame())


def _comparison(
    table: pd.DataFrame, agents: tuple[str, ...], kind: str, deviations: pd.DataFrame, counts: pd.DataFrame
) -> Comparison:
    tasks = tuple(str(task) for task in deviations.index)
    return Comparison(
        a=agents[0],
        b=agents[1] if len(agents) == 2 else None,
        kind=kind,
        tasks=tasks,
        deviations=deviations.to_numpy(dtype=np.float64),
        episodes=counts.to_numpy(dtype=np.float64),
        used=dict(_used(table, agents, tasks)),
    )


def _used(table: pd.DataFrame, agents: Sequence[str], tasks: Sequence[str]) -> Iterator[tuple[str, float]]:
    """What one episode of each task by each agent comes to, by the means of those that are done."""
    done = table[table["agent"].isin(agents) & table["task"].isin(tasks) & table["score"].notna()]
    for name in USED:
        if name in done:
            means = done.groupby(["agent", "task"])[name].agg(lambda column: column.mean(skipna=False))
            if means.notna().all():
                yield name, float(means.sum())
