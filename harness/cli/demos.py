"""``ludometer demos``: demonstrations for the few-shot agent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness import demonstrations, tasks
from harness.errors import InputError
from harness.plan import check_observe
from harness.records import Episode, episode_files, read_episode, read_outline
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
    played, recorded = _with_oracle(patterns), _best(runs, episodes)
    for task in (*played, *(episode.header.task for episode in recorded)):
        check_observe(tasks.info(task), shape["observe"])  # one that shows nothing would demonstrate nothing
    _check_file(out)
    found = [
        demonstrations.by_oracle(task, seed, **shape) for task in played for seed in _seeds(task, episodes)
    ]
    found += [demonstrations.by_record(episode, **shape) for episode in recorded]
    demonstrations.write(out, found)
    click.echo(f"demonstrations: {len(found)} (tasks: {len({each.task for each in found})}): {out}")


def _with_oracle(patterns: tuple[str, ...]) -> list[str]:
    """The tasks that patterns name, all of which have an oracle."""
    found = tasks.match(patterns)
    for task in found:
        if not tasks.info(task).oracle:
            raise InputError(f"{task} has no oracle; play it yourself (ludometer play {task} --out DIR), "
                             "then: ludometer demos DIR --out FILE")  # fmt: skip
    return found


def _seeds(task: str, episodes: int) -> list[int]:
    return [episode_seed(demonstrations.SERIES, "", tasks.plain(task), index) for index in range(episodes)]


def _best(runs: tuple[Path, ...], episodes: int) -> list[Episode]:
    """Of each task the recorded episodes with the most progress, of those in which something was done."""
    by_task: dict[str, list[tuple[float, Path]]] = {}
    done = 0
    for path in (path for run in runs for path in episode_files(run)):
        outline = read_outline(path)
        if outline is None or outline.end is None:
            continue
        done += 1
        if outline.end.steps:
            by_task.setdefault(outline.header.task, []).append((outline.end.progress.value, path))
    if runs and not by_task:
        raise InputError("nothing was played in these runs" if done else "no episode of these runs is done")
    best = (sorted(same, key=lambda each: -each[0])[:episodes] for same in by_task.values())
    read = (read_episode(path) for same in best for _, path in same)
    return [episode for episode in read if episode is not None]


def _check_file(out: Path) -> None:
    """Refuse a place where no file can be written, before anything is played."""
    if out.exists() and not out.is_file():
        raise InputError(f"--out {str(out)!r} is not a file")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {str(out)!r}: {error.strerror}") from None
