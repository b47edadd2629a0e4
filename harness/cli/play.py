"""``ludometer play``: a person plays a task, recorded and scored as any agent is."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.run import play_and_conclude
from harness.spec import RunSpec, validate

SERIES = "play"
"""The seeds of people's play, which no suite evaluates: it can serve as demonstrations."""


@click.command()
@click.argument("task")
@click.option("--episodes", "-n", type=int, metavar="N", help="How many episodes (default: 1).")
@click.option("--observe", type=click.Choice(["auto", "text", "image", "both"]), help="What you get to see.")
@click.option("--steps", type=int, metavar="N", help="At most so many steps an episode.")
@click.option("--seeds", metavar="SERIES", default=SERIES, help="The series of seeds (default: play).")
@click.option("--out", "-o", metavar="DIR", help="The run folder; the same folder again goes on.")
def play(task: str, steps: int | None, **flags: Any) -> int:
    """Play TASK yourself in the terminal, seeing what a model sees."""
    given = {"episodes": 1, **{key: value for key, value in flags.items() if value is not None}}
    limits = {} if steps is None else {"limits": {"steps": steps}}
    data = {"tasks": [task], "agents": ["human"], "concurrency": 1, **given, **limits}
    spec = validate(RunSpec, data, "the command line")
    return play_and_conclude(spec, report=False, as_json=False)
