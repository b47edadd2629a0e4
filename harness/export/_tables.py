"""Runs as tables: a row an episode, a turn or a step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.export._files import FORMATS, Columns, Row, replacing
from harness.export._values import progress_after, reward
from harness.records import CallRecord, Episode, TurnRecord


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of table: its columns, and the rows that an episode gives. ``run`` is put before them."""

    name: str
    columns: Columns
    rows: Callable[[Episode], Iterable[Row]]


def write_tables(
    episodes: Iterable[tuple[Path, Episode]], targets: Mapping[Path, Table], form: str
) -> dict[str, int]:
    """Write tables of runs in one pass; memory holds one episode and one row group.

    Args:
        episodes: each with its run's folder (`Selection`).
        targets: the file of each table.
        form: csv or parquet.

    Returns:
        How many rows each table has, by its name.

    Raises:
        InputError: nothing is selected, a file is not an episode, or pyarrow is asked for and missing.
        CannotWrite: there is no room; no file is left.
    """
    counts = {table.name: 0 for table in targets.values()}
    found = False
    with ExitStack() as stack:
        # Whole files are renamed after all of them are closed: so the renaming is entered first.
        paths = {path: stack.enter_context(replacing(path)) for path in targets}
        writers = []
        for path, table in targets.items():
            writer = FORMATS[form](paths[path], {"run": str, **table.columns})
            stack.callback(writer.close)
            writers.append((writer, table))
        for run, episode in episodes:
            found = True
            for writer, table in writers:
                for row in table.rows(episode):
                    writer.write({"run": str(run), **row})
                    counts[table.name] += 1
        if not found:
            raise InputError("nothing to export: no episode is selected (by --agent, --task, --min-progress)")
    return counts


_WHO: Columns = {"episode": str, "agent": str, "model": str, "task": str, "index": int, "seed": int}


def _who(episode: Episode) -> dict[str, Any]:
    header = episode.header
    return {
        "episode": header.episode,
        "agent": header.entrant,
        "model": header.model,
        "task": header.task,
        "index": header.index,
        "seed": header.seed,
    }


def _turns(episode: Episode) -> Iterator[Row]:
    who = _who(episode)
    for turn, progress in zip(episode.turns, progress_after(episode), strict=True):
        yield {**who, **_turn(turn), "progress": progress}


def _turn(turn: TurnRecord) -> dict[str, Any]:
    decision, calls = turn.decision, turn.calls
    return {
        "turn": turn.index,
        "outcome": decision.outcome,
        "actions": list(decision.actions),
        "steps": len(turn.steps),
        "reward": reward(turn),
        "calls": len(calls),
        "input_tokens": sum(call.usage.input for call in calls),
        "cached_tokens": sum(call.usage.cached for call in calls),
        "output_tokens": sum(call.usage.output for call in calls),
        "reasoning_tokens": sum(call.usage.reasoning for call in calls),
        "cost": _cost(calls),
        "latency": float(sum(call.latency for call in calls)),
        "seconds_env": turn.seconds_env,
        "seconds_wait": turn.seconds_wait,
        "retries": sum(len(call.retries) for call in calls),
        "notice": turn.notice,
        "text": decision.text,
        "reasoning": "\n\n".join(call.reasoning for call in calls if call.reasoning),
    }


def _cost(calls: Iterable[CallRecord]) -> float | None:
    costs = [call.cost for call in calls]
    return None if None in costs else float(sum(cost for cost in costs if cost is not None))


def _steps(episode: Episode) -> Iterator[Row]:
    who, count = _who(episode), 0
    for turn in episode.turns:
        for step in turn.steps:
            yield {
                **who,
                "turn": turn.index,
                "step": count,
                "action": step.action,
                "reward": step.reward,
                "terminated": step.terminated,
                "truncated": step.truncated,
                "progress": step.progress.value,
                "hash": step.hash,
            }
            count += 1


TURNS = Table(
    "turns",
    {
        **_WHO, "turn": int, "outcome": str, "actions": list, "steps": int, "reward": float,
        "progress": float, "calls": int, "input_tokens": int, "cached_tokens": int, "output_tokens": int,
        "reasoning_tokens": int, "cost": float, "latency": float, "seconds_env": float,
        "seconds_wait": float, "retries": int, "notice": str, "text": str, "reasoning": str,
    },
    _turns,
)  # fmt: skip
"""A row a turn. Times in seconds, cost in US dollars, `progress` as it was after the turn."""

STEPS = Table(
    "steps",
    {
        **_WHO, "turn": int, "step": int, "action": str, "reward": float, "terminated": bool,
        "truncated": bool, "progress": float, "hash": str,
    },
    _steps,
)  # fmt: skip
"""A row an `env.step`; `step` counts from 0 through the episode."""
