"""Episodes as Ray tasks (``--executor ray``): on this machine, or on the cluster at RAY_ADDRESS.

The driver is the ordinary command: it holds the run folder's lock, reads what is left, and hands batches of
episodes to Ray, which places and starts them. A task plays its batch as a local run does, its environments
in threads, and writes the episodes' files itself, on a shared path or behind a URL; so at every moment one
process writes a file, and whoever goes on with an episode goes on from its records. A budget is kept by
one actor that all tasks ask.
"""

from __future__ import annotations

import asyncio
import math
import os
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from typing import Any

from harness.api import BudgetExhausted, Completion, Request
from harness.client import Budget
from harness.episodes import DEATHS, Chain, Order, Result, Running, Watcher, failed, play_chains
from harness.errors import InputError, LudometerError, RunStopped
from harness.folder import RunFolder
from harness.lock import at_work, runs
from harness.models import Models, budget_of
from harness.plan import EpisodeSpec
from harness.records import End, Failure
from harness.spec import RunSpec
from harness.stage import Threads
from harness.storage import place

_PATIENCE = 20.0
"""Seconds that tasks have to end the turns that they are in."""


@dataclass
class _Batch:
    """What one task is to play: `chains`, of the plan's `episodes` (done ones too: trials look back)."""

    spec: RunSpec
    suite: tuple[str, str]
    folder: str
    digest: str
    chains: list[Chain]
    episodes: list[EpisodeSpec]
    ledger: Any
    driver: tuple[str, int]  # its host and pid


