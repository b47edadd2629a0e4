"""One episode from its reset to its end, written down turn by turn.

An episode that was broken off goes on where its file ends: the recorded actions are executed again,
every hash is compared on the way, and only then is the model asked for the next turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from games.api import UnknownAction
from harness.api import (
    Agent,
    AgentContext,
    Decision,
    Memory,
    Meter,
    Outcome,
    PastTurn,
    ProviderTimeout,
    Sampling,
    Trial,
    Turn,
    Usage,
)
from harness.asking import Asker, Client
from harness.convert import (
    decision_of,
    decision_record,
    observation_record,
    progress_record,
    step_record,
    usage_of,
    usage_record,
)
from harness.errors import LudometerError, ProviderError, RunStopped
from harness.keys import scrub
from harness.plan import EpisodeSpec
from harness.records import (
    CallRecord,
    End,
    Ending,
    Episode,
    EpisodeWriter,
    Failure,
    Header,
    MemoryRecord,
    MessageRecord,
    Start,
    Status,
    TurnRecord,
)
from harness.stage import Stage
from harness.tokens import calibrated
from harness.world import Briefing, Frame, World
from prompts import render


class ReplayMismatch(LudometerError):
    """The environment no longer gives what was recorded."""


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that playing one episode needs."""

    spec: EpisodeSpec
    path: Path
    header: Header
    sampling: Sampling
    client: Client | None
    stopping: Callable[[], bool] = lambda: False
    on_record: Callable[[TurnRecord | MemoryRecord], None] = lambda _: None
    memories: tuple[Memory, ...] = ()
    others: Mapping[str, Client] = field(default_factory=dict)


@dataclass(slots=True)
class _State:
    """Where an episode stands between two turns."""

    briefing: Briefing
    frame: Frame
    past: list[PastTurn] = field(default_factory=list)
    notice: str = ""
    meter: Meter = field(default_factory=Meter)
    steps: int = 0
    episode_return: float = 0.0
    usage: Usage = field(default_factory=Usage)
    cost: float | None = 0.0
    seconds: float = 0.0  # model and environment time; waiting on the provider does not count


async def play(job: Job, stage: Stage, recorded: Episode | None = None) -> Status:
    """Play an episode, or what is left of it, and write it down.

    Raises:
        ReplayMismatch: the recorded part does not replay; nothing was written.
        RunStopped: a budget is used up, or the player wants to stop; the episode can be resumed.
    """
    spec = job.spec
    world = await stage.run(World, spec.task, observe=spec.observe, step_limit=spec.limits.steps)
    try:
        briefing, frame = await stage.run(world.reset, spec.seed)
        state = _State(briefing, frame, meter=_meter(job.client))
        if recorded is not None and recorded.start is not None:
            await stage.run(_replay, world, state, recorded, _asks_oracle(spec))
        with EpisodeWriter(job.path) as writer:
            if recorded is None:
                writer.write(job.header)
            if recorded is None or recorded.start is None:
                writer.write(_start(state))
            return await _Player(job, stage, world, state, recorded).play(writer)
    finally:
        await stage.run(world.close)


