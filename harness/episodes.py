"""Playing the episodes of a run: each from its file, in spite of workers that die."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from harness.acting import ReplayMismatch
from harness.api import Memory, Sampling
from harness.checkpoints import Keeper, cut_after
from harness.client import Budget
from harness.errors import LudometerError, RunStopped
from harness.folder import RunFolder, versions
from harness.journal import journal_of
from harness.keys import scrub
from harness.models import Models
from harness.plan import EpisodeSpec, Plan
from harness.play import Job, now, play
from harness.records import (
    End,
    Episode,
    EpisodeWriter,
    Failure,
    Header,
    MemoryRecord,
    TurnRecord,
    read_episode,
)
from harness.spec import RunSpec
from harness.stage import Stage, WorkerDied
from harness.storage import replace_file

Chain = list[EpisodeSpec]
"""Episodes that are played one after the other."""

DEATHS = 2
"""Workers that an episode may kill: with the first it may have been somebody else."""


class Watcher:
    """Who is told how a run goes. This one does nothing with it; the live display does."""

    def planned(self, done: int, total: int) -> None:
        """How many episodes there are, and how many were done before."""

    def turn(self, spec: EpisodeSpec, record: TurnRecord | MemoryRecord) -> None:
        """One turn was written, or what was learned after the last one."""

    def ended(self, spec: EpisodeSpec, last: End | Failure) -> None:
        """One episode is over, or failed."""

    def say(self, line: str) -> None:
        """Something that the user should read."""


@dataclass(slots=True)
class Result:
    """What came of a run. `calls` counts the completions that this process asked for."""

    total: int = 0
    done: int = 0
    failed: int = 0
    unfinished: int = 0
    done_before: int = 0
    calls: int = 0
    stopped: str = ""
    mended: list[str] = field(default_factory=list)


@dataclass
class Order:
    """What is to be played, where it is written, what it may use up, and who is told."""

    spec: RunSpec
    plan: Plan
    folder: RunFolder
    digest: str
    watcher: Watcher
    result: Result
    budget: Budget


@dataclass
class Running(Order):
    """An order under way: all that playing its episodes needs."""

    stage: Stage
    models: Models
    versions: dict[str, str] = field(default_factory=versions)


async def play_chains(context: Running, chains: Sequence[Chain]) -> None:
    """Play chains in this order, as many at once as the spec allows."""
    queue = iter(chains)

    async def play_some() -> None:
        for chain in queue:
            await _chain(context, chain)

    most = min(context.spec.concurrency, len(chains))
    playing = [asyncio.create_task(play_some()) for _ in range(most)]
    try:
        await asyncio.gather(*playing)
    finally:
        # The others are told to stop and are waited for, so that every file ends in a whole line.
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)


async def _chain(context: Running, chain: Chain) -> None:
    """One after the other; what follows one that did not end cannot be played, since it builds on it."""
    for spec in chain:
        if not await _one(context, spec):
            return


async def _one(context: Running, spec: EpisodeSpec) -> bool:
    """Play an episode; whether it is done."""
    if context.result.stopped:
        return False
    try:
        last = await _supervised(context, spec)
    except RunStopped as error:
        # The others end the turn that they are in: an answer under way is paid for and is not lost.
        context.result.stopped = context.result.stopped or str(error)
        return False
    if last is None:
        return False
    context.result.done += isinstance(last, End)
    context.result.failed += isinstance(last, Failure)
    context.watcher.ended(spec, last)
    return isinstance(last, End)


async def _supervised(context: Running, spec: EpisodeSpec) -> End | Failure | None:
    """Play an episode in spite of workers that die.

    Several worlds live in one worker. All that were being called when it died are suspects, and go on in
    workers of their own: who kills that one as well is to blame.
    """
    deaths = 0
    while True:
        try:
            return await _play(context, spec, alone=deaths > 0)
        except WorkerDied as error:
            deaths += error.suspect
            if deaths == DEATHS:
                return failed(context, spec, "WorkerDied", f"{error}, twice")
            context.watcher.say(f"{spec.id}: {error}; the episode goes on in another worker")
        except LudometerError:
            raise
        except Exception as error:  # an engine that cannot be built or reset ends this episode only
            return failed(context, spec, getattr(error, "kind", type(error).__name__), str(error))


def failed(context: Running, spec: EpisodeSpec, error: str, message: str) -> Failure:
    """Write down that an episode's environment cannot go on."""
    path = context.folder.episode(spec.id)
    recorded = read_episode(path) if path.exists() else None
    with EpisodeWriter(path) as writer:
        if recorded is None:
            writer.write(_header(context, spec))
        turn = len(recorded.turns) if recorded is not None else 0
        failure = Failure(turn=turn, outcome="env_error", error=error, message=scrub(message)[:2000])
        writer.write(failure)
    return failure


