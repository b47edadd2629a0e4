"""Executing a plan: many episodes at once, each into its own file, what is done left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness import acting
from harness.client import Budget
from harness.episodes import Chain, Result, Running, Watcher, play_chain
from harness.errors import InputError
from harness.folder import RunFolder, versions
from harness.journal import journal_of
from harness.journal import read as read_journal
from harness.models import Models, budget_of
from harness.plan import EpisodeSpec, Plan
from harness.play import request_id
from harness.records import CallRecord, mend, read_episode, read_outline
from harness.spec import RunSpec
from harness.stage import Stage, Threads, WorkerDied
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
    budget = budget_of(spec)
    chains = _chains(plan, spec.shard)
    result.total = sum(map(len, chains))
    books = _Books(folder, digest, watcher, result, budget)
    left = list(books.what_is_left(chains))
    watcher.planned(result.done_before, result.total)
    open_episodes = [episode for chain in left for episode in chain]
    stage: Stage = Workers(spec.workers) if spec.workers != 0 else Threads()
    models = None
    try:
        await _try_engines(stage, open_episodes)
        models = Models(spec, open_episodes, budget, watcher.say)
        context = Running(spec, plan, folder, digest, watcher, stage, models, versions(), result)
        await models.open(folder.path / "engines")
        await _all(context, left)
    finally:
        await stage.aclose()
        if models is not None:
            await models.aclose()
            result.calls = models.asked
        result.unfinished = len(open_episodes) - result.done - result.failed
    return result


def _chains(plan: Plan, shard: str | None) -> list[Chain]:
    """Episodes that wait for one another together, every other one by itself: all, or every N-th."""
    chains: dict[str, Chain] = {}
    for episode in plan.episodes:
        chains.setdefault(episode.chain or episode.id, []).append(episode)
    mine, shards = (int(part) for part in (shard or "1/1").split("/"))
    return list(chains.values())[mine - 1 :: shards]


@dataclass(frozen=True, slots=True)
class _Books:
    """What a run has recorded so far."""

    folder: RunFolder
    digest: str
    watcher: Watcher
    result: Result
    budget: Budget

    def what_is_left(self, chains: Iterable[Chain]) -> Iterator[Chain]:
        """The episodes to play; what all of them used before counts against the budget."""
        for chain in chains:
            missing = [spec for spec in chain if not self._is_done(spec)]
            self.result.done_before += len(chain) - len(missing)
            if missing:
                yield missing

    def _is_done(self, spec: EpisodeSpec) -> bool:
        path = self.folder.episode(spec.id)
        if not path.exists():
            return False
        if mend(path):
            self.result.mended.append(spec.id)
            self.watcher.say(f"{spec.id}: the last line was torn by an interruption; it was cut off")
        outline = read_outline(path)
        if outline is None:
            return False
        header, end = outline
        if (header.episode, header.seed, header.config_hash) != (spec.id, spec.seed, self.digest):
            raise InputError(f"{path} belongs to another run; choose another --out")
        if end is not None and (end.cost is not None or not self.budget.in_dollars):
            self.budget.book(request_id(spec), end.usage.input + end.usage.output, end.cost, 0.0)
        elif (recorded := read_episode(path)) is not None:
            self._book(spec, recorded.calls)
            self._book(spec, [kept.answer for kept in read_journal(journal_of(path))])
        return end is not None

    def _book(self, spec: EpisodeSpec, calls: Iterable[CallRecord]) -> None:
        name = request_id(spec)
        for call in calls:
            tokens = call.usage.input + call.usage.output
            self.budget.book(name, tokens, call.cost, call.latency)


async def _try_engines(stage: Stage, episodes: list[EpisodeSpec]) -> None:
    """Start one task of each game and each perturbed task: what cannot be played is found at once.

    In every process, which then has imported what it needs before the first turn.
    """
    first = {episode.info.game: episode for episode in episodes}
    perturbed = {episode.task: episode for episode in episodes if "+" in episode.task}
    tried = {episode.task: episode for episode in (*first.values(), *perturbed.values())}
    times = min(stage.spread, len(episodes))
    await asyncio.gather(*(_try_engine(stage, episode) for episode in tried.values() for _ in range(times)))


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


async def _all(context: Running, chains: list[Chain]) -> None:
    """Play chains, so many at once, the longest first: what is long must not be left for the end."""
    queue = iter(sorted(chains, key=_length, reverse=True))

    async def play_some() -> None:
        for chain in queue:
            await play_chain(context, chain)

    most = min(context.spec.concurrency, len(chains))
    playing = [asyncio.create_task(play_some()) for _ in range(most)]
    try:
        await asyncio.gather(*playing)
    finally:
        # The others are told to stop and are waited for, so that every file ends in a whole line.
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)


def _length(chain: Chain) -> tuple[bool, int]:
    """How long a chain may take: first whether a model is waited for, then the most turns."""
    return chain[0].entrant.model is not None, sum(map(_turns, chain))


def _turns(spec: EpisodeSpec) -> int:
    known = (spec.limits.steps, spec.limits.turns, spec.info.max_steps)
    return min((most for most in known if most is not None), default=_LONG)
