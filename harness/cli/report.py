"""``ludometer report`` and ``ludometer compare``: from run folders to numbers that people read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli._paths import RUNS, Place
from harness.records import iter_run

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@RUNS
@click.option("--html", type=Place(), help="Where to write it (default: RUN/report.html).")
@click.option("--title", help="The report's heading.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the bootstrap's generator.")
def report(runs: tuple[Path, ...], html: Path | None, title: str | None, seed: int) -> None:
    """Write one HTML file that opens offline."""
    from scorers.report import write_html

    path = write_html(list(runs), html or runs[0] / "report.html", title=title, seed=seed)
    click.echo(f"report: {path}")


@click.command()
@RUNS
@click.option("--json", "form", flag_value="json", help="The leaderboard as JSON.")
@click.option("--csv", "form", flag_value="csv", help="The leaderboard as CSV.")
@click.option("--md", "form", flag_value="md", help="The leaderboard as Markdown.")
@click.option("--latex", "form", flag_value="latex", help="The leaderboard as LaTeX.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the bootstrap's generator.")
def compare(runs: tuple[Path, ...], form: str | None, seed: int) -> None:
    """Compare all agents of one or more run folders: leaderboard, ranks, every pair on the same seeds."""
    import scorers
    from harness.cli import _tables

    table = scores(runs)
    board = scorers.leaderboard(table, seed=seed)
    writers = {"json": _tables.to_json, "csv": _tables.csv, "md": _tables.markdown, "latex": _tables.latex}
    if form:
        click.echo(writers[form](board))
    else:
        _tables.print_leaderboard(board)
        _tables.print_pairs(scorers.pairwise(table, seed=seed), scorers.rank_sets(table, seed=seed))


def scores(runs: Sequence[Path]) -> pd.DataFrame:
    """The episodes of several runs as one table."""
    import pandas as pd

    from scorers.progress import ProgressScorer

    return pd.concat([ProgressScorer().score(iter_run(folder)) for folder in runs], ignore_index=True)