class _Player:
    """An episode under way: the agent, its model, the world and where they stand."""

    def __init__(self, job: Job, stage: Stage, world: World, state: _State, recorded: Episode | None) -> None:
        self._job = job
        self._stage = stage
        self._world = world
        self._state = state
        self._asker = _asker(job, recorded)
        remembered = recorded is not None and recorded.memory is not None
        self._learns = bool(getattr(job.spec.entrant.factory, "trials", False)) and not remembered
        self._made: Agent | None = None

    async def play(self, writer: EpisodeWriter) -> Status:
        """Turn after turn, until the game or a limit ends it, it cannot go on, or the run stops."""
        state = self._state
        while (limit := _limit(self._job.spec, state)) is None and not state.frame.over:
            if self._job.stopping():
                return Status.UNFINISHED
            if not await self._written(writer, self._turn()):
                return Status.FAILED
        if self._learns and not await self._written(writer, self._remember(limit)):
            return Status.FAILED
        writer.write(_end(state, limit))
        return Status.DONE

    async def _written(
        self, writer: EpisodeWriter, making: Coroutine[None, None, TurnRecord | MemoryRecord]
    ) -> bool:
        """Write what is being made; False where it failed, which is written instead."""
        try:
            record = await making
        except RunStopped:
            raise
        except ProviderError as error:
            outcome = Outcome.TIMEOUT if isinstance(error, ProviderTimeout) else Outcome.API_ERROR
            writer.write(_failure(self._state, str(outcome), error))
            return False
        except Exception as error:  # whatever an engine or a plugin raises ends this episode only
            writer.write(_failure(self._state, "env_error", error))
            return False
        writer.write(record)
        self._job.on_record(record)
        return True

    async def _turn(self) -> TurnRecord:
        state, asker, index = self._state, self._asker, len(self._state.past)
        if asker is not None:
            asker.begin(index)
        turn = Turn(index, state.frame.observation, tuple(state.past), state.notice, state.meter)
        decision = await self._agent.act(turn)
        calls = asker.take() if asker is not None else ()
        begun = time.perf_counter()
        decision, frames = await self._stage.run(_execute, self._world, decision, state)
        record = TurnRecord(
            index=index,
            notice=state.notice,
            decision=decision_record(decision),
            calls=calls,
            steps=tuple(step_record(a, f) for a, f in zip(decision.actions, frames, strict=True)),
            seconds_model=sum(call.latency for call in calls),
            seconds_env=time.perf_counter() - begun,
            seconds_wait=asker.waited if asker is not None else 0.0,
        )
        _advance(state, decision, frames, record)
        return record

    async def _remember(self, limit: str | None) -> MemoryRecord:
        """What the agent learns from the trial that is over."""
        state, asker = self._state, self._asker
        if asker is not None:
            asker.begin(len(state.past))
        trial = Trial(
            past=tuple(state.past),
            observation=state.frame.observation,
            progress=state.frame.progress.value,
            episode_return=state.episode_return,
            ending=limit or ("terminated" if state.frame.terminated else "steps"),
            meter=state.meter,
        )
        content = await self._agent.remember(trial)  # type: ignore[attr-defined]
        calls = asker.take() if asker is not None else ()
        _pay(state, calls)
        return MemoryRecord(content=dict(content), calls=calls)

    @property
    def _agent(self) -> Agent:
        """Made at the first turn, so that an agent that cannot be made fails its episode only."""
        if self._made is None:
            self._made = self._make_agent()
        return self._made

    def _make_agent(self) -> Agent:
        spec, state = self._job.spec, self._state
        entrant = spec.entrant

        async def oracle() -> str:
            return await self._stage.run(self._world.oracle)

        context = AgentContext(
            task=spec.task,
            instructions=state.briefing.instructions,
            actions=state.briefing.actions,
            free_text=state.briefing.free_text,
            seed=spec.seed,
            history=entrant.history_factory(**entrant.history_settings),
            ask=self._asker,
            oracle=oracle if _asks_oracle(spec) else None,
            manual=state.briefing.manual,
            series=spec.series,
            memories=self._job.memories,
        )
        agent: Agent = entrant.factory(context, **entrant.settings)
        return agent


def _execute(world: World, decision: Decision, state: _State) -> tuple[Decision, list[Frame]]:
    """Step the environment through a decision's actions; those that were not executed are cut off."""
    if not decision.outcome.acts:
        return replace(decision, actions=()), []
    frames: list[Frame] = []
    before, cut = state.frame, ""
    for action in decision.actions[: state.briefing.max_steps - state.steps]:
        try:
            frame = world.step(action)
        except UnknownAction as error:
            cut = str(error)
            break
        frames.append(frame)
        if frame.over:
            break
        if decision.stop and (cut := decision.stop(before.observation, frame.observation, frame.reward)):
            break
        before = frame
    if not frames:
        return replace(decision, actions=(), outcome=Outcome.INVALID_ACTION, repair=cut), []
    done, planned = decision.actions[: len(frames)], decision.actions
    if len(done) == len(planned):
        return decision, frames
    return replace(decision, actions=done, planned=planned, cut=cut), frames


def _advance(state: _State, decision: Decision, frames: Sequence[Frame], record: TurnRecord) -> None:
    """Move the state past a turn. The same when it was just played and when it is replayed."""
    reward = sum(frame.reward for frame in frames)
    state.past.append(PastTurn(state.frame.observation, decision, reward, state.notice, state.meter))
    state.frame = frames[-1] if frames else state.frame
    state.notice = _notice(decision)
    state.steps += len(frames)
    state.episode_return += reward
    state.seconds += record.seconds_env
    state.meter = calibrated(state.meter, record.calls)
    _pay(state, record.calls)


