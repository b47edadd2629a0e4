"""``ludometer schema``: the JSON Schema of a run folder."""

from __future__ import annotations

import json
from pathlib import Path

import click

from harness.errors import InputError


@click.command()
@click.option("--out", "-o", type=click.Path(path_type=Path), help="Write it into a file.")
def schema(out: Path | None) -> None:
    """Print the JSON Schema of the lines of an episode, and of run.json (its definition RunRecord)."""
    from harness.folder import write_atomic
    from harness.schema import run_schema

    text = json.dumps(run_schema(), indent=2, ensure_ascii=False)
    if out is None:
        click.echo(text)
        return
    try:
        write_atomic(out, text + "\n")
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror}") from None
    click.echo(f"schema: {out}")
