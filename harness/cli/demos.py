"""``ludometer demos``: demonstrations for the few-shot agent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from harness import demonstrations, tasks
from harness.demonstrations import Demonstration
from harness.errors import InputError
from harness.records import Status, read_run
from harness.seeds import episode_seed


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path), metavar="[RUN]…")
@click.option("--task", "-t", "patterns", multiple=True, metavar="PATTERN", help="Tasks that oracles play.")
@click.option("--episodes", "-n", type=click.IntRange(1), default=1, help="How many a task (default: 1).")
@click.option("--steps", type=click.IntRange(1), default=200, help="At most so many steps of each (200).")
@click.option("--observe", type=click.Choice(["text", "image", "both"]), default="text", help="What is kept.")
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="The file to write.")
def demos(
    runs: tuple[Path, ...], patterns: tuple[str, ...], episodes: int, *, out: Path, **shape: Any
) -> None:
    """Make demonstrations: the oracles' play of tasks, or what was recorded in RUNs (of people, say).

    Of a run the episodes with the most progress are taken. Each is executed again and checked on the way.
    """
    if not runs and not patterns:
        raise InputError("say what to show: --task PATTERN (oracles play it) or run folders")
    found = [
        *_played(patterns, episodes, **shape),
        *_recorded(runs, episodes, **shape),
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    demonstrations.write(out, found)
    click.echo(f"{len(found)} demonstrations of {len({each.task for each in found})} tasks: {out}")


def _played(patterns: tuple[str, ...], episodes: int, *, observe: str, steps: int) -> Iterator[Demonstration]:
    for task in tasks.match(patterns):
        if not tasks.info(task).oracle:
            raise InputError(f"{task} has no oracle; play it yourself (ludometer play {task} --out DIR), "
                             "then: ludometer demos DIR --out FILE")  # fmt: skip
        for index in range(episodes):
            seed = episode_seed(demonstrations.SERIES, "", tasks.plain(task), index)
            yield demonstrations.by_oracle(task, seed, observe=observe, steps=steps)


def _recorded(runs: tuple[Path, ...], episodes: int, *, observe: str, steps: int) -> Iterator[Demonstration]:
    read = [episode for run in runs for episode in read_run(run) if episode.status is Status.DONE]
    if runs and not read:
        raise InputError("no episode of these runs is done")
    by_task: dict[str, list[tuple[float, int]]] = {}
    for at, episode in enumerate(read):
        assert episode.end is not None  # noqa: S101 - it is done
        by_task.setdefault(episode.header.task, []).append((-episode.end.progress.value, at))
    for ranked in by_task.values():
        for _, at in sorted(ranked)[:episodes]:
            yield demonstrations.by_record(read[at], observe=observe, steps=steps)
