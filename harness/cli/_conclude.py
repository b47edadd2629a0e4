"""What stands at the end of a run: scores and summary on disk, the leaderboard, the report's path."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from harness.cli._live import Live
from harness.errors import InputError
from harness.folder import RunFolder, write_atomic
from harness.records import iter_run
from harness.run import Result

if TYPE_CHECKING:
    import pandas as pd

SCORES = "scores.csv"


def conclude(folder: RunFolder, result: Result, live: Live, *, report: bool, as_json: bool) -> None:
    """Say what happened, then score what is recorded, show and write the results."""
    for line in _story(folder, result):
        live.say(line)
    show_scores(folder, live, report=report, as_json=as_json)


def show_scores(folder: RunFolder, live: Live, *, report: bool, as_json: bool) -> pd.DataFrame:
    """Score what is recorded from nothing but the records; show and write the results.

    Returns:
        The scores, a row an episode.
    """
    import scorers
    from harness.cli import _forms, _tables
    from scorers.progress import ProgressScorer

    table = ProgressScorer().score(iter_run(folder.path))
    if table.empty:
        return table
    board = scorers.leaderboard(table)
    write_atomic(folder.path / SCORES, table.to_csv(index=False))
    summary = {"leaderboard": json.loads(_forms.to_json(board)), "episodes": len(table)}
    write_atomic(folder.path / "summary.json", json.dumps(summary, indent=2, sort_keys=True) + "\n")
    if as_json:
        click.echo(_forms.to_json(board))
    else:
        _tables.print_leaderboard(board)
    if report:
        _report(folder, live, quiet=as_json)
    return table


def _story(folder: RunFolder, result: Result) -> list[str]:
    """What happened, in a line or two."""
    total = result.total
    done = result.done + result.done_before
    if total and result.done_before == total:
        return [f"nothing to do: all {total} episodes are done; no model was asked"]
    lines = [f"{done} of {total} episodes done in {folder.path}"]
    if result.failed:
        lines.append(f"{result.failed} failed and are not scored; run the same command again to retry them")
    if result.stopped:
        lines.append(f"stopped: {result.stopped}")
    if done + result.failed < total:
        lines.append("what was played is kept; run the same command with the same --out to go on")
    return lines


def _report(folder: RunFolder, live: Live, *, quiet: bool) -> None:
    from harness.cli.report import write_report

    path = folder.path / "report.html"
    try:
        write_report([folder.path], path)
    except InputError as error:
        live.say(f"no HTML report: {error}")
        return
    if not quiet:
        click.echo(f"report: {path}")
