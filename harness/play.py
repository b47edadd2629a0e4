"""One episode from its reset to its end, written down turn by turn.

An episode that was broken off goes on where its file ends: the recorded actions are executed again,
every hash is compared on the way, and only then is the model asked for the next turn.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from harness import acting
from harness.acting import Acted
from harness.api import (
    Agent,
    AgentContext,
    Decision,
    Memory,
    Meter,
    Outcome,
    ProviderTimeout,
    Sampling,
    Trial,
    Turn,
)
from harness.asking import Asker, Client
from harness.checkpoints import Checkpoint, Keeper
from harness.convert import (
    decision_record,
    observation_record,
    progress_record,
    step_record,
    thinking_record,
    usage_record,
)
from harness.errors import ProviderError, RunStopped
from harness.journal import Journal, journal_of
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
    ObservationRecord,
    Start,
    ThinkingRecord,
    TurnRecord,
)
from harness.resuming import replay, restore
from harness.stage import Scene, Stage, WorkerDied
from harness.state import State, advance, pay, reached
from harness.world import Frame


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
    alone: bool = False  # in a worker of its own
    keeper: Keeper | None = None  # where the game is not deterministic


async def play(job: Job, stage: Stage, recorded: Episode | None = None) -> End | Failure | None:
    """Play an episode, or what is left of it, and write it down. None where it was told to stop.

    Raises:
        ReplayMismatch: the recorded part does not replay; nothing was written.
        WorkerDied: the process that the world lived in is gone; the episode can go on from its records.
        RunStopped: a budget is used up, a file cannot be written, or the player wants to stop; the episode
            can be resumed.
    """
    spec = job.spec
    scene = await stage.open(spec.task, observe=spec.observe, step_limit=spec.limits.steps, alone=job.alone)
    journal = Journal(journal_of(job.path))
    try:
        briefing, frame = await scene.run(acting.begin, spec.seed, spec.clock.options())
        state = State(briefing, frame, meter=_meter(job.client))
        if recorded is not None and recorded.start is not None:
            if job.keeper is None:
                await replay(scene, state, recorded, _asks_oracle(spec))
            else:
                await restore(scene, state, recorded, job.keeper)
        with EpisodeWriter(job.path) as writer:
            if recorded is None:
                await writer.awrite(job.header)
            if recorded is None or recorded.start is None:
                if job.keeper is not None:
                    job.keeper.keep_picture(frame.observation)
                await writer.awrite(_start(state))
            last = await _Player(job, scene, state, recorded, journal).play(writer)
            if isinstance(last, End):
                await journal.clear()
            return last
    finally:
        journal.close()
        await scene.close()


class _Player:
    """An episode under way: the agent, its model, the world and where they stand."""

    def __init__(
        self, job: Job, scene: Scene, state: State, recorded: Episode | None, journal: Journal
    ) -> None:
        self._job = job
        self._scene = scene
        self._state = state
        self._journal = journal
        self._asker = _asker(job, recorded, journal)
        remembered = recorded is not None and recorded.memory is not None
        self._learns = bool(getattr(job.spec.entrant.factory, "trials", False)) and not remembered
        self._made: Agent | None = None

    async def play(self, writer: EpisodeWriter) -> End | Failure | None:
        """Turn after turn, until the game or a limit ends it, it cannot go on, or the run stops."""
        state = self._state
        while (limit := reached(self._job.spec.limits, state)) is None and not state.frame.over:
            if self._job.stopping():
                return None
            if (failure := await self._written(writer, self._turn())) is not None:
                return failure
            await self._checkpoint()
        if self._learns and (failure := await self._written(writer, self._remember(limit))) is not None:
            return failure
        end = _end(state, limit)
        await writer.awrite(end)
        if self._job.keeper is not None:
            self._job.keeper.forget()
        return end

    async def _written(
        self, writer: EpisodeWriter, making: Coroutine[None, None, TurnRecord | MemoryRecord]
    ) -> Failure | None:
        """Write what is being made, or why it could not be."""
        try:
            record = await making
        except (RunStopped, WorkerDied):
            raise
        except ProviderError as error:
            outcome = Outcome.TIMEOUT if isinstance(error, ProviderTimeout) else Outcome.API_ERROR
            failure = _failure(self._state, str(outcome), error)
        except Exception as error:  # whatever an engine or a plugin raises ends this episode only
            failure = _failure(self._state, "env_error", error)
        else:
            await writer.awrite(record)
            await self._journal.clear()
            self._job.on_record(record)
            return None
        await writer.awrite(failure)
        return failure

    async def _checkpoint(self) -> None:
        """Keep the state of a game that replaying could not bring back."""
        keeper = self._job.keeper
        if keeper is not None and (state := await self._scene.run(acting.checkpoint)) is not None:
            keeper.save(Checkpoint(len(self._state.past), state))

    async def _turn(self) -> TurnRecord:
        state, asker, index = self._state, self._asker, len(self._state.past)
        if asker is not None:
            asker.begin(index)
        turn = Turn(index, state.frame.observation, tuple(state.past), state.notice, state.meter)
        decision = await self._agent.act(turn)
        calls = asker.take() if asker is not None else ()
        decision, thinking = self._in_time(decision, calls)
        acted = await self._act(decision, thinking)
        decision, frames = _carried_out(decision, acted), acted.frames
        last = acted.moves[-1] if acted.moves else None
        record = TurnRecord(
            index=index,
            notice=state.notice,
            decision=decision_record(decision),
            calls=calls,
            thinking=_thinking(thinking, acted),
            steps=tuple(step_record(a, f) for a, f in zip(decision.actions, frames, strict=True)),
            observation=self._seen(last),
            seconds_model=sum(call.latency for call in calls),
            seconds_env=acted.seconds,
            seconds_wait=asker.waited if asker is not None else 0.0,
        )
        advance(state, decision, last, sum(frame.reward for frame in acted.moves), record)
        return record

    def _in_time(self, decision: Decision, calls: Sequence[CallRecord]) -> tuple[Decision, int | None]:
        """The decision, or what is done where it came too late; and the frames that went by meanwhile."""
        clock, briefing = self._job.spec.clock, self._state.briefing
        if not clock.runs:
            return decision, None
        seconds = clock.thought(calls)
        if clock.late(seconds):
            why = f"it took {seconds:.2f} s of {clock.deadline:g} s"
            instead = clock.instead([action.name for action in briefing.actions])
            decision = replace(decision, actions=(instead,), outcome=Outcome.LATE, repair=why, stop=None)
        return decision, clock.frames(seconds, briefing.frame_rate)

    def _seen(self, frame: Frame | None) -> ObservationRecord | None:
        """What a game that is not deterministic showed, for the record."""
        if frame is None or (keeper := self._job.keeper) is None:
            return None
        keeper.keep_picture(frame.observation)
        return observation_record(frame.observation)

    async def _act(self, decision: Decision, thinking: int | None) -> Acted:
        """Let the game run while the player thought, then step it through a decision's actions."""
        state = self._state
        carried_out = decision.outcome.acts or decision.outcome is Outcome.LATE
        actions = decision.actions[: state.briefing.max_steps - state.steps] if carried_out else ()
        if not actions and thinking is None:
            return Acted((), "", 0.0)
        before = state.frame.observation if decision.stop else None
        return await self._scene.run(acting.act, actions, decision.stop, before, thinking)

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
        pay(state, calls)
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
            return await self._scene.run(acting.oracle)

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


