"""``ludometer show``: one episode, turn by turn."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from harness.cli._paths import Place
from harness.errors import InputError
from harness.records import Episode, read_episode


@click.command()
@click.argument("episode", type=Place())
@click.option("--turns", metavar="A:B", help="Only the turns from A up to B.")
@click.option("--full", is_flag=True, help="Every message of every request, not only the new ones.")
@click.option("--json", "as_json", is_flag=True, help="The whole episode as JSON.")
def show(episode: Path, turns: str | None, full: bool, as_json: bool) -> None:
    """Show one episode file (RUN/episodes/…/0000.jsonl), turn by turn."""
    from harness.cli._show import show_episode

    read = episode_at(episode)
    if as_json:
        click.echo(read.model_dump_json(indent=2))
    else:
        show_episode(read, Console(), turns=turns_slice(turns), full=full)


def episode_at(path: Path) -> Episode:
    """The episode of a file that a user named.

    Raises:
        InputError: there is no such file, or no episode in it.
    """
    if not path.is_file():
        raise InputError(f"{path} is not a file; give an episode such as RUN/episodes/…/0000.jsonl")
    episode = read_episode(path)
    if episode is None:
        raise InputError(f"{path} holds no episode yet")
    return episode


def turns_slice(text: str | None) -> slice | None:
    """The turns that ``--turns`` names, None for all.

    Raises:
        InputError: it is not ``A:B``.
    """
    if text is None:
        return None
    first, colon, last = text.partition(":")
    try:
        start = int(first) if first else 0
        if not colon:
            return slice(start, start + 1 or None)
        return slice(start, int(last) if last else None)
    except ValueError:
        raise InputError(f"--turns {text}: expected A:B, such as 0:10") from None
