"""``ludometer decide``: a comparison that may be looked at after every episode."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._paths import RUNS
from harness.errors import InputError
from harness.storage import place
from harness.terminal import safe_text

if TYPE_CHECKING:
    import pandas as pd

UNDECIDED = 3
"""The exit code that tells a loop to go on."""


@click.command()
@RUNS
@click.option("--agents", nargs=2, metavar="A B", help="The two, where the runs have more.")
@click.option("--task", "-t", "patterns", multiple=True, metavar="PATTERN", help="Only these tasks.")
@click.option(
    "--confidence",
    type=click.FloatRange(0.5, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="That the verdict is right, at whatever round it is asked for.",
)
@click.option("--json", "as_json", is_flag=True, help="An object, with what was known after each round.")
def decide(
    *,
    runs: tuple[Path, ...],
    agents: tuple[str, str] | None,
    patterns: tuple[str, ...],
    confidence: float,
    as_json: bool,
) -> int:
    """Say whether it is decided which of two agents is better: exit code 0 if so, 3 if not yet.

    May be asked after every episode: all answers together are right with the stated confidence. A round
    is a seed of every task that both have played.
    """
    table = _episodes(runs)
    a, b = _two(table, agents)
    tasks = _tasks(table, a, b, patterns)
    try:
        found = verdict(table, a, b, tasks, confidence)
    except ValueError as error:
        raise InputError(str(error)) from None
    click.echo(json.dumps(found, indent=2) if as_json else safe_text("\n".join(_told(found))))
    return 0 if found["decided"] else UNDECIDED


def _episodes(runs: tuple[Path, ...]) -> pd.DataFrame:
    """The table of episodes, with the series of their seeds."""
    from scorers.runs import table_with

    table = table_with(runs, series=lambda e, _: e.header.series, run=lambda _, folder: str(folder))
    if table["agent"].nunique() == 1 and table["run"].nunique() == 2:
        # The same agent, played in two ways that its name does not tell: then the runs are compared.
        table["agent"] += " in " + table["run"]
    return table


def _two(table: pd.DataFrame, asked: tuple[str, str] | None) -> tuple[str, str]:
    names = [str(name) for name in table["agent"].unique()]
    shown = ", ".join(names) or "none"
    for name in asked or ():
        if name not in names:
            raise InputError(f"no episode of the agent {name!r}; there are: {shown}")
    chosen = list(dict.fromkeys(asked or names))
    if len(chosen) != 2:
        raise InputError(f"two agents are compared; say --agents A B, out of: {shown}")
    return chosen[0], chosen[1]


def _tasks(table: pd.DataFrame, a: str, b: str, patterns: tuple[str, ...]) -> list[str]:
    """The tasks that both are to play, begun or not: they must not come and go from look to look."""
    from fnmatch import fnmatchcase

    from harness.records import read_record

    plays = [
        {task for run in table[table["agent"] == agent]["run"].unique()
         for task in read_record(place(run)).config["tasks"]}
        for agent in (a, b)
    ]  # fmt: skip
    both = sorted(plays[0] & plays[1])
    tasks = [task for task in both if not patterns or any(fnmatchcase(task, each) for each in patterns)]
    if not tasks:
        raise InputError(f"the two play no such task in common; tasks of both: {', '.join(both) or 'none'}")
    return tasks


def verdict(table: pd.DataFrame, a: str, b: str, tasks: list[str], confidence: float) -> dict[str, Any]:
    """What is known of a − b, and after which round it was decided.

    Raises:
        ValueError: the episodes cannot be paired.
    """
    from scorers._rounds import in_order
    from scorers._sequential import rounds, rounds_to_go, sequential

    pairs = in_order(table, a, b, tasks)
    looks = sequential(pairs.a, pairs.b, confidence=confidence)
    record: dict[str, Any] = {"a": a, "b": b, "tasks": len(pairs.a), "rounds": len(looks)}
    record |= {"estimate": None, "low": -1.0, "high": 1.0, "decided": False, "decided_after": None}
    if len(looks):
        record |= {name: looks[name].iloc[-1].item() for name in ("estimate", "low", "high", "decided")}
    if record["decided"]:
        record["decided_after"] = int(looks["n"][looks["decided"]].iloc[0])
    more = rounds_to_go(rounds(pairs.a, pairs.b), confidence=confidence)
    record["rounds_to_go"] = None if math.isinf(more) or record["decided"] else int(more)
    record |= {"confidence": confidence, "waiting": pairs.waiting, "looks": looks.to_dict("records")}
    return record


def _told(found: dict[str, Any]) -> list[str]:
    a, b = found["a"], found["b"]
    if not found["rounds"]:
        return ["not decided yet: no round is whole", *_waiting(found)]
    seen = f"{found['estimate']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}]"
    about = f"{seen} after {found['rounds']} rounds of {found['tasks']} tasks"
    if found["decided"]:
        best, worst = (a, b) if found["low"] >= 0 else (b, a)
        head = f"decided after {found['decided_after']} rounds: {best} is better than {worst}"
        return [head, f"{a} − {b}: {about}; {found['confidence']:.0%} at every look"]
    more = found["rounds_to_go"]
    guess = (
        f"at the difference seen so far about {more} further rounds are needed"
        if more
        else "no difference so far"
    )
    return [f"not decided yet; {guess}", f"{a} − {b}: {about}", *_waiting(found)]


def _waiting(found: dict[str, Any]) -> list[str]:
    return [f"next: {episode}, on {task}" for task, episode in found["waiting"].items()]