def _pay(state: _State, calls: Sequence[CallRecord]) -> None:
    """Count what calls used."""
    for call in calls:
        state.seconds += call.latency
        state.usage = state.usage + usage_of(call.usage)
        state.cost = None if call.cost is None or state.cost is None else state.cost + call.cost


def _notice(decision: Decision) -> str:
    """What the model is told when its last answer did nothing, or not all that it asked for."""
    if decision.planned:
        facts = {"done": len(decision.actions), "planned": len(decision.planned), "cut": decision.cut}
        return render("notices/cut_plan.j2", **facts)
    if decision.outcome.acts:
        return ""
    return render("notices/lost_turn.j2", outcome=str(decision.outcome), detail=decision.repair)


def _replay(world: World, state: _State, recorded: Episode, asks_oracle: bool) -> None:
    """Execute the recorded actions again, comparing every hash."""
    assert recorded.start is not None  # noqa: S101 - the caller looked
    _same(recorded.start.hash, state.frame.hash, "the first observation")
    for turn in recorded.turns:
        frames = []
        for step in turn.steps:
            if asks_oracle:
                world.oracle()
            frames.append(world.step(step.action))
            _same(step.hash, frames[-1].hash, f"turn {turn.index}")
        _advance(state, decision_of(turn.decision), frames, turn)
    if recorded.memory is not None:
        _pay(state, recorded.memory.calls)


def _same(recorded: str, now: str, where: str) -> None:
    if recorded != now:
        raise ReplayMismatch(f"{where} is not what was recorded (hash {now[:12]}, recorded {recorded[:12]})")


def _asks_oracle(spec: EpisodeSpec) -> bool:
    return bool(getattr(spec.entrant.factory, "needs_oracle", False))


def _meter(client: Client | None) -> Meter:
    """Counts by the model's own tokenizer, where there is one."""
    if client is None or client.count("") is None:
        return Meter()
    return Meter(exact=lambda text: client.count(text) or 0)


def _asker(job: Job, recorded: Episode | None) -> Asker | None:
    if job.client is None:
        return None
    previous: tuple[MessageRecord, ...] = ()
    for _, _, messages in recorded.requests() if recorded is not None else ():
        previous = messages
    name = request_id(job.spec)
    return Asker(job.client, name, job.spec.seed, job.sampling, previous=previous, others=job.others)


def request_id(spec: EpisodeSpec) -> str:
    """What requests call their episode: its name and its seed."""
    return f"{spec.id}#{spec.seed}"


def _limit(spec: EpisodeSpec, state: _State) -> str | None:
    """The first limit that is reached, by name."""
    limits = spec.limits
    tokens = state.usage.input + state.usage.output
    reached = {
        "steps": state.steps >= state.briefing.max_steps,
        "turns": len(state.past) >= (limits.turns or state.briefing.max_steps),
        "tokens": limits.tokens is not None and tokens >= limits.tokens,
        "dollars": limits.dollars is not None and (state.cost or 0.0) >= limits.dollars,
        "seconds": limits.seconds is not None and state.seconds >= limits.seconds,
    }
    return next((name for name, hit in reached.items() if hit), None)


def _start(state: _State) -> Start:
    return Start(
        instructions=state.briefing.instructions,
        observation=observation_record(state.frame.observation),
        hash=state.frame.hash,
        progress=progress_record(state.frame.progress),
        max_steps=state.briefing.max_steps,
    )


def _failure(state: _State, outcome: str, error: Exception) -> Failure:
    message = scrub(str(error))[:2000]
    return Failure(turn=len(state.past), outcome=outcome, error=type(error).__name__, message=message)


def _end(state: _State, limit: str | None) -> End:
    ended = state.frame.terminated
    return End(
        ending=Ending.TERMINATED if ended else Ending.TRUNCATED,
        limit=None if ended else limit or "steps",
        progress=progress_record(state.frame.progress),
        episode_return=state.episode_return,
        steps=state.steps,
        turns=len(state.past),
        usage=usage_record(state.usage),
        cost=state.cost,
        seconds=state.seconds,
        observation=observation_record(state.frame.observation),
    )


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