async def _play(context: Running, spec: EpisodeSpec, *, alone: bool) -> End | Failure | None:
    """Play what is left of an episode; one that no longer replays is played anew."""
    recorded = _recorded(context, spec)
    try:
        return await play(_job(context, spec, alone=alone), context.stage, recorded)
    except ReplayMismatch as error:
        aside = _set_aside(context.folder.episode(spec.id))
        context.watcher.say(f"{spec.id}: {error}; kept as {aside} and played anew")
        return await play(_job(context, spec, alone=alone), context.stage, None)


def _recorded(context: Running, spec: EpisodeSpec) -> Episode | None:
    """What is recorded of an episode, back to the newest checkpoint where its game needs one."""
    path = context.folder.episode(spec.id)
    if not path.exists():
        return None
    recorded, keeper = read_episode(path), _keeper(context, spec)
    checkpoint = keeper.load() if keeper is not None else None
    if recorded is None or checkpoint is None or checkpoint.turns >= len(recorded.turns):
        return recorded
    aside = _free_name(path)
    replace_file(aside, path.read_bytes())
    lost = cut_after(path, checkpoint.turns)
    context.watcher.say(
        f"{spec.id}: goes on from its checkpoint after {checkpoint.turns} turns; "
        f"{lost} after it are kept in {aside.name} and played anew"
    )
    return read_episode(path)


def _keeper(context: Running, spec: EpisodeSpec) -> Keeper | None:
    if spec.info.deterministic:
        return None
    return Keeper(context.folder.episode(spec.id), context.folder.path / "pictures")


def _set_aside(path: Path) -> str:
    """Keep a file that no longer replays under another name, out of the scores."""
    aside = _free_name(path)
    path.rename(aside)
    journal = journal_of(path)
    if journal.exists():
        journal.rename(aside.with_name(f"{aside.name}.calls"))
    return aside.name


def _free_name(path: Path) -> Path:
    count = 1
    while (aside := path.with_suffix(f".mismatch-{count}")).exists():
        count += 1
    return aside


def _header(context: Running, spec: EpisodeSpec) -> Header:
    return Header(
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
        price=context.models.price(spec.entrant.model),
        series=spec.series,
        deterministic=spec.info.deterministic,
        time=str(spec.clock),
    )


def _job(context: Running, spec: EpisodeSpec, *, alone: bool) -> Job:
    def on_record(record: TurnRecord | MemoryRecord) -> None:
        context.watcher.turn(spec, record)

    def stopping() -> bool:
        return bool(context.result.stopped)

    return Job(
        spec,
        context.folder.episode(spec.id),
        _header(context, spec),
        Sampling(**context.spec.sampling.model_dump()),
        context.models.clients[spec.entrant.model] if spec.entrant.model is not None else None,
        stopping,
        on_record,
        _memories(context, spec),
        {model: context.models.clients[model] for model in spec.entrant.others},
        alone,
        _keeper(context, spec),
    )


def _memories(context: Running, spec: EpisodeSpec) -> tuple[Memory, ...]:
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
