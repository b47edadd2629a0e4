"""Between the values that play passes around and the lines that records hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from games.api import Observation, Progress, Section, Stability
from harness.api import Completion, Decision, Message, Outcome, Sampling, Text, Usage, values
from harness.records import (
    CallRecord,
    DecisionRecord,
    MessageRecord,
    ObservationRecord,
    ProgressRecord,
    SectionRecord,
    StepRecord,
    ThinkingRecord,
    UsageRecord,
)
from harness.world import Frame, png


def observation_record(observation: Observation) -> ObservationRecord:
    """The sections, and the picture's hash in place of the picture."""
    from hashlib import sha256

    sections = tuple(
        SectionRecord(name=s.name, text=s.text, stability=str(s.stability)) for s in observation.sections
    )
    image = None if observation.image is None else sha256(png(observation.image)).hexdigest()
    return ObservationRecord(sections=sections, image=image)


def observation_of(record: ObservationRecord) -> Observation:
    """The words of an observation, read back."""
    return Observation(tuple(Section(s.name, s.text, Stability(s.stability)) for s in record.sections))


def progress_record(progress: Progress) -> ProgressRecord:
    """Progress as plain numbers."""
    parts = {name: float(value) for name, value in progress.parts.items()}
    return ProgressRecord(value=float(progress.value), parts=parts)


def progress_of(record: ProgressRecord) -> Progress:
    """Progress read back."""
    return Progress(record.value, record.parts)


def step_record(action: str, frame: Frame) -> StepRecord:
    """One step as it is written."""
    return StepRecord(
        action=action,
        reward=frame.reward,
        terminated=frame.terminated,
        truncated=frame.truncated,
        progress=progress_record(frame.progress),
        hash=frame.hash,
    )


def thinking_record(frames: int, frame: Frame) -> ThinkingRecord:
    """What went on while the player thought, as it is written."""
    return ThinkingRecord(**step_record("", frame).model_dump(), frames=frames)


def move_of(record: StepRecord) -> str | int:
    """What `World.advance` takes to do it again."""
    return record.frames if isinstance(record, ThinkingRecord) else record.action


def decision_record(decision: Decision) -> DecisionRecord:
    """A decision as it is written."""
    return DecisionRecord(
        actions=decision.actions,
        outcome=str(decision.outcome),
        text=decision.text,
        repair=decision.repair,
        memo=dict(decision.memo),
        planned=decision.planned,
        cut=decision.cut,
    )


def decision_of(record: DecisionRecord) -> Decision:
    """A decision read back."""
    return Decision(
        record.actions,
        Outcome(record.outcome),
        record.text,
        record.repair,
        record.memo,
        record.planned,
        record.cut,
    )


def completion_of(record: CallRecord) -> Completion:
    """An answer read back."""
    return Completion(
        text=record.text,
        reasoning=record.reasoning,
        finish=cast(Any, record.finish),
        usage=usage_of(record.usage),
        latency=record.latency,
        first_token=record.first_token,
        cost=record.cost,
        details=record.details,
    )


def message_records(messages: Sequence[Message]) -> tuple[MessageRecord, ...]:
    """Messages as they are written: pictures by their hash."""
    return tuple(
        MessageRecord(
            role=message.role,
            parts=tuple(
                {"text": part.text} if isinstance(part, Text) else {"image": part.sha256}
                for part in message.parts
            ),
        )
        for message in messages
    )


def usage_record(usage: Usage) -> UsageRecord:
    """Token counts as they are written."""
    return UsageRecord(**values(usage))


def usage_of(record: UsageRecord) -> Usage:
    """Token counts read back."""
    return Usage(**record.model_dump())


def sampling_record(sampling: Sampling) -> dict[str, object]:
    """The sampling parameters that were set."""
    return {name: value for name, value in values(sampling).items() if value not in (None, ())}


def common_prefix(old: Sequence[object], new: Sequence[object]) -> int:
    """How many leading messages two requests share."""
    count = 0
    for before, now in zip(old, new, strict=False):
        if before != now:
            break
        count += 1
    return count