@dataclass
class _Outcome(Watcher):
    """What a task tells the driver at its end."""

    over: list[tuple[EpisodeSpec, End | Failure]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    calls: int = 0
    stopped: str = ""

    def ended(self, spec: EpisodeSpec, last: End | Failure) -> None:
        """Keep it."""
        self.over.append((spec, last))

    def say(self, line: str) -> None:
        """Keep it."""
        self.said.append(line)


class _Ledger:
    """The run's budget, asked by all tasks."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def refusal(self, request: Request) -> str:
        """Why a request may not be made; empty where it may."""
        try:
            self._budget.check(request)
        except BudgetExhausted as error:
            return str(error)
        return ""

    def book(self, request: Request, completion: Completion) -> None:
        """Count a completion."""
        self._budget.book_call(request, completion)


class _Shared(Budget):
    """A task's view of the run's budget."""

    def __init__(self, spec: RunSpec, ledger: Any) -> None:
        run, episode, call = budget_of(spec).caps
        super().__init__(run, episode=episode, call=call)
        self._ledger = ledger

    def check(self, request: Request) -> None:
        """Ask the ledger."""
        import ray

        try:
            why = ray.get(self._ledger.refusal.remote(replace(request, messages=(), choices=None)))
        except ray.exceptions.RayError as error:
            raise RunStopped(f"the books of the budget are gone ({type(error).__name__})") from None
        if why:
            raise BudgetExhausted(why)

    def book_call(self, request: Request, completion: Completion) -> None:
        """Tell the ledger. Ray keeps the order of what one task tells an actor."""
        told = replace(completion, text="", reasoning="", details={})
        self._ledger.book.remote(replace(request, messages=(), choices=None), told)


async def play_on_ray(order: Order, chains: list[Chain]) -> None:
    """Play chains as Ray tasks; the order's result is filled as they end.

    Raises:
        InputError: Ray is not installed or cannot be reached, or something cannot be played on it.
    """
    _check(order.spec, chains)
    ray = _ray()
    models = Models(order.spec, [spec for chain in chains for spec in chain], order.budget, order.watcher.say)
    running = Running(**vars(order), stage=Threads(), models=models)
    # Ray prints what its daemons have to say where our results belong.
    with redirect_stdout(sys.stderr):
        started = _connect(ray, order.spec)
        try:
            await _Driver(ray, running).play(chains)
        finally:
            if started:
                ray.shutdown()


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError:
        raise InputError('--executor ray needs Ray: pip install "ludometer[ray]"') from None
    return ray


def _connect(ray: Any, spec: RunSpec) -> bool:
    """Join the cluster at RAY_ADDRESS, or start Ray here; False where that was done before."""
    if ray.is_initialized():
        return False
    quiet = {"logging_level": "ERROR", "log_to_driver": False}
    try:
        if os.environ.get("RAY_ADDRESS"):
            ray.init(**quiet)
        else:
            ray.init(address="local", num_cpus=spec.workers or None, include_dashboard=False, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise InputError(f"Ray cannot be reached: {' '.join(str(error).split())[:300]}") from None
    return True


def _check(spec: RunSpec, chains: Sequence[Chain]) -> None:
    """Refuse what many processes cannot share."""
    for chain in chains:
        entrant = chain[0].entrant
        if getattr(entrant.factory, "alone", False):
            raise InputError(
                f"the agent {entrant.agent!r} is a person at this keyboard: use --executor local"
            )
        for model in entrant.models:
            options = spec.provider_options.get(model.partition(":")[0], {})
            if model.startswith("vllm:") and "base_url" not in options:
                raise InputError(
                    f"model {model!r}: every Ray task would start a server of its own; "
                    "start one and give its address with --base-url"
                )


class _Driver:
    """Hands out batches, as many at once as the cluster has CPUs, and gathers what they come to."""

    def __init__(self, ray: Any, running: Running) -> None:
        self._ray = ray
        self._running = running
        self._deaths: dict[str, int] = {}
        self._by_chain: dict[str, list[EpisodeSpec]] = {}
        for spec in running.plan.episodes:
            self._by_chain.setdefault(spec.chain or spec.id, []).append(spec)
        self._task = ray.remote(num_cpus=1, max_retries=0)(_play)
        limited = any((caps.tokens or caps.dollars or caps.seconds) for caps in running.budget.caps)
        self._ledger = ray.remote(num_cpus=0)(_Ledger).remote(running.budget) if limited else None

    async def play(self, chains: list[Chain]) -> None:
        """Play all; cancelled, the tasks are told to end their turns and are waited for."""
        cpus = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        size = math.ceil(self._running.spec.concurrency / cpus)
        waiting = [chains[at : at + size] for at in range(0, len(chains), size)]
        under_way: dict[Any, list[Chain]] = {}
        try:
            while (waiting and not self._running.result.stopped) or under_way:
                while waiting and len(under_way) < cpus and not self._running.result.stopped:
                    batch = waiting.pop(0)
                    under_way[self._submit(batch)] = batch
                done, _ = await asyncio.to_thread(self._ray.wait, list(under_way), num_returns=1, timeout=1.0)
                for reference in done:
                    # Those that a dead task leaves come next, each by itself.
                    waiting[:0] = self._finished(reference, under_way.pop(reference))
        finally:
            self._end(list(under_way))

    def _submit(self, chains: list[Chain]) -> Any:
        run = self._running
        episodes = [spec for chain in chains for spec in self._by_chain[chain[0].chain or chain[0].id]]
        suite = (run.plan.suite, run.plan.suite_version)
        folder = str(run.folder.path.absolute())
        batch = _Batch(run.spec, suite, folder, run.digest, chains, episodes, self._ledger, _me())
        from ray import cloudpickle

        # Ray would unpickle arguments before we can say where plugins are.
        return self._task.remote(sys.path, cloudpickle.dumps(batch))  # type: ignore[no-untyped-call]

    def _finished(self, reference: Any, chains: list[Chain]) -> list[list[Chain]]:
        """Take what a task gave; returns what has to be played again."""
        try:
            outcome: _Outcome = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            cause = error.cause
            raise (
                cause if isinstance(cause, LudometerError) else InputError(f"a Ray task failed: {cause!r}")
            ) from None
        except self._ray.exceptions.RayError as error:
            return self._died(chains, " ".join(str(error).split())[:300])
        result, watcher = self._running.result, self._running.watcher
        for line in outcome.said:
            watcher.say(line)
        for spec, last in outcome.over:
            result.done += isinstance(last, End)
            result.failed += isinstance(last, Failure)
            watcher.ended(spec, last)
        result.calls += outcome.calls
        result.stopped = result.stopped or outcome.stopped
        return []

    def _died(self, chains: list[Chain], reason: str) -> list[list[Chain]]:
        """Each chain of a dead task goes on by itself; what kills a second one is to blame."""
        again = []
        for chain in chains:
            left = [spec for spec in chain if not self._done(spec)]
            if not left:
                continue
            deaths = self._deaths[left[0].id] = self._deaths.get(left[0].id, 0) + 1
            if deaths < DEATHS:
                self._running.watcher.say(f"{left[0].id}: its Ray worker died; it goes on in another one")
                again.append([left])
                continue
            failure = failed(self._running, left[0], "WorkerDied", f"{reason}, twice")
            self._running.result.failed += 1
            self._running.watcher.ended(left[0], failure)
        return again

    def _done(self, spec: EpisodeSpec) -> bool:
        """Whether an episode was finished before its task died; it is then counted."""
        from harness.records import mend, read_outline

        path = self._running.folder.episode(spec.id)
        if not path.exists():
            return False
        mend(path)
        outline = read_outline(path)
        if outline is None or outline.end is None:
            return False
        self._running.result.done += 1
        self._running.watcher.ended(spec, outline.end)
        return True

    def _end(self, references: list[Any]) -> None:
        """Tell tasks to end, as Ctrl-C tells a local run."""
        for reference in references:
            self._ray.cancel(reference)
        if references:
            self._ray.wait(references, num_returns=len(references), timeout=_PATIENCE)


def _play(path: list[str], packed: bytes) -> _Outcome:
    """The task: play a batch."""
    from ray import cloudpickle

    sys.path += [entry for entry in path if entry not in sys.path]
    batch: _Batch = cloudpickle.loads(packed)
    threading.Thread(target=_end_with, args=batch.driver, daemon=True).start()
    with at_work(place(batch.folder)):
        return asyncio.run(_batch(batch))


def _me() -> tuple[str, int]:
    return socket.gethostname(), os.getpid()


def _end_with(host: str, pid: int) -> None:
    """End when the driver is gone: Ray takes many seconds to notice where it was started by the driver."""
    while host == socket.gethostname():
        if not runs(pid):
            os._exit(1)
        time.sleep(0.5)


async def _batch(batch: _Batch) -> _Outcome:
    from harness.plan import Plan

    if not (place(batch.folder) / "run.json").exists():
        raise InputError(
            f"{batch.folder} is not visible on {socket.gethostname()}: with --executor ray, --out has to be "
            "a path that all machines share, or a URL"
        )
    outcome, result = _Outcome(), Result()
    spec = batch.spec.model_copy(update={"concurrency": len(batch.chains)})
    budget = _Shared(spec, batch.ledger) if batch.ledger is not None else Budget()
    plan = Plan(*batch.suite, tuple(batch.episodes))
    order = Order(spec, plan, RunFolder(place(batch.folder)), batch.digest, outcome, result, budget)
    stage = Threads()
    models = Models(spec, [one for chain in batch.chains for one in chain], budget, outcome.say)
    try:
        await models.open(None)
        await play_chains(Running(**vars(order), stage=stage, models=models), batch.chains)
    finally:
        await models.aclose()
        await stage.aclose()
    outcome.calls, outcome.stopped = models.asked, result.stopped
    return outcome
