"""``ludometer aggregate``: aggregates with intervals of any table of scores."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.errors import InputError
from harness.terminal import safe_text

if TYPE_CHECKING:
    import pandas as pd


_POPULATIONS = ("these tasks", "tasks like these")


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--normalise", type=click.Choice(["atari"]), help="By human and random scores.")
@click.option("--method", type=click.Choice(["corrected", "rliable"]), default="corrected", show_default=True)
@click.option(
    "--population",
    type=click.Choice(_POPULATIONS),
    default=_POPULATIONS[0],
    show_default=True,
    help="What else the intervals speak of: new seeds of these tasks, or other tasks too.",
)
@click.option("--resamples", type=click.IntRange(min=100), default=10_000, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--confidence", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def aggregate(table: Path, normalise: Any, as_json: bool, **settings: Any) -> None:
    """Aggregate a CSV table with the columns task, run, score: mean, median, IQM, optimality gap.

    With a column agent, each agent by itself. The scores.csv of a run is such a table.
    """
    import scorers
    from scorers.tables import read_table

    found = {}
    for agent, scores in read_table(table, normalise).items():
        try:
            found[agent] = scorers.aggregates(scores, name=agent, **settings)
        except ValueError as error:
            raise InputError(f"{table}: {agent and f'{agent}: '}{error}") from None
    if as_json:
        click.echo(_as_json(found))
        return
    for agent, result in found.items():
        if agent:
            click.echo(safe_text(agent))
        _print(result)


def _as_json(found: dict[str, pd.DataFrame]) -> str:
    """A list of objects; those of a table that names agents say whose they are."""
    import pandas as pd

    named = [result.assign(agent=agent) if agent else result for agent, result in found.items()]
    return str(pd.concat(named).to_json(orient="records", indent=2, double_precision=15))


def _print(result: pd.DataFrame) -> None:
    for row in result.to_dict("records"):
        low, high = row["low"], row["high"]
        interval = "no interval" if math.isnan(low) else f"[{low:.3f}, {high:.3f}]"
        click.echo(f"{str(row['metric']).replace('_', ' '):<15} {row['estimate']:>8.3f}  {interval}")
    said = result.attrs
    runs = said["runs"].values()
    span = f"{min(runs)}" if min(runs) == max(runs) else f"{min(runs)} to {max(runs)}"
    click.echo(
        f"{len(runs)} tasks, {span} runs each; {said['confidence']:.0%} intervals: stratified bootstrap, "
        f"{said['method']}, {said['resamples']:,} resamples; {said['population']}"
    )
    for flag in said["flags"]:
        click.echo(f"note: {flag}")
