"""Executing a plan: many episodes at once, each into its own file, what is done left alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from harness import plan as planning
from harness.api import Host, Memory, Provider, Sampling
from harness.client import Budget, Caps, Limiter, ModelClient, Price, Rates, ResponseCache
from harness.errors import InputError, ProviderError, RunStopped
from harness.folder import RunFolder, versions
from harness.keys import scrub
from harness.plan import EpisodeSpec, Plan
from harness.play import Job, ReplayMismatch, now, play, request_id
from harness.records import Episode, Header, MemoryRecord, Status, TurnRecord, mend, read_episode
from harness.spec import RunSpec
from harness.stage import Stage
from harness.world import World


class Watcher:
    """Who is told how a run goes. This one does nothing with it; the live display does."""

    def planned(self, done: int, total: int) -> None:
        """How many episodes there are, and how many were done before."""

    def turn(self, spec: EpisodeSpec, record: TurnRecord | MemoryRecord) -> None:
        """One turn was written, or what was learned after the last one."""

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
    prices: dict[str, Price]
    versions: dict[str, str]
    result: Result


async def execute(spec: RunSpec, plan: Plan, folder: RunFolder, digest: str, watcher: Watcher) -> Result:
    """Play every episode of a plan that is not done yet.

    Raises:
        InputError: a provider cannot be made; nothing was started.
    """
    result = Result()
    budget = _budget(spec)
    open_episodes = _what_is_left(plan, folder, watcher, result, budget)
    watcher.planned(result.done_before, len(plan.episodes))
    _try_engines(open_episodes)
    providers = _providers(spec, open_episodes)
    prices = {model: _price(spec, model, provider) for model, provider in providers.items()}
    _priced(budget, prices)
    clients = _clients(spec, providers, prices, budget, watcher)
    context = _Context(
        spec, plan, folder, digest, watcher, Stage(spec.workers), clients, prices, versions(), result
    )
    try:
        await _open(context)
        await _all(context, open_episodes)
    finally:
        # One that does not close must not keep the others open.
        await asyncio.gather(*(client.aclose() for client in clients.values()), return_exceptions=True)
        context.stage.close()
    return result


def _budget(spec: RunSpec) -> Budget:
    run, episode, call = (
        Caps(caps.tokens, caps.dollars, caps.seconds)
        for caps in (spec.budget, spec.budget.episode, spec.budget.call)
    )
    return Budget(run, episode=episode, call=call)


def _what_is_left(
    plan: Plan, folder: RunFolder, watcher: Watcher, result: Result, budget: Budget
) -> list[tuple[EpisodeSpec, Episode | None]]:
    """The episodes to play; what all of them used before counts against the budget."""
    left: list[tuple[EpisodeSpec, Episode | None]] = []
    for spec in plan.episodes:
        path = folder.episode(spec.id)
        recorded = None
        if path.exists():
            if mend(path):
                result.mended.append(spec.id)
                watcher.say(f"{spec.id}: the last line was torn by an interruption; it was cut off")
            recorded = read_episode(path)
            _book(budget, spec, recorded)
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


def _book(budget: Budget, spec: EpisodeSpec, recorded: Episode | None) -> None:
    """Count the calls of a recorded episode."""
    for call in recorded.calls if recorded is not None else ():
        tokens = call.usage.input + call.usage.output
        budget.book(request_id(spec), tokens, call.cost, call.latency)


def _providers(spec: RunSpec, episodes: list[tuple[EpisodeSpec, Episode | None]]) -> dict[str, Provider]:
    """The provider of each model that still has something to answer."""
    models = dict.fromkeys(model for e, _ in episodes for model in e.entrant.models)
    options = spec.provider_options
    return {
        model: planning.make_provider(model, options.get(planning.split_model(model)[0], {}))
        for model in models
    }


def _price(spec: RunSpec, model: str, provider: Provider) -> Price:
    rates = spec.prices.get(model)
    where = getattr(provider, "prices", None)
    own = Rates(**rates.model_dump()) if rates is not None else None
    return Price(planning.split_model(model)[1], where, own)


def _priced(budget: Budget, prices: dict[str, Price]) -> None:
    """Refuse a budget in dollars that cannot be kept."""
    unknown = [model for model, price in prices.items() if not price.known]
    if budget.in_dollars and unknown:
        raise InputError(
            f"the price of {unknown[0]} is unknown, so a budget in dollars cannot be kept; "
            f"say it in the YAML file (prices: {{{unknown[0]!r}: {{input: …, output: …}}}}) or limit tokens"
        )


def _clients(
    spec: RunSpec,
    providers: dict[str, Provider],
    prices: dict[str, Price],
    budget: Budget,
    watcher: Watcher,
) -> dict[str, ModelClient]:
    """One request path a model. Models of one endpoint share what it allows."""
    limiters: dict[str, Limiter] = {}
    cache = ResponseCache(Path(spec.cache)) if spec.cache else None
    clients: dict[str, ModelClient] = {}
    for model, provider in providers.items():
        name, rest = planning.split_model(model)
        own = getattr(provider, "concurrency", None)
        endpoint = getattr(provider, "endpoint", None) or model
        most = min(spec.concurrency, own) if own else spec.concurrency
        clients[model] = ModelClient(
            provider,
            provider_name=name,
            model=rest,
            cache=cache,
            budget=budget,
            price=prices[model],
            limiter=limiters.setdefault(endpoint, Limiter(most)),
            on_event=watcher.say,
        )
    return clients


async def _open(context: _Context) -> None:
    """Get the models ready, one after the other: a server takes memory while it starts."""
    host = Host(context.spec.concurrency, context.folder.path / "engines", context.watcher.say)
    for model, client in context.clients.items():
        try:
            await client.aopen(host)
        except ProviderError as error:
            raise InputError(f"model {model!r}: {scrub(str(error))}") from None


async def _all(context: _Context, episodes: list[tuple[EpisodeSpec, Episode | None]]) -> None:
    gate = asyncio.Semaphore(context.spec.concurrency)
    playing = [asyncio.create_task(_chain(context, gate, chain)) for chain in _chains(episodes)]
    try:
        await asyncio.gather(*playing)
    finally:
        # The others are told to stop and are waited for, so that every file ends in a whole line.
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)
        finished = context.result.done + context.result.failed
        context.result.unfinished = len(episodes) - finished


def _chains(
    episodes: list[tuple[EpisodeSpec, Episode | None]],
) -> list[list[tuple[EpisodeSpec, Episode | None]]]:
    """Episodes that wait for one another together, every other one by itself."""
    chains: dict[str, list[tuple[EpisodeSpec, Episode | None]]] = {}
    for spec, recorded in episodes:
        chains.setdefault(spec.chain or spec.id, []).append((spec, recorded))
    return list(chains.values())


async def _chain(
    context: _Context, gate: asyncio.Semaphore, chain: list[tuple[EpisodeSpec, Episode | None]]
) -> None:
    """One after the other; what follows one that did not end cannot be played, since it builds on it."""
    for spec, recorded in chain:
        if not await _one(context, gate, spec, recorded):
            return


async def _one(
    context: _Context, gate: asyncio.Semaphore, spec: EpisodeSpec, recorded: Episode | None
) -> bool:
    """Play an episode; whether it is done."""
    async with gate:
        if context.result.stopped:
            return False
        job = _job(context, spec, recorded)
        try:
            status = await _play(context, job, recorded)
        except RunStopped as error:
            # The others end the turn that they are in: an answer under way is paid for and is not lost.
            context.result.stopped = context.result.stopped or str(error)
            return False
    episode = read_episode(job.path)
    assert episode is not None  # noqa: S101 - it was just written
    context.result.done += status is Status.DONE
    context.result.failed += status is Status.FAILED
    context.watcher.ended(spec, episode)
    return status is Status.DONE


async def _play(context: _Context, job: Job, recorded: Episode | None) -> Status:
    """Play what is left of an episode; one that no longer replays is played anew."""
    try:
        return await play(job, context.stage, recorded)
    except ReplayMismatch as error:
        aside = _set_aside(job)
        context.watcher.say(f"{job.spec.id}: {error}; kept as {aside} and played anew")
        return await play(_job(context, job.spec, None), context.stage, None)


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
        price=context.prices[spec.entrant.model].source if spec.entrant.model is not None else "",
        series=spec.series,
    )
    if recorded is not None and (recorded.header.seed, recorded.header.config_hash) != (
        spec.seed,
        context.digest,
    ):
        raise InputError(f"{context.folder.episode(spec.id)} belongs to another run; choose another --out")

    def on_record(record: TurnRecord | MemoryRecord) -> None:
        context.result.calls += sum(not call.cached for call in record.calls)
        context.watcher.turn(spec, record)

    sampling = Sampling(**context.spec.sampling.model_dump())
    client = context.clients[spec.entrant.model] if spec.entrant.model is not None else None
    path = context.folder.episode(spec.id)

    def stopping() -> bool:
        return bool(context.result.stopped)

    others = {model: context.clients[model] for model in spec.entrant.others}
    return Job(spec, path, header, sampling, client, stopping, on_record, _memories(context, spec), others)


def _memories(context: _Context, spec: EpisodeSpec) -> tuple[Memory, ...]:
    """What the trials before this one left."""
    if not getattr(spec.entrant.factory, "trials", False):
        return ()
    before = takewhile(lambda other: other is not spec, context.plan.episodes)
    files = (read_episode(context.folder.episode(other.id)) for other in before if other.chain == spec.chain)
    return tuple(
        Memory(
            task=episode.header.task,
            index=episode.header.index,
            content=episode.memory.content,
            progress=episode.end.progress.value,
            episode_return=episode.end.episode_return,
        )
        for episode in files
        if episode is not None and episode.memory is not None and episode.end is not None
    )
