"""``ludometer list``: what there is to play, to play with, and to be played by."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from harness import plugins


def _warn(line: str) -> None:
    click.echo(f"warning: {line}", err=True)


def _games() -> list[dict[str, Any]]:
    return [{"game": name, "tasks": len(game.tasks())} for name, game in plugins.load_all("games", _warn)]


def _tasks() -> list[dict[str, Any]]:
    from harness.tasks import all_tasks

    return [{**asdict(info), "starts": str(info.starts)} for info in all_tasks(_warn)]


def _suites() -> list[dict[str, Any]]:
    from harness.spec import suites

    return [
        {"suite": suite.name, "version": suite.version, "tasks": len(suite.tasks), "title": suite.title}
        for suite in suites().values()
    ]


def _agents() -> list[dict[str, Any]]:
    from harness.settings import parameters, show

    return [
        {
            "agent": name,
            "model": bool(getattr(factory, "needs_model", True)),
            "settings": ", ".join(f"{p.name}={show(p.default)}" for p in parameters(factory).values()),
            "about": _first_line(factory),
        }
        for name, factory in plugins.load_all("agents", _warn)
    ]


def _models() -> list[dict[str, Any]]:
    return [
        {
            "provider": name,
            "form": f"{name}:MODEL",
            "key": getattr(factory, "needs_key", None) or "",
            "extra": getattr(factory, "extra", None) or "",
            "about": _first_line(factory),
        }
        for name, factory in plugins.load_all("providers", _warn)
    ]


def _first_line(factory: Any) -> str:
    told = getattr(factory, "about", None) or factory.__doc__ or ""
    return str(told).strip().partition("\n")[0]


_KINDS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "games": _games,
    "tasks": _tasks,
    "suites": _suites,
    "agents": _agents,
    "models": _models,
}


@click.command(name="list")
@click.argument("kind", type=click.Choice(list(_KINDS)))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def listing(kind: str, as_json: bool) -> None:
    """List games, tasks, suites, agents or models."""
    rows = _KINDS[kind]()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for key in rows[0] if rows else ():
        table.add_column(key)
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    console.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "–"
    return "" if value is None else str(value)
