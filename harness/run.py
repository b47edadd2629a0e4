"""Executing a plan: many episodes at once, each into its own file, what is done left alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness import plan as planning
from harness.api import Sampling
from harness.client import Budget, ModelClient
from harness.errors import BudgetExhausted, InputError
from harness.folder import RunFolder, versions
from harness.plan import EpisodeSpec, Plan
from harness.play import Job, ReplayMismatch, now, play
from harness.records import Episode, Header, Status, TurnRecord, mend, read_episode
from harness.spec import RunSpec
from harness.stage import Stage
from harness.world import World


class Watcher(Protocol):
    """Who is told how a run goes (the live display)."""

    def planned(self, done: int, total: int) -> None:
        """How many episodes there are, and how many were done before."""

    def turn(self, spec: EpisodeSpec, record: TurnRecord) -> None:
        """One turn was written."""

    def ended(self, spec: EpisodeSpec, episode: Episode) -> None:
        """One episode is over, or failed."""

    def say(self, line: str) -> None:
        """Something that the user should read."""


@dataclass(slots=True)
class Result:
    """What came of a run. `calls` counts the completions that this process asked for."""

    done: int = 0
    failed: int = 0
    unfinished: int = 0
    done_before: int = 0
    calls: int = 0
    stopped: str = ""
    mended: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Context:
    spec: RunSpec
    plan: Plan
    folder: RunFolder
    digest: str
    watcher: Watcher
    stage: Stage
    clients: dict[str, ModelClient]
    versions: dict[str, str]
    result: Result


async def execute(spec: RunSpec, plan: Plan, folder: RunFolder, digest: str, watcher: Watcher) -> Result:
    """Play every episode of a plan that is not done yet.

    Raises:
        InputError: a provider cannot be made; nothing was started.
    """
    result = Result()
    open_episodes = _what_is_left(plan, folder, watcher, result)
    watcher.planned(result.done_before, len(plan.episodes))
    _try_engines(open_episodes)
    clients = _clients(spec, open_episodes, watcher, folder)
    context = _Context(spec, plan, folder, digest, watcher, Stage(spec.workers), clients, versions(), result)
    try:
        await _all(context, open_episodes)
    finally:
        for client in clients.values():
            await client.aclose()
        context.stage.close()
    return result


def _what_is_left(
    plan: Plan, folder: RunFolder, watcher: Watcher, result: Result
) -> list[tuple[EpisodeSpec, Episode | None]]:
    left: list[tuple[EpisodeSpec, Episode | None]] = []
    for spec in plan.episodes:
        path = folder.episode(spec.id)
        recorded = None
        if path.exists():
            if mend(path):
                result.mended.append(spec.id)
                watcher.say(f"{spec.id}: the last line was torn by an interruption; it was cut off")
            recorded = read_episode(path)
        if recorded is not None and recorded.status is Status.DONE:
            result.done_before += 1
        else:
            left.append((spec, recorded))
    return left


def _try_engines(episodes: list[tuple[EpisodeSpec, Episode | None]]) -> None:
    """Start one task of each game and each perturbed task: what cannot be played is found at once."""
    first = {episode.info.game: episode for episode, _ in episodes}
    perturbed = {episode.task: episode for episode, _ in episodes if "+" in episode.task}
    for episode in {**first, **perturbed}.values():
        world = World(episode.task, observe=episode.observe)
        try:
            world.reset(episode.seed)
        except ValueError as error:
            raise InputError(f"task {episode.task!r}: {error}") from None
        finally:
            world.close()


def _clients(
    spec: RunSpec,
    episodes: list[tuple[EpisodeSpec, Episode | None]],
    watcher: Watcher,
    folder: RunFolder,
) -> dict[str, ModelClient]:
    """One request path a model, made only for models that still have something to answer."""
    models = dict.fromkeys(e.entrant.model for e, _ in episodes if e.entrant.model is not None)
    budget = Budget(tokens=spec.budget.tokens, dollars=spec.budget.dollars)
    clients: dict[str, ModelClient] = {}
    for model in models:
        name, rest = planning.split_model(model)
        provider = planning.make_provider(model, spec.provider_options.get(name, {}))
        clients[model] = ModelClient(
            provider,
            provider_name=name,
            model=rest,
            cache=_cache(spec, folder),
            budget=budget,
            concurrency=spec.concurrency,
            on_event=watcher.say,
        )
    return clients


def _cache(spec: RunSpec, folder: RunFolder) -> Any:
    if not spec.cache:
        return None
    from harness.client import ResponseCache

    return ResponseCache(folder.path / "cache")


async def _all(context: _Context, episodes: list[tuple[EpisodeSpec, Episode | None]]) -> None:
    gate = asyncio.Semaphore(context.spec.concurrency)
    playing = [asyncio.create_task(_one(context, gate, spec, recorded)) for spec, recorded in episodes]
    try:
        await asyncio.gather(*playing)
    except BudgetExhausted as error:
        context.result.stopped = str(error)
    finally:
        # The others are told to stop and are waited for, so that every file ends in a whole line.
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)
        finished = context.result.done + context.result.failed
        context.result.unfinished = len(episodes) - finished


async def _one(
    context: _Context, gate: asyncio.Semaphore, spec: EpisodeSpec, recorded: Episode | None
) -> None:
    async with gate:
        job = _job(context, spec, recorded)
        try:
            status = await play(job, context.stage, recorded)
        except ReplayMismatch as error:
            aside = _set_aside(job)
            context.watcher.say(f"{spec.id}: {error}; kept as {aside} and played anew")
            status = await play(_job(context, spec, None), context.stage, None)
    episode = read_episode(job.path)
    assert episode is not None  # noqa: S101 - it was just written
    context.result.done += status is Status.DONE
    context.result.failed += status is Status.FAILED
    context.watcher.ended(spec, episode)


def _set_aside(job: Job) -> str:
    """Keep a file that no longer replays under another name, out of the scores."""
    count = 1
    while (aside := job.path.with_suffix(f".mismatch-{count}")).exists():
        count += 1
    job.path.rename(aside)
    return aside.name


def _job(context: _Context, spec: EpisodeSpec, recorded: Episode | None) -> Job:
    header = Header(
        episode=spec.id,
        suite=context.plan.suite,
        suite_version=context.plan.suite_version,
        task=spec.task,
        index=spec.index,
        seed=spec.seed,
        agent=spec.entrant.short,
        resolved=spec.entrant.resolved,
        model=spec.entrant.model,
        config_hash=context.digest,
        versions=context.versions,
        started=now(),
    )
    if recorded is not None and (recorded.header.seed, recorded.header.config_hash) != (
        spec.seed,
        context.digest,
    ):
        raise InputError(f"{context.folder.episode(spec.id)} belongs to another run; choose another --out")

    def on_turn(record: TurnRecord) -> None:
        context.result.calls += sum(not call.cached for call in record.calls)
        context.watcher.turn(spec, record)

    sampling = Sampling(**context.spec.sampling.model_dump())
    client = context.clients[spec.entrant.model] if spec.entrant.model is not None else None
    return Job(spec, context.folder.episode(spec.id), header, sampling, client, on_turn)
