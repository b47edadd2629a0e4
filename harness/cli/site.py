"""``ludometer site``: a leaderboard of verified runs as static pages, for any host of pages."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._paths import RUNS
from harness.errors import InputError
from harness.terminal import safe_text

if TYPE_CHECKING:
    from harness.verify import Report
    from scorers.site import Submission

_MARK = ".ludometer-site"
"""Says that a folder is a site of ours, which may be written anew."""


@click.command()
@RUNS
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@click.option("--title", default="Ludometer leaderboard", show_default=True, help="Of the front page.")
@click.option("--unverified", is_flag=True, help="Also take runs that do not verify, marked as such.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the bootstrap's generator.")
def site(runs: tuple[Path, ...], *, out: Path, title: str, unverified: bool, seed: int) -> None:
    """Write a leaderboard of run folders as static pages, with their reports and records.

    Every run is verified first: its episodes are executed again without a model. One that differs stops
    the command with 1 before anything is written, unless --unverified is given. A site that stands in the
    folder is replaced as a whole.
    """
    from harness.verify import verify

    _check_out(out)
    reports = [verify(run) for run in runs]
    unsound = [report for report in reports if not report.sound]
    for report in unsound:
        click.echo(safe_text(f"{report.run}: not verified; `ludometer verify` says what differs"), err=True)
    if unsound and not unverified:
        raise click.exceptions.Exit(1)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as scratch:
        made = Path(scratch) / "site"
        submissions = [_write_run(report, made, number) for number, report in enumerate(reports, 1)]
        _write_index(submissions, made, title, seed)
        if out.exists():
            out.rename(Path(scratch) / "before")
        made.rename(out)
    click.echo(f"site: {out / 'index.html'} ({len(submissions)} runs)")


def _check_out(out: Path) -> None:
    """Refuse to write over what is no site."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is no folder")
    if out.is_dir() and any(out.iterdir()) and not (out / _MARK).exists():
        raise InputError(f"{out} holds something else than a site; choose another --out")


def _write_index(submissions: Sequence[Submission], out: Path, title: str, seed: int) -> None:
    from importlib.resources import files

    from harness.folder import write_atomic
    from scorers.site import index_html

    style = (files("scorers.report") / "report.css").read_text(encoding="utf-8")
    text = index_html(submissions, title=title, style=style, seed=seed)
    write_atomic(out / "index.html", text.encode("utf-8", "backslashreplace").decode())
    write_atomic(out / _MARK, "")


def _slug(name: str) -> str:
    """A folder's name that is the same on every file system and in every address."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "run"


def _copy_records(run: Path, folder: Path) -> None:
    from harness.records import episode_files

    for file in episode_files(run):
        target = folder / file.relative_to(run)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


def _write_run(report: Report, out: Path, number: int) -> Submission:
    """A run's folder: its report, ``run.json``, ``verify.json``, and the episodes' records as evidence."""
    from harness.cli.verify import as_record, verdict
    from harness.folder import write_atomic
    from harness.records import read_record
    from scorers.report import contents, report_html
    from scorers.site import Submission

    folder = out / "runs" / f"{number:03d}-{_slug(report.run.name)}"
    folder.mkdir(parents=True)
    shutil.copyfile(report.run / "run.json", folder / "run.json")
    _copy_records(report.run, folder)
    shown = {**as_record(report), "run": report.run.name}
    write_atomic(folder / "verify.json", json.dumps(shown, indent=2) + "\n")
    page = report_html(contents([folder]), folder, report.run.name)
    write_atomic(folder / "index.html", page.encode("utf-8", "backslashreplace").decode())
    return Submission(
        run=report.run,
        name=report.run.name,
        page=f"runs/{folder.name}/index.html",
        date=_date(report.run),
        versions=read_record(report.run).versions,
        verified=report.sound,
        verdict=verdict(report),
    )


def _date(run: Path) -> str:
    """The day on which the first of its episodes was begun."""
    from harness.records import episode_files, read_outline

    outlines: list[Any] = [read_outline(file) for file in episode_files(run)]
    return min((outline[0].started[:10] for outline in outlines if outline is not None), default="")
