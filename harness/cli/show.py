"""``ludometer show``: one episode, turn by turn."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from harness.errors import InputError
from harness.records import read_episode


@click.command()
@click.argument("episode", type=click.Path(path_type=Path))
@click.option("--turns", metavar="A:B", help="Only the turns from A up to B.")
@click.option("--full", is_flag=True, help="Every message of every request, not only the new ones.")
@click.option("--json", "as_json", is_flag=True, help="The whole episode as JSON.")
def show(episode: Path, turns: str | None, full: bool, as_json: bool) -> None:
    """Show one episode file (RUN/episodes/…/0000.jsonl), turn by turn."""
    from harness.cli._show import show_episode

    if not episode.is_file():
        raise InputError(f"{episode} is not a file; give an episode such as RUN/episodes/…/0000.jsonl")
    read = read_episode(episode)
    if read is None:
        raise InputError(f"{episode} holds no episode yet")
    if as_json:
        click.echo(read.model_dump_json(indent=2))
    else:
        show_episode(read, Console(), turns=_slice(turns), full=full)


def _slice(text: str | None) -> slice | None:
    if text is None:
        return None
    first, colon, last = text.partition(":")
    try:
        start = int(first) if first else 0
        if not colon:
            return slice(start, start + 1)
        return slice(start, int(last) if last else None)
    except ValueError:
        raise InputError(f"--turns {text}: expected A:B, such as 0:10") from None