def _carried_out(decision: Decision, acted: Acted) -> Decision:
    """The decision with the actions that were executed; the others were planned."""
    if decision.outcome is Outcome.LATE:
        return replace(decision, actions=decision.actions[: len(acted.frames)])
    if not decision.outcome.acts:
        return replace(decision, actions=())
    if acted.thought is not None and acted.thought.over:
        return replace(decision, actions=(), outcome=Outcome.LATE, repair="the game was over by then")
    if not acted.frames:
        return replace(decision, actions=(), outcome=Outcome.INVALID_ACTION, repair=acted.cut)
    done, planned = decision.actions[: len(acted.frames)], decision.actions
    if len(done) == len(planned):
        return decision
    return replace(decision, actions=done, planned=planned, cut=acted.cut)


def _thinking(frames: int | None, acted: Acted) -> ThinkingRecord | None:
    return None if frames is None or acted.thought is None else thinking_record(frames, acted.thought)


def _asks_oracle(spec: EpisodeSpec) -> bool:
    return bool(getattr(spec.entrant.factory, "needs_oracle", False))


def _meter(client: Client | None) -> Meter:
    """Counts by the model's own tokenizer, where there is one."""
    if client is None or client.count("") is None:
        return Meter()
    return Meter(exact=lambda text: client.count(text) or 0)


def _asker(job: Job, recorded: Episode | None, journal: Journal) -> Asker | None:
    if job.client is None:
        return None
    previous: tuple[MessageRecord, ...] = ()
    for _, _, messages in recorded.requests() if recorded is not None else ():
        previous = messages
    name = request_id(job.spec)
    return Asker(
        job.client,
        name,
        job.spec.seed,
        job.sampling,
        previous=previous,
        others=job.others,
        journal=journal,
        clock=job.spec.clock if job.spec.clock.runs else None,
    )


def request_id(spec: EpisodeSpec) -> str:
    """What requests call their episode: its name and its seed."""
    return f"{spec.id}#{spec.seed}"


def _start(state: State) -> Start:
    return Start(
        instructions=state.briefing.instructions,
        observation=observation_record(state.frame.observation),
        hash=state.frame.hash,
        progress=progress_record(state.frame.progress),
        max_steps=state.briefing.max_steps,
        content=dict(state.briefing.content),
    )


def _failure(state: State, outcome: str, error: Exception) -> Failure:
    message = scrub(str(error))[:2000]
    kind = getattr(error, "kind", type(error).__name__)
    return Failure(turn=len(state.past), outcome=outcome, error=kind, message=message)


def _end(state: State, limit: str | None) -> End:
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
