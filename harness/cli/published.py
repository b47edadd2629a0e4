"""``ludometer published``: what others published, with protocol and source."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.cli import _forms
from harness.terminal import safe_text

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = ("mark", "board", "agent", "task", "metric", "score", "runs", "date")


@click.command()
@click.argument("board", required=False)
@click.option("--task", metavar="SUBSTRING", help="Only tasks with this in their name.")
@click.option("--json", "form", flag_value="json", help="As JSON, with protocol and source.")
@click.option("--csv", "form", flag_value="csv", help="As CSV, with protocol and source.")
@click.option("--md", "form", flag_value="md", help="As a Markdown table.")
def published(board: str | None, task: str | None, form: str | None) -> None:
    """Show scores that others published: the boards, or the rows of one (or of all, with --task)."""
    from scorers.published import boards
    from scorers.published import published as rows_of

    if board is None and task is None:
        _show(_overview([rows_of(name) for name in boards()]), form, notes=False)
        return
    _show(_selected(boards() if board is None else [board], task), form, notes=True)


def _selected(names: list[str], task: str | None) -> pd.DataFrame:
    import pandas as pd

    from harness.errors import InputError
    from scorers.published import published as rows_of

    rows = pd.concat([rows_of(name) for name in names], ignore_index=True)
    if task is None:
        return rows
    found = rows[rows["task"].str.contains(task, case=False, regex=False)]
    if found.empty:
        raise InputError(
            f"no published score of a task with {task!r}; `ludometer published` lists the boards"
        )
    return found


def _overview(tables: list[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "board": rows["board"].iloc[0],
                "rows": len(rows),
                "agents": rows["agent"].nunique(),
                "tasks": rows["task"].nunique(),
                "dates": " to ".join(sorted({rows["date"].min(), rows["date"].max()})),
            }
            for rows in tables
        ]
    )


def _show(rows: pd.DataFrame, form: str | None, *, notes: bool) -> None:
    if form == "json":
        click.echo(_forms.to_json(rows))
    elif form == "csv":
        click.echo(_forms.csv(rows))
    elif form == "md":
        click.echo(markdown(rows))
    else:
        print_rows(rows, notes=notes)


def print_rows(rows: pd.DataFrame, console: Console | None = None, *, notes: bool = True) -> None:
    """Print rows, marked ones too; `notes` tells below, once each, how numbers are to be read."""
    if rows.empty:
        return
    console = console or Console(highlight=False)
    told = [_note(row) for row in rows.to_dict("records")] if notes else []
    numbers = {note: number for number, note in enumerate(dict.fromkeys(told), 1)}
    cells = readable(rows)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for name in (*cells[0], *(["note"] if notes else [])):
        numeric = name in ("score", "runs", "rows", "agents", "tasks")
        table.add_column(name, overflow="fold", justify="right" if numeric else "left")
    marks = [[f"[{numbers[note]}]"] for note in told] or [[]] * len(cells)
    for shown, mark in zip(cells, marks, strict=True):
        table.add_row(*(Text(safe_text(text)) for text in (*shown.values(), *mark)))
    console.print(table)
    for note, number in numbers.items():
        console.print(Text(safe_text(f"[{number}] {note}")), style="dim", soft_wrap=True)


def _note(row: dict[Any, Any]) -> str:
    """What has to be known to read a number: its protocol, what stands after it, and its source."""
    kind = row["error_kind"]
    spread = f" {'[ ]' if _missing(row['error']) else '±'}: {kind}." if kind else ""
    return f"{row['protocol']}.{spread} Source: {row['source']}"


def readable(rows: pd.DataFrame) -> list[dict[str, str]]:
    """What people read of each row: ``43.55 ± 2.18``; the board only where there are several."""
    if "score" not in rows:
        names = list(rows.columns)
    else:
        several = rows["board"].nunique() > 1
        names = [name for name in _SHOWN if name in rows and (several or name != "board")]
    return [{name: _cell(row, name) for name in names} for row in rows.to_dict("records")]


def _cell(row: dict[Any, Any], name: str) -> str:
    value = row[name]
    if name != "score":
        return "" if _missing(value) else f"{value:g}" if isinstance(value, float) else str(value)
    if not _missing(row["error"]):
        return f"{_short(value)} ± {_short(row['error'])}"
    if not _missing(row["low"]):
        return f"{_short(value)} [{_short(row['low'])}, {_short(row['high'])}]"
    return _short(value)


def _short(value: float) -> str:
    """Four digits, and never an exponent: ``0.2894``, ``12.7``, ``2841262``."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _missing(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def markdown(rows: pd.DataFrame) -> str:
    """A Markdown table; protocol and source are its last columns."""
    told = [name for name in ("error_kind", "protocol", "source") if name in rows]
    cells = [
        {**shown, **{name: str(row[name]) for name in told}}
        for shown, row in zip(readable(rows), rows.to_dict("records"), strict=True)
    ]
    return _forms.markdown(cells)
