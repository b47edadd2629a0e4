"""``ludometer plan-episodes``: how many episodes show a difference, and what a run could have seen."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._paths import Place
from harness.errors import InputError
from harness.terminal import safe_text

if TYPE_CHECKING:
    import pandas as pd

_DETAILED = 3
"""Of so many comparisons everything is said."""

_KINDS = {
    "paired": "paired by seed",
    "independent": "with seeds of their own",
    "new agent": "taken as independent",
}

_BETWEEN = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command("plan-episodes")
@click.argument("runs", nargs=-1, type=Place(), metavar="[RUN…]")
@click.option("--difference", "-d", type=float, help="Of mean scores, that is to be seen (such as 0.1).")
@click.option("--power", type=_BETWEEN, default=0.8, show_default=True, help="The chance to see it.")
@click.option("--confidence", type=_BETWEEN, default=0.95, show_default=True, help="Of the test.")
@click.option("--agents", nargs=2, metavar="A B", help="Only these two agents of the runs.")
@click.option("--sd", type=click.FloatRange(min=0), help="Without a run: deviation of paired differences.")
@click.option("--rates", nargs=2, type=click.FloatRange(0, 1), help="Without a run: two success rates.")
@click.option("--tasks", type=click.IntRange(min=1), help="With --sd or --rates: how many tasks (1).")
@click.option("--json", "as_json", is_flag=True, help="A list of objects.")
def plan_episodes(
    *,
    runs: tuple[Path, ...],
    difference: float | None,
    agents: tuple[str, str] | None,
    sd: float | None,
    rates: tuple[float, float] | None,
    tasks: int | None,
    as_json: bool,
    **settings: float,
) -> None:
    """Say how many episodes a difference needs, and which one the episodes of a run could have seen.

    The variance is that of RUN (between episodes of the same task; of the differences where two agents
    played the same seeds), or given by --sd or --rates.
    """
    if [bool(runs), sd is not None, rates is not None].count(True) != 1:
        raise InputError(
            "say where the variance is from: run folders, or --sd S, or --rates P Q (one of them)"
        )
    try:
        if runs:
            _refuse(tasks, "--tasks goes with --sd or --rates; a run has its own tasks")
            plans = _from_runs(runs, agents, difference, settings)
        else:
            _refuse(agents, "--agents goes with run folders")
            plans = [_by_hand(sd, rates, tasks or 1, difference, settings)]
    except ValueError as error:
        raise InputError(str(error)) from None
    click.echo(json.dumps(plans, indent=2) if as_json else "\n".join(_told(plans, settings)))


def _refuse(given: object, why: str) -> None:
    if given:
        raise InputError(why)


def _by_hand(
    sd: float | None,
    rates: tuple[float, float] | None,
    tasks: int,
    difference: float | None,
    settings: dict[str, float],
) -> dict[str, Any]:
    """A plan of numbers; rates are those of two agents that play other seeds."""
    from scorers import episodes_needed

    if rates is not None:
        _refuse(difference is not None, "--rates say the difference already; leave --difference out")
        difference = abs(rates[0] - rates[1])
        one: Any = [math.sqrt(rate * (1 - rate)) for rate in rates]
    else:
        one = sd
        if difference is None:
            raise InputError("--sd needs --difference: which difference is to be seen")
    episodes = episodes_needed(difference, [one] * tasks, **settings)
    kind = "paired" if rates is None else "independent"
    total = episodes * tasks * 2
    return {"kind": kind, "difference": difference, "tasks": tasks, "episodes": episodes, "total": total}


def _from_runs(
    runs: tuple[Path, ...],
    agents: tuple[str, str] | None,
    difference: float | None,
    settings: dict[str, float],
) -> list[dict[str, Any]]:
    from scorers._pilot import comparisons, plan

    table = _episodes(runs)
    known = sorted(table.dropna(subset=["score"])["agent"].unique())
    for agent in agents or ():
        if agent not in known:
            raise InputError(f"no scores of the agent {agent!r}; there are: {', '.join(known) or 'none'}")
    _refuse(agents and agents[0] == agents[1], "--agents needs two different agents")
    found = comparisons(table, agents or ())
    if not found:
        raise InputError("no task has two episodes with a score yet: play a few first")
    return [plan(comparison, difference, **settings) for comparison in found]


def _episodes(runs: tuple[Path, ...]) -> pd.DataFrame:
    """The table of episodes, with the calls and tokens of each."""
    from scorers.runs import table_with

    table = table_with(runs, calls=lambda e, _: len(e.calls))
    return table.assign(tokens=table["input_tokens"] + table["output_tokens"])


def _told(plans: list[dict[str, Any]], settings: dict[str, float]) -> list[str]:
    brief = len(plans) > _DETAILED
    lines = []
    for plan in plans:
        lines += _about(plan, brief) if "a" in plan else [_needs(plan, "")]
    test = f"Two-sided t-test, {settings['confidence']:.0%} confidence, power {settings['power']:.0%}"
    if any("a" in plan for plan in plans):
        test += "; these tasks, new seeds. Cautiously: with an upper bound (80 %) on the pilot's deviation"
    if brief:
        test += ". More on two agents: --agents A B"
    return [*lines, test + "."]


def _about(plan: dict[str, Any], brief: bool) -> list[str]:
    """A comparison of a run in a few lines."""
    head = safe_text(f"{plan['a']} – {plan['b'] or 'a new agent'}")
    could = f"{_number(plan['detectable'])} (cautiously {_number(plan['cautious_detectable'])})"
    lines = [head, f"  {_KINDS[plan['kind']]}; {_tasks(plan)}; deviation within tasks {plan['sd']:.3f}"]
    lines.append(f"  the run could see a difference of {could}")
    if "difference" in plan:
        ways = ("", "cautious_") if plan["episodes"] else ("cautious_",)
        lines += [f"  {_needs(plan, prefix)}" for prefix in ways]
        if plan["tasks"] > 1 and plan["episodes"] and not brief:
            lines.append(f"  in proportion to each task's deviation {plan['neyman_total']:,} in all (--json)")
    if plan["tasks"] > 1 and plan["next_task"] and not brief:
        lines.append(safe_text(f"  the next episode pays most on {plan['next_task']}"))
    return lines + [f"  note: {note}" for note in _notes(plan)]


def _tasks(plan: dict[str, Any]) -> str:
    tasks = "1 task" if plan["tasks"] == 1 else f"{plan['tasks']} tasks"
    return f"{tasks}, at least {plan['pilot']} episodes each"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _needs(plan: dict[str, Any], prefix: str) -> str:
    """``a difference of 0.1 needs 34 episodes a task, 204 in all for both agents (about 2,040 calls, …)``."""
    start = "cautiously" if prefix else f"a difference of {plan['difference']:g} needs"
    text = f"{start} {plan[prefix + 'episodes']:,} episodes a task, {plan[prefix + 'total']:,} in all"
    text += " for both agents" if plan.get("b", "both") else " for the new agent, as many by the other"
    if plan.get(f"{prefix}calls"):
        used = [f"{plan[prefix + name]:,.0f} {name}" for name in ("calls", "tokens")]
        cost = plan.get(f"{prefix}cost")
        text += f" (about {', '.join(used)}, {'price unknown' if cost is None else f'${cost:,.2f}'})"
    return text


def _notes(plan: dict[str, Any]) -> list[str]:
    from scorers._pilot import FEW

    notes = []
    if plan["pilot"] < FEW:
        notes.append(f"fewer than {FEW} episodes a task: go by the cautious number")
    if plan["equal"]:
        which = "any task" if len(plan["equal"]) == plan["tasks"] else safe_text(", ".join(plan["equal"]))
        notes.append(
            f"no variance seen on {which}: few equal episodes tell little, go by the cautious number"
        )
    return notes
