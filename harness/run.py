"""Executing a plan: many episodes at once, each into its own file, what is done left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness import acting
from harness.client import Budget
from harness.episodes import Chain, Order, Result, Running, Watcher, play_chains
from harness.errors import InputError
from harness.folder import SIDE_FILES, RunFolder
from harness.journal import journal_of
from harness.journal import read as read_journal
from harness.lock import wait_for_tasks
from harness.models import Models, budget_of
from harness.plan import EpisodeSpec, Plan
from harness.play import request_id
from harness.records import CallRecord, mend, read_episode, read_outline
from harness.spec import RunSpec
from harness.stage import Stage, Threads, WorkerDied
from harness.storage import is_local
from harness.workers import Workers

__all__ = ["Result", "Watcher", "execute"]

_LONG = 10_000
"""Turns that a task is taken to have where only its environment knows."""


async def execute(
    spec: RunSpec,
    plan: Plan,
    folder: RunFolder,
    digest: str,
    watcher: Watcher,
    *,
    result: Result | None = None,
) -> Result:
    """Play every episode of a plan (of this shard of it) that is not done yet.

    `result`, where given, is filled as the run goes, so that it tells also of a run that is cancelled.

    Raises:
        InputError: a provider cannot be made, or a file in the folder is none of this run's; nothing was
            started.
    """
    result = Result() if result is None else result
    wait_for_tasks(folder.path, watcher.say)
    budget = budget_of(spec)
    chains = _chains(plan, spec.shard)
    result.total = sum(map(len, chains))
    order = Order(spec, plan, folder, digest, watcher, result, budget)
    # The longest first: what is long must not be left for the end.
    left = sorted(_what_is_left(order, chains), key=_length, reverse=True)
    watcher.planned(result.done_before, result.total)
    if not left:
        return result
    try:
        if spec.executor == "ray":
            from harness.ray_executor import play_on_ray

            await play_on_ray(order, left)
        else:
            await _play_here(order, left)
    finally:
        result.unfinished = sum(map(len, left)) - result.done - result.failed
    return result


async def _play_here(order: Order, chains: list[Chain]) -> None:
    """Play chains in this process, their environments in workers."""
    episodes = [episode for chain in chains for episode in chain]
    workers = order.spec.workers
    stage: Stage = Workers(workers) if workers != 0 else Threads()
    models = None
    try:
        await _try_engines(stage, episodes)
        models = Models(order.spec, episodes, order.budget, order.watcher.say)
        await models.open(order.folder.path / "engines" if is_local(order.folder.path) else None)
        await play_chains(Running(**vars(order), stage=stage, models=models), chains)
    finally:
        await stage.aclose()
        if models is not None:
            await models.aclose()
            order.result.calls = models.asked


def _chains(plan: Plan, shard: str | None) -> list[Chain]:
    """Episodes that wait for one another together, every other one by itself: all, or every N-th."""
    chains: dict[str, Chain] = {}
    for episode in plan.episodes:
        chains.setdefault(episode.chain or episode.id, []).append(episode)
    mine, shards = (int(part) for part in (shard or "1/1").split("/"))
    return list(chains.values())[mine - 1 :: shards]


def _what_is_left(order: Order, chains: Iterable[Chain]) -> Iterator[Chain]:
    """The episodes to play; what all of them used before counts against the budget."""
    beside = _side_files(order.folder)
    for chain in chains:
        missing = [spec for spec in chain if not _is_done(order, spec, beside)]
        order.result.done_before += len(chain) - len(missing)
        if missing:
            yield missing


def _side_files(folder: RunFolder) -> set[Path]:
    """What stands beside episodes, listed once: asking at each of them is a request each behind a URL."""
    return {file for file in (folder.path / "episodes").rglob("*") if file.suffix in SIDE_FILES}


def _is_done(order: Order, spec: EpisodeSpec, beside: set[Path]) -> bool:
    path, budget = order.folder.episode(spec.id), order.budget
    if not path.exists():
        return False
    if mend(path):
        order.result.mended.append(spec.id)
        order.watcher.say(f"{spec.id}: the last line was torn by an interruption; it was mended")
    outline = read_outline(path)
    if outline is None:
        return False
    header, end = outline
    if (header.episode, header.seed, header.config_hash) != (spec.id, spec.seed, order.digest):
        raise InputError(f"{path} belongs to another run; choose another --out")
    if end is not None:  # killed after that was written, these may still be there
        for file in beside.intersection(path.with_suffix(suffix) for suffix in SIDE_FILES):
            file.unlink(missing_ok=True)
    if end is not None and (end.cost is not None or not budget.in_dollars):
        budget.book(request_id(spec), end.usage.input + end.usage.output, end.cost, 0.0)
    elif (recorded := read_episode(path)) is not None:
        _book(budget, spec, recorded.calls)
        _book(budget, spec, [kept.answer for kept in read_journal(journal_of(path))])
    return end is not None


def _book(budget: Budget, spec: EpisodeSpec, calls: Iterable[CallRecord]) -> None:
    name = request_id(spec)
    for call in calls:
        budget.book(name, call.usage.input + call.usage.output, call.cost, call.latency)


async def _try_engines(stage: Stage, episodes: list[EpisodeSpec]) -> None:
    """Start one task of each game and each perturbed task: what cannot be played is found at once.

    In every process, which then has imported what it needs before the first turn.
    """
    first = {episode.info.game: episode for episode in episodes}
    perturbed = {episode.task: episode for episode in episodes if "+" in episode.task}
    tried = {episode.task: episode for episode in (*first.values(), *perturbed.values())}
    times = min(stage.spread, len(episodes))
    trying = [_try_engine(stage, episode) for episode in tried.values() for _ in range(times)]
    # All are waited for: the stage must not be closed under one of them.
    for failure in await asyncio.gather(*trying, return_exceptions=True):
        if failure is not None:
            raise failure


async def _try_engine(stage: Stage, episode: EpisodeSpec) -> None:
    try:
        scene = await stage.open(episode.task, observe=episode.observe)
        try:
            await scene.run(acting.begin, episode.seed)
        finally:
            await scene.close()
    except ValueError as error:
        raise InputError(f"task {episode.task!r}: {error}") from None
    except WorkerDied:
        pass  # perhaps this seed only: it is the episode's failure


def _length(chain: Chain) -> tuple[bool, int]:
    """How long a chain may take: first whether a model is waited for, then the most turns."""
    return chain[0].entrant.model is not None, sum(map(_turns, chain))


def _turns(spec: EpisodeSpec) -> int:
    known = (spec.limits.steps, spec.limits.turns, spec.info.max_steps)
    return min((most for most in known if most is not None), default=_LONG)
