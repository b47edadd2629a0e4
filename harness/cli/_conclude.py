"""What stands at the end of a run: scores and summary on disk, the leaderboard, the report's path."""

from __future__ import annotations

import json

import click

from harness.cli._live import Live
from harness.errors import InputError
from harness.folder import RunFolder, write_atomic
from harness.plan import Plan
from harness.records import read_run
from harness.run import Result


def conclude(
    folder: RunFolder, plan: Plan, result: Result, live: Live, *, report: bool, as_json: bool
) -> None:
    """Score what is recorded, say what happened, show and write the results."""
    import scorers
    from harness.cli import _tables
    from scorers.progress import ProgressScorer

    table = ProgressScorer().score(read_run(folder.path))
    for line in _story(folder, plan, result):
        live.say(line)
    if table.empty:
        return
    board = scorers.leaderboard(table)
    write_atomic(folder.path / "scores.csv", table.to_csv(index=False))
    summary = {"leaderboard": json.loads(_tables.to_json(board)), "episodes": len(table)}
    write_atomic(folder.path / "summary.json", json.dumps(summary, indent=2, sort_keys=True) + "\n")
    if as_json:
        click.echo(_tables.to_json(board))
    else:
        _tables.print_leaderboard(board)
    if report:
        _report(folder, live)


def _story(folder: RunFolder, plan: Plan, result: Result) -> list[str]:
    """What happened, in a line or two."""
    total = result.total
    done = result.done + result.done_before
    if result.done_before == total:
        return [f"nothing to do: all {total} episodes are done; no model was asked"]
    lines = [f"{done} of {total} episodes done in {folder.path}"]
    if result.failed:
        lines.append(f"{result.failed} failed and are not scored; run the same command again to retry them")
    if result.stopped:
        lines.append(f"stopped: {result.stopped}")
    if done + result.failed < total:
        lines.append("what was played is kept; run the same command with the same --out to go on")
    return lines


def _report(folder: RunFolder, live: Live) -> None:
    from scorers.report import write_html

    try:
        path = write_html([folder.path], folder.path / "report.html")
    except InputError as error:
        live.say(f"no HTML report: {error}")
        return
    click.echo(f"report: {path}")
