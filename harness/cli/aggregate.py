"""``ludometer aggregate``: aggregates with intervals of any table of scores."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from harness.errors import InputError


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--normalise", type=click.Choice(["atari"]), help="By human and random scores.")
@click.option("--method", type=click.Choice(["corrected", "rliable"]), default="corrected", show_default=True)
@click.option("--resamples", type=click.IntRange(min=100), default=10_000, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--confidence", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def aggregate(table: Path, normalise: Any, as_json: bool, **settings: Any) -> None:
    """Aggregate a CSV table with the columns task, run, score: mean, median, IQM, optimality gap."""
    import scorers
    from scorers.tables import read_table

    try:
        result = scorers.aggregates(read_table(table, normalise), **settings)
    except ValueError as error:
        raise InputError(f"{table}: {error}") from None
    if as_json:
        click.echo(result.to_json(orient="records", indent=2, double_precision=15))
        return
    for row in result.to_dict("records"):
        low, high = row["low"], row["high"]
        interval = "no interval" if math.isnan(low) else f"[{low:.3f}, {high:.3f}]"
        click.echo(f"{str(row['metric']).replace('_', ' '):<15} {row['estimate']:>8.3f}  {interval}")
    runs = result.attrs["runs"].values()
    span = f"{min(runs)}" if min(runs) == max(runs) else f"{min(runs)} to {max(runs)}"
    click.echo(
        f"{len(runs)} tasks, {span} runs each; {settings['confidence']:.0%} intervals: stratified bootstrap, "
        f"{settings['method']}, {settings['resamples']:,} resamples; {result.attrs['population']}"
    )
    for flag in result.attrs["flags"]:
        click.echo(f"note: {flag}")
