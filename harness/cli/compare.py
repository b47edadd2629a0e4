"""``ludometer compare``: the agents of run folders, compared in the terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._paths import RUNS
from harness.cli._scorer import SCORER, score_of
from harness.errors import InputError
from harness.terminal import safe_text

if TYPE_CHECKING:
    import pandas as pd


_FORMS = {"json": "JSON", "csv": "CSV", "md": "Markdown", "latex": "LaTeX"}
_TABLES = ("board", "tasks", "pairs", "pairs-by-task", "crafter", "achievements")


def _form_options(command: Callable[..., None]) -> Callable[..., None]:
    for name, words in reversed(_FORMS.items()):
        command = click.option(f"--{name}", "form", flag_value=name, help=f"As {words}.")(command)
    return command


@click.command()
@RUNS
@click.option("--table", type=click.Choice(_TABLES), help="Only this table.")
@_form_options
@SCORER
@click.option("--published", is_flag=True, help="Show what others published for these tasks, too.")
@click.option("--fail-if-worse", is_flag=True, help="Exit with 1 if an agent is worse than the first run's.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the bootstrap's generator.")
def compare(
    runs: tuple[Path, ...],
    *,
    table: str | None,
    form: str | None,
    scorer: str | None,
    published: bool,
    fail_if_worse: bool,
    seed: int,
) -> None:
    """Compare all agents of one or more run folders: leaderboard, ranks, every pair on the same seeds.

    An agent that played the same episodes in several folders is held against itself. With
    --fail-if-worse the first folder is the baseline; exit codes: 0 nothing is worse, 1 something is, 2 it
    cannot be said.
    """
    from scorers.runs import labels, read_runs

    if fail_if_worse and len(runs) < 2:
        raise InputError("--fail-if-worse needs a baseline and another run folder")
    episodes = read_runs(runs, score_of(scorer))
    if episodes.empty:
        raise InputError(f"{runs[0]}: no episode is recorded yet")
    _show(episodes, table, form, seed)
    if published and form is None:
        _published(episodes)
    if fail_if_worse and _worse(episodes, labels(runs)[0], seed):
        raise click.exceptions.Exit(1)


def _published(episodes: pd.DataFrame) -> None:
    """Print what others published for these tasks, apart: none of it is in a test."""
    from harness.cli.published import print_rows
    from scorers.published import beside

    rows = beside(episodes)
    click.echo("Published by others (not measured here, and in no test above):" if len(rows)
               else "Nothing is published for these tasks.")  # fmt: skip
    print_rows(rows)


def _show(episodes: pd.DataFrame, which: str | None, form: str | None, seed: int) -> None:
    """Print one table, or all that the terminal shows."""
    import scorers
    from harness.cli import _forms, _tables
    from scorers import cells, crafter

    if which is None and form is None:
        _tables.print_leaderboard(scorers.leaderboard(episodes, seed=seed))
        _tables.print_crafter(crafter.crafter_scores(crafter.unlocked(episodes), seed=seed))
        _tables.print_pairs(scorers.pairwise(episodes, seed=seed), scorers.rank_sets(episodes, seed=seed))
        return
    found, to_cells = _table(episodes, which or "board", seed)
    if form in ("json", "csv"):
        click.echo({"json": _forms.to_json, "csv": _forms.csv}[form](found))
    elif form is not None:
        click.echo({"md": _forms.markdown, "latex": _forms.latex}[form](to_cells(found)))
    elif to_cells is cells.pair_cells:
        _tables.print_verdicts(found)
    else:
        _tables.print_cells(to_cells(found))


def _table(episodes: pd.DataFrame, which: str, seed: int) -> tuple[pd.DataFrame, Callable[..., Any]]:
    """A table, and how people read it."""
    import scorers
    from scorers import cells, crafter

    match which:
        case "board":
            return scorers.leaderboard(episodes, seed=seed), cells.board_cells
        case "tasks":
            return scorers.by_task(episodes, seed=seed), cells.task_cells
        case "pairs":
            return scorers.pairwise(episodes, seed=seed), cells.pair_cells
        case "pairs-by-task":
            return scorers.pairwise_by_task(episodes, seed=seed), cells.pair_cells
        case "crafter":
            return crafter.crafter_scores(crafter.unlocked(episodes), seed=seed), cells.crafter_cells
        case _:
            return crafter.achievement_rates(crafter.unlocked(episodes)), cells.achievement_cells


def _worse(episodes: pd.DataFrame, first: str, seed: int) -> bool:
    """Say on stderr which agents are worse than the baseline's."""
    import scorers
    from scorers import cells

    baseline = set(episodes.loc[episodes["folder"] == first, "agent"])
    try:
        found = scorers.worse_than_baseline(episodes, baseline, seed=seed)
    except ValueError as error:
        raise InputError(f"--fail-if-worse: {error}") from None
    for row in found.to_dict("records"):
        span = cells.interval(-row["high"], -row["low"], "+")
        line = f"worse: {row['b']} than {row['a']}: {-row['difference']:+.2f} {span}"
        click.echo(safe_text(f"{line}, Holm p {cells.p_value(row['p_holm'])}"), err=True)
    return not found.empty
