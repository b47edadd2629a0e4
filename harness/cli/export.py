"""``ludometer export``: runs as tables for analysis, or as conversations for training."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._paths import RUNS
from harness.errors import InputError
from harness.terminal import safe_text

if TYPE_CHECKING:
    from harness.export import Exported, Selection, Table
    from harness.records import Episode

_SUFFIXES = {".parquet": ("parquet",), ".csv": ("csv",), ".jsonl": ("sft", "rl")}
_TABLES = ("episodes", "turns", "steps")


@click.command()
@RUNS
@click.option("--to", "-o", required=True, type=click.Path(path_type=Path), help="The file, or the folder.")
@click.option(
    "--format", "form", type=click.Choice(["parquet", "csv", "sft", "rl"]), help="By --to's ending."
)
@click.option("--what", type=click.Choice(_TABLES), help="Which table (a folder gets all three).")
@click.option("--agent", default="*", metavar="PATTERN", help="Only these agents.")
@click.option("--task", default="*", metavar="PATTERN", help="Only these tasks.")
@click.option("--min-progress", type=click.FloatRange(0, 1), help="Only episodes that ended with so much.")
@click.option("--unfinished", is_flag=True, help="sft, rl: also episodes that failed or were not finished.")
@click.option("--lost/--no-lost", default=None, help="sft, rl: also turns that did not act (default: rl).")
@click.option(
    "--images", type=click.Path(path_type=Path), metavar="DIR", help="sft, rl: draw pictures there."
)
@click.option("--force", is_flag=True, help="Replace what is there.")
def export(
    runs: tuple[Path, ...],
    to: Path,
    form: str | None,
    *,
    what: str | None,
    agent: str,
    task: str,
    min_progress: float | None,
    force: bool,
    **chat: Any,
) -> None:
    """Export runs as tables (episodes, turns, steps) or as training data (sft, rl).

    Tables are Parquet or CSV. Training data is JSONL in chat format, one answer of a model a line.
    """
    from harness.export import Selection

    form = _format(to, form)
    tables = form in ("parquet", "csv")
    _check_options(tables, what, chat)
    once = tuple({run.resolve(): run for run in runs}.values())
    done = not (tables or chat["unfinished"])
    selection = Selection(once, agent, task, min_progress, done)
    if tables:
        _export_tables(selection, _targets(to, form, what), form, force)
    else:
        _export_chat(selection, to / f"{form}.jsonl" if _is_folder(to) else to, form, force, chat)


def _is_folder(to: Path) -> bool:
    return to.is_dir() or not to.suffix


def _format(to: Path, form: str | None) -> str:
    """The format that was asked for, or that the file's ending says."""
    fitting = () if _is_folder(to) else _SUFFIXES.get(to.suffix, ())
    if form is None and len(fitting) == 1:
        return fitting[0]
    if form is None:
        raise InputError(f"--to {to} does not say which format: add --format parquet, csv, sft or rl")
    if fitting and form not in fitting:
        raise InputError(f"--to {to} is no name for --format {form}; end it in .{_ending(form)}")
    return form


def _ending(form: str) -> str:
    return "jsonl" if form in ("sft", "rl") else form


def _check_options(tables: bool, what: str | None, chat: dict[str, Any]) -> None:
    """Refuse what would have no effect."""
    if not tables and what is not None:
        raise InputError("--what is for tables: --format parquet or csv")
    for name, value in chat.items():
        if tables and value is not (False if name == "unfinished" else None):
            raise InputError(f"--{name} is for training data: --format sft or rl")


def _targets(to: Path, form: str, what: str | None) -> dict[Path, Table]:
    """The file of each table."""
    from harness.export import STEPS, TURNS

    tables = {table.name: table for table in (_episodes_table(), TURNS, STEPS)}
    if not _is_folder(to):
        return {to: tables[what or "episodes"]}
    return {to / f"{name}.{form}": tables[name] for name in ([what] if what else _TABLES)}


def _check_free(paths: Iterable[Path], force: bool) -> None:
    for path in paths:
        if path.is_dir() or (path.exists() and not force):
            advice = "" if path.is_dir() else ", or replace it with --force"
            raise InputError(f"{path} exists already; choose another --to{advice}")


def _export_tables(selection: Selection, targets: dict[Path, Table], form: str, force: bool) -> None:
    from harness.export import write_tables

    _check_free(targets, force)
    counts = write_tables(selection, targets, form)
    for path, table in targets.items():
        click.echo(f"{table.name}: {counts[table.name]:,} rows: {path}")


def _episodes_table() -> Table:
    """The rows that scores.csv has."""
    from harness.export import Table
    from scorers.progress import COLUMNS, row

    text = {"agent", "agent_spec", "model", "suite", "suite_version", "task", "game", "status", "ending",
            "limit", "parts", "trajectory", "path"}  # fmt: skip
    real = {"score", "episode_return", "cost", "seconds"}
    columns = {
        name: str if name in text else float if name in real else bool if name == "binary" else int
        for name in COLUMNS
    }

    def rows(episode: Episode) -> Iterator[dict[str, Any]]:
        yield {name: None if _missing(value) else value for name, value in row(episode).items()}

    return Table("episodes", columns, rows)


def _missing(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _export_chat(selection: Selection, path: Path, form: Any, force: bool, chat: dict[str, Any]) -> None:
    from harness.export import write_chat

    _check_free([path], force)
    lost = form == "rl" if chat["lost"] is None else chat["lost"]
    done = write_chat(selection, path, form, lost=lost, images=chat["images"])
    click.echo(f"{form}: {done.lines:,} answers of {done.episodes:,} episodes: {path}")
    if said := _about_pictures(done, chat["images"]):
        click.echo(safe_text(said), err=True)


def _about_pictures(done: Exported, images: Path | None) -> str:
    if images is None:
        return f"{done.pictures:,} pictures stand as hashes; --images DIR draws them" if done.pictures else ""
    if done.left_out:
        left = f"{done.left_out:,} answers were left out, since their pictures are lacking ({done.lacking})"
        return f"{done.pictures:,} pictures in {images}; {left}"
    return f"{done.pictures:,} pictures in {images}" if done.pictures else "no pictures were shown"
