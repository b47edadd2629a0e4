"""``ludometer rom``: the library of ROMs that users bring."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.errors import InputError
from harness.terminal import safe_text

if TYPE_CHECKING:
    from games.roms._known import Known


@click.group()
def rom() -> None:
    """Add ROMs that are yours to use, and list those that are there (docs/roms.md)."""


@rom.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_context
def add(ctx: click.Context, files: tuple[Path, ...]) -> None:
    """Put ROMs (or zips of them) into the library, by their SHA-1. What is not known is refused."""
    from games.roms._known import catalogue

    known = catalogue()
    refused = [line for file in files if (line := _add(file, known)) is not None]
    for line in refused:
        click.echo("error: " + safe_text(" ".join(line.split())), err=True)
    if refused:
        ctx.exit(2)


def _add(file: Path, known: Mapping[str, Known]) -> str | None:
    """Add one file and say so; what is wrong with it where it is refused."""
    from games import roms
    from games.roms._add import add as add_file

    try:
        added = add_file(file, known)
    except ValueError as error:
        return str(error)
    except OSError as error:
        raise InputError(f"cannot write into {roms.folder()}: {error.strerror or error}") from None
    for one in added:
        click.echo(safe_text(f"{one.name}: kept as {one.file}"))
        click.echo(safe_text("  can be played now: " + ", ".join(one.tasks)))
    return None


@rom.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_roms(as_json: bool) -> None:
    """List the ROMs of the library, and the tasks that they are for."""
    from games import roms

    rows = _rows()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif not rows:
        click.echo(f"no ROMs in {roms.folder()}; add some with: ludometer rom add FILE")
    for row in () if as_json else rows:
        click.echo(safe_text(f"{row['name']}  {row['sha1']}  {row['size']:,} bytes"))
        click.echo(safe_text("  " + (", ".join(row["tasks"]) or "no task plays it")))


def _rows() -> list[dict[str, Any]]:
    from games import roms
    from games.roms._known import catalogue

    known = catalogue()
    rows = []
    for sha1, file in roms.kept().items():
        game = known.get(sha1)
        rows.append(
            {
                "name": game.name if game else "unknown",
                "sha1": sha1,
                "size": file.stat().st_size,
                "tasks": list(game.tasks) if game and not game.why else [],
                "file": str(file),
            }
        )
    return rows
