"""The episodes of several run folders as one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from harness.errors import InputError
from harness.records import Episode, iter_run
from scorers.progress import COLUMNS, ProgressScorer, row

_EPISODE = ["agent", "suite", "suite_version", "task", "index"]


Scorer = Callable[[Iterable[Episode]], pd.DataFrame]
"""Recorded episodes → a table with one row an episode (`harness.api.Scorer.score`)."""


def read_runs(
    runs: Sequence[Path], scorer: Scorer | None = None, *, watch: Callable[[Episode], None] | None = None
) -> pd.DataFrame:
    """Score run folders; the column ``folder`` says which of them an episode is of.

    `watch` is shown every episode as it is read, so that nothing else has to read the folders again.

    With a scorer of one's own its ``score`` stands in for the progress, and its other columns stand beside.

    An agent that has played the same episodes in several of them (before and after a change, say) is
    several agents: their names get the folder's, in brackets. Parts of one run (shards) stay one agent.

    Raises:
        InputError: a folder is no run, or an episode of it cannot be read.
    """
    tables = [
        _scored(run, scorer, watch).assign(folder=label)
        for run, label in zip(runs, labels(runs), strict=True)
    ]
    table = pd.concat(tables, ignore_index=True)
    several = set(table.loc[table.duplicated(_EPISODE), "agent"])
    named = table["agent"] + " (" + table["folder"] + ")"
    return table.assign(agent=named.where(table["agent"].isin(several), table["agent"]))


def table_with(runs: Sequence[Path], **more: Callable[[Episode, Path], Any]) -> pd.DataFrame:
    """The progress of every episode of run folders, with columns made of the episode and its folder.

    Raises:
        InputError: as `read_runs`.
    """
    rows = [
        {**row(episode), **{name: make(episode, run) for name, make in more.items()}}
        for run in runs
        for episode in iter_run(run)
    ]
    return pd.DataFrame(rows, columns=[*COLUMNS, *more])


def _scored(run: Path, scorer: Scorer | None, watch: Callable[[Episode], None] | None) -> pd.DataFrame:
    episodes = iter_run(run)
    table = ProgressScorer().score(episodes if watch is None else _watched(episodes, watch))
    if scorer is None:
        return table
    own = scorer(iter_run(run))
    if list(own["index"]) != list(table["index"]):
        raise InputError("the scorer did not give one row an episode, in their order")
    beside = own[[name for name in own.columns if name not in table.columns]]
    # Whether its measure is success or failure we do not know, so it is not taken for one.
    return table.assign(score=own["score"].astype(float), binary=None).join(beside)


def _watched(episodes: Iterable[Episode], watch: Callable[[Episode], None]) -> Iterator[Episode]:
    for episode in episodes:
        watch(episode)
        yield episode


def labels(runs: Sequence[Path]) -> list[str]:
    """What to call the folders: by their names, or by their paths where those are the same."""
    names = [run.name or str(run) for run in runs]
    return names if len(set(names)) == len(names) else [str(run) for run in runs]
