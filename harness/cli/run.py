"""``ludometer run``: play, score, show the leaderboard, write the report."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from harness.cli._conclude import conclude
from harness.cli._live import Live
from harness.errors import CannotWrite, InputError
from harness.folder import RunFolder
from harness.plan import Plan, make_plan
from harness.plugins import unknown
from harness.run import Result, execute
from harness.spec import Limits, RunSpec, load
from harness.storage import place


@click.command()
@click.option("--suite", "-s", metavar="S", help="A suite's name, or a YAML file of your own.")
@click.option("--task", "-t", "tasks", multiple=True, metavar="PATTERN", help="A task or shell pattern.")
@click.option("--agent", "-a", "agents", multiple=True, metavar="A", help="name or name(setting=value,…).")
@click.option("--model", "-m", "models", multiple=True, metavar="P:M", help="provider:model.")
@click.option("--episodes", "-n", type=int, metavar="N", help="Episodes a task.")
@click.option("--seeds", metavar="SERIES", help="Another series of seeds than the suite's own.")
@click.option("--observe", type=click.Choice(["auto", "text", "image", "both"]), help="What the model gets.")
@click.option("--time", metavar="MODE", help="paused, realtime or simulated(ttft=S,tps=N): docs/time.md.")
@click.option("--steps", type=int, metavar="N", help="At most so many steps an episode.")
@click.option("--limit", "limits", multiple=True, metavar="KIND=N", help="Of an episode: turns, tokens, …")
@click.option("--temperature", type=float, help="Sampling temperature.")
@click.option("--max-tokens", type=int, help="At most so many tokens a completion.")
@click.option("--base-url", metavar="URL", help="Where the models' provider listens.")
@click.option("--budget-tokens", type=int, help="Stop the run, resumable, after so many tokens.")
@click.option("--budget-dollars", type=float, help="Stop the run, resumable, after so many dollars.")
@click.option("--budget-seconds", type=float, help="Stop the run, resumable, after so many seconds.")
@click.option("--out", "-o", metavar="DIR", help="The run folder or its URL; the same again continues it.")
@click.option("--workers", type=int, metavar="N", help="Processes for environments (default: the cores).")
@click.option("--shard", metavar="I/N", help="Play the I-th of N parts of the run (then: ludometer merge).")
@click.option("--executor", type=click.Choice(["local", "ray"]), help="Where episodes are played.")
@click.option("--concurrency", type=int, metavar="N", help="Episodes at once (default: 8).")
@click.option("--cache", metavar="DIR", help="Keep the models' answers in a folder and reuse them.")
@click.option("--config", "-c", type=click.Path(path_type=Path), help="A YAML file; flags beat it.")
@click.option("--report/--no-report", default=True, help="Write report.html at the end.")
@click.option("--json", "as_json", is_flag=True, help="Print the leaderboard as JSON, and nothing else.")
def run(config: Path | None, report: bool, as_json: bool, **flags: Any) -> int:
    """Play a suite or tasks, score the play, and report.

    Run it again with the same --out and it finishes what is missing and repeats nothing.
    """
    return play_and_conclude(load(config, _given(flags)), report=report, as_json=as_json)


def play_and_conclude(
    spec: RunSpec,
    *,
    report: bool,
    as_json: bool,
    opened: Callable[[RunFolder, Plan], None] = lambda folder, plan: None,
) -> int:
    """Play what a spec asks for, show and write the results; the exit code.

    `opened` is called when the folder is ready, before anything is played.
    """
    plan = make_plan(spec)
    folder = RunFolder(place(spec.out) if spec.out else _default_folder(plan))
    with folder.lock():
        digest = folder.open(spec, plan)
        opened(folder, plan)
        at_keyboard = any(getattr(entrant.factory, "alone", False) for entrant in plan.entrants)
        live = Live(quiet=as_json, bar=not at_keyboard)
        for note in plan.notes:
            live.say(note)
        result, interrupted = _interruptible(spec, plan, folder, digest, live)
        try:
            conclude(folder, result, live, report=report and not interrupted, as_json=as_json)
        except CannotWrite as error:
            if not result.stopped:  # else it was said
                live.say(f"stopped: {error}")
            return 130
    if interrupted or result.stopped:
        return 130
    return 1 if result.failed else 0


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    """The flags that were set, in the shape of a `RunSpec`."""
    given = {key: value for key, value in flags.items() if value not in (None, ())}
    nested = {
        "limits": {**_limits(given.pop("limits", ())), "steps": given.pop("steps", None)},
        "sampling": {
            "temperature": given.pop("temperature", None),
            "max_tokens": given.pop("max_tokens", None),
        },
        "budget": {
            "tokens": given.pop("budget_tokens", None),
            "dollars": given.pop("budget_dollars", None),
            "seconds": given.pop("budget_seconds", None),
        },
    }
    for key, values in nested.items():
        kept = {name: value for name, value in values.items() if value is not None}
        if kept:
            given[key] = kept
    if base_url := given.pop("base_url", None):
        providers = {model.partition(":")[0] for model in given.get("models", ())}
        if not providers:
            raise InputError("--base-url needs --model PROVIDER:NAME, to say whose address it is")
        given["provider_options"] = {name: {"base_url": base_url} for name in sorted(providers)}
    return given


def _limits(flags: tuple[str, ...]) -> dict[str, float]:
    """``--limit seconds=60 --limit tokens=20000`` as limits."""
    found: dict[str, float] = {}
    for flag in flags:
        kind, _, number = flag.partition("=")
        if kind not in Limits.model_fields:
            raise InputError(f"--limit {flag}: {unknown('limit', kind, Limits.model_fields)}")
        try:
            found[kind] = float(number)
        except ValueError:
            raise InputError(f"--limit {flag}: write KIND=NUMBER, such as tokens=20000") from None
    return found


def _default_folder(plan: Plan) -> Path:
    """A folder that does not exist yet, also where the clock has been set back."""
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    named = Path("results") / "runs" / f"{plan.suite}-{stamp}"
    others = (named.with_name(f"{named.name}-{count}") for count in itertools.count(2))
    return next(path for path in (named, *itertools.islice(others, 1000)) if not path.exists())


def _interruptible(
    spec: RunSpec, plan: Plan, folder: RunFolder, digest: str, live: Live
) -> tuple[Result, bool]:
    """Execute the plan; Ctrl-C stops it cleanly, a second one at once."""
    result = Result()

    async def watched() -> bool:
        task = asyncio.ensure_future(execute(spec, plan, folder, digest, live, result=result))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            return True
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
        return False

    with live:
        interrupted = asyncio.run(watched())
    return result, interrupted
