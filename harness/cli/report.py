"""``ludometer report``: what runs say, as files that people read."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli._paths import RUNS, Place
from harness.cli._scorer import SCORER, score_of
from harness.errors import InputError
from harness.folder import write_atomic
from harness.storage import replace_file

if TYPE_CHECKING:
    from scorers.report import Contents, Table

_LEADERBOARD = "leaderboard"


@click.command()
@RUNS
@click.option("--html", type=Place(), help="One file that opens offline (default: RUN/report.html).")
@click.option("--pdf", type=Place(), help="The same on paper.")
@click.option("--md", type=Place(), help="All tables in Markdown.")
@click.option("--csv", type=Place(), help="All tables into a folder; into FILE.csv the leaderboard alone.")
@click.option("--latex", type=Place(), help="All tables in LaTeX.")
@click.option("--title", help="The report's heading.")
@SCORER
@click.option("--published", is_flag=True, help="Show what others published for these tasks beside.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the bootstrap's generator.")
def report(
    runs: tuple[Path, ...],
    *,
    html: Path | None,
    pdf: Path | None,
    md: Path | None,
    csv: Path | None,
    latex: Path | None,
    title: str | None,
    scorer: str | None,
    published: bool,
    seed: int,
) -> None:
    """Write what runs say: as HTML, or in the forms that are asked for.

    Every form holds the same numbers, those of `ludometer compare`.
    """
    from scorers.report import contents, report_pdf

    found = contents(runs, scorer=score_of(scorer), scorer_name=scorer, published=published, seed=seed)
    if html is None and not (pdf or md or csv or latex):
        html = runs[0] / "report.html"
    if html is not None:
        _write(html, _html(found, html, title))
    if pdf is not None:
        _write_bytes(pdf, report_pdf(found, title, _command(found, pdf, title, "--pdf")))
    if md is not None:
        _write(md, _markdown(found))
    if latex is not None:
        _write(latex, _latex(found))
    if csv is not None:
        _write_csv(found, csv)
    for path in filter(None, (html, pdf, md, csv, latex)):
        click.echo(f"report: {path}")


def write_report(runs: Sequence[Path], html: Path) -> None:
    """Write the report of run folders with the defaults.

    Raises:
        InputError: a folder is no run, holds no episode, or the extra `report` is not installed.
        CannotWrite: the file cannot be written.
    """
    from scorers.report import contents

    _write(html, _html(contents(runs), html, None))


def _html(found: Contents, html: Path, title: str | None) -> str:
    from scorers.report import report_html

    return report_html(found, html.parent, title, _command(found, html, title))


def _command(found: Contents, out: Path, title: str | None, option: str = "--html") -> str:
    """What makes the report again."""
    words = ["ludometer", "report", *map(str, found.runs), option, str(out)]
    words += ["--title", title] if title else []
    words += ["--scorer", found.scorer] if found.scorer else []
    words += ["--published"] if found.published is not None else []
    words += ["--seed", str(found.seed)] if found.seed else []
    return shlex.join(words)


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all; what UTF-8 cannot hold (a lone surrogate) is written as an escape."""
    _make_folder(path.parent)
    write_atomic(path, text.encode("utf-8", "backslashreplace").decode())


def _write_bytes(path: Path, data: bytes) -> None:
    _make_folder(path.parent)
    replace_file(path, data)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {path}: {error.strerror}") from None


def _tables(found: Contents) -> list[Table]:
    from scorers.report import tables

    return [table for section in tables(found).values() for table in section]


def _markdown(found: Contents) -> str:
    from harness.cli import _forms

    parts = [
        f"## {table.name}\n\n{table.caption}\n\n{_forms.markdown(table.cells)}\n" for table in _tables(found)
    ]
    return "\n".join(parts)


def _latex(found: Contents) -> str:
    from harness.cli import _forms

    return "\n\n".join(f"% {table.name}\n{_forms.latex(table.cells)}" for table in _tables(found)) + "\n"


def _write_csv(found: Contents, path: Path) -> None:
    from harness.cli import _forms

    for table in _tables(found):
        text = _forms.csv(table.frame) + "\n"
        if path.suffix != ".csv":
            _write(path / f"{table.name}.csv", text)
        elif table.name == _LEADERBOARD:
            _write(path, text)
