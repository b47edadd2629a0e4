"""``ludometer rescore``: all scores of runs again, from nothing but the records."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli._paths import RUNS

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 20
"""Changes that are told one by one."""


@click.command()
@RUNS
@click.option("--report/--no-report", default=True, help="Write report.html again.")
@click.option("--json", "as_json", is_flag=True, help="Print the leaderboards as JSON, and nothing else.")
def rescore(runs: tuple[Path, ...], report: bool, as_json: bool) -> None:
    """Compute the scores, the summary and the report of runs again, and say which scores changed."""
    from harness.cli._conclude import SCORES, show_scores
    from harness.cli._live import Live
    from harness.folder import RunFolder
    from harness.records import read_record

    live = Live(quiet=as_json, bar=False)
    for run in runs:
        read_record(run)  # else it is no run
        folder = RunFolder(run)
        with folder.lock():
            before = _scores(run / SCORES)
            table = show_scores(folder, live, report=report, as_json=as_json)
        if table.empty:
            live.say(f"{run}: no episode is recorded yet")
            continue
        for line in _changes(before, _by_episode(table)):
            live.say(f"{run}: {line}")


def _scores(path: Path) -> dict[str, float] | None:
    """The scores of a file by episode; None where there is none that can be read."""
    import pandas as pd

    try:
        return _by_episode(pd.read_csv(io.BytesIO(path.read_bytes())))
    except (OSError, ValueError, KeyError):
        return None


def _by_episode(table: pd.DataFrame) -> dict[str, float]:
    names = table["agent"] + " · " + table["task"] + " #" + table["index"].astype(str)
    return dict(zip(names, table["score"].astype(float), strict=True))


def _changes(before: dict[str, float] | None, now: dict[str, float]) -> list[str]:
    """What differs, a line each. NaN is an episode without a score, and equal to another such."""
    if before is None:
        return ["there were no scores to compare with"]
    lines = [
        f"{name}: {_told(before.get(name))} before, {_told(now.get(name))} now"
        for name in {**before, **now}
        if _told(before.get(name)) != _told(now.get(name))
    ]
    if not lines:
        return [f"all {len(now)} scores are as they were"]
    more = [f"… and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return [*lines[:_SHOWN], *more]


def _told(score: float | None) -> str:
    if score is None:
        return "not there"
    return "none" if math.isnan(score) else repr(score)
