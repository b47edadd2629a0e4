"""The episodes of several run folders as one table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from harness.records import iter_run
from scorers.progress import ProgressScorer

_EPISODE = ["agent", "suite", "suite_version", "task", "index"]


def read_runs(runs: Sequence[Path]) -> pd.DataFrame:
    """Score run folders; the column ``run`` says which of them an episode is of.

    An agent that has played the same episodes in several of them (before and after a change, say) is
    several agents: their names get the folder's, in brackets. Parts of one run (shards) stay one agent.

    Raises:
        InputError: a folder is no run, or an episode of it cannot be read.
    """
    tables = [
        ProgressScorer().score(iter_run(run)).assign(run=label)
        for run, label in zip(runs, labels(runs), strict=True)
    ]
    table = pd.concat(tables, ignore_index=True)
    several = set(table.loc[table.duplicated(_EPISODE), "agent"])
    named = table["agent"] + " (" + table["run"] + ")"
    return table.assign(agent=named.where(table["agent"].isin(several), table["agent"]))


def labels(runs: Sequence[Path]) -> list[str]:
    """What to call the folders: by their names, or by their paths where those are the same."""
    names = [run.name or str(run) for run in runs]
    return names if len(set(names)) == len(names) else [str(run) for run in runs]
