"""The site's front page: a board for each suite and version, every agent with the run it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from scorers._board import leaderboard
from scorers._pairs import rank_sets
from scorers.cells import estimate
from scorers.runs import labels, read_runs


@dataclass(frozen=True, slots=True)
class Submission:
    """A run folder on the site.

    `page` is where its own report stands, relative to the front page; `date` the day of its first episode;
    `verdict` what verifying said, and `verified` whether nothing differed.
    """

    run: Path
    name: str
    page: str
    date: str
    versions: Mapping[str, str]
    verified: bool
    verdict: str


def index_html(
    submissions: Sequence[Submission], *, title: str, style: str, seed: int = 0, resamples: int = 10_000
) -> str:
    """The front page as HTML: a leaderboard for each suite, then every submission.

    Agents stand on one board where their runs are of the same suite in the same version: these have the same
    tasks and seeds. A board's intervals and ranks are those of `scorers.leaderboard` and `scorers.rank_sets`.

    Raises:
        InputError: a folder is no run, or cannot be read.
    """
    runs = [submission.run for submission in submissions]
    episodes = read_runs(runs)
    by_label = dict(zip(labels(runs), submissions, strict=True))
    boards = [
        _board(f"{name} {version}".strip(), played, by_label, seed=seed, resamples=resamples)
        for (name, version), played in episodes.groupby(["suite", "suite_version"], sort=True)
    ]
    pages = Environment(loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined)
    pages.filters["estimate"] = estimate
    return pages.get_template("index.html.j2").render(
        title=title, style=style, boards=boards, submissions=submissions, resamples=resamples, seed=seed
    )


def _board(
    name: str, played: pd.DataFrame, submissions: Mapping[str, Submission], **settings: int
) -> dict[str, Any]:
    board = leaderboard(played, seed=settings["seed"], resamples=settings["resamples"])
    ranks = rank_sets(played, seed=settings["seed"], resamples=settings["resamples"]).set_index("agent")
    folders = played.groupby("agent")["folder"].unique()
    rows = [
        {
            **{str(key): value for key, value in row.items()},
            "best": int(ranks["best"][row["agent"]]),
            "worst": int(ranks["worst"][row["agent"]]),
            "submissions": [submissions[folder] for folder in folders[row["agent"]]],
        }
        for row in board.to_dict("records")
    ]
    return {"name": name, "tasks": sorted(played["task"].unique()), "rows": rows}
