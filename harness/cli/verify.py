"""``ludometer verify``: whether runs are what they say they are."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._paths import RUNS

if TYPE_CHECKING:
    from harness.verify import Report

_EVERY = 500
"""Episodes between two lines of progress."""


@click.command()
@RUNS
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes (default: the cores).")
@click.option("--json", "as_json", is_flag=True, help="As JSON, and nothing else.")
def verify(runs: tuple[Path, ...], workers: int | None, as_json: bool) -> int:
    """Execute every episode of runs again, without a model, and compare all that is recorded.

    Ends with 1 where something differs or could not be checked.
    """
    from harness.verify import verify as look

    reports = [look(run, workers=workers, told=_quiet if as_json else _progress) for run in runs]
    if as_json:
        click.echo(json.dumps([as_record(report) for report in reports], indent=2))
    else:
        for report in reports:
            for line in _lines(report):
                click.echo(line)
    return 0 if all(report.sound for report in reports) else 1


def _quiet(done: int, total: int) -> None:
    return None


def _progress(done: int, total: int) -> None:
    if done % _EVERY == 0:
        click.echo(f"{done} of {total} episodes", err=True)


def _lines(report: Report) -> list[str]:
    from harness.terminal import safe_text

    lines = [f"{report.run}: run.json: {difference.what}: {difference}" for difference in report.differences]
    for episode in report.episodes:
        lines += [f"{episode.episode}: {difference}" for difference in episode.differences]
        if episode.more:
            lines.append(f"{episode.episode}: and {episode.more} more differences")
        if episode.unchecked:
            lines.append(f"{episode.episode}: not checked: {episode.unchecked}")
        elif episode.note and (episode.differences or not episode.executed):
            lines.append(f"{episode.episode}: {episode.note}")
    return [safe_text(line) for line in [*lines, f"{report.run}: {verdict(report)}"]]


def verdict(report: Report) -> str:
    """What was found, in a line."""
    episodes = report.episodes
    done = sum(episode.status == "done" for episode in episodes)
    told = f"{len(episodes)} episodes ({done} done), {sum(episode.steps for episode in episodes):,} steps"
    if report.missing:
        told += f"; {len(report.missing)} more are asked for and not there"
    if report.sound:
        return f"verified: {told}"
    return f"NOT verified: {sum(not episode.sound for episode in episodes)} of {told}"


def as_record(report: Report) -> dict[str, Any]:
    """A report as JSON."""
    return {
        "run": str(report.run),
        "verified": report.sound,
        "complete": report.complete,
        "differences": [asdict(difference) for difference in report.differences],
        "missing": list(report.missing),
        "episodes": [{**asdict(episode), "verified": episode.sound} for episode in report.episodes],
    }
