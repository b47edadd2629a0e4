"""Going on with an episode that was interrupted: its recorded turns bring back where it stood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness import acting
from harness.acting import ReplayMismatch, ToReplay
from harness.checkpoints import Keeper
from harness.convert import decision_of, progress_of
from harness.records import Episode, ObservationRecord, TurnRecord
from harness.stage import Scene
from harness.state import State, advance, pay
from harness.world import Frame

_CHUNK = 250
"""Steps that are replayed in one call of the world, so that no call is taken to hang."""


async def replay(scene: Scene, state: State, recorded: Episode, asks_oracle: bool) -> None:
    """Execute the recorded actions again, comparing every hash."""
    assert recorded.start is not None  # noqa: S101 - the caller looked
    acting.same(recorded.start.hash, state.frame.hash, "the first observation")
    for turns in _chunks(recorded.turns):
        asked = [_to_replay(turn) for turn in turns]
        for turn, again in zip(turns, await scene.run(acting.again, asked, asks_oracle), strict=True):
            advance(state, decision_of(turn.decision), again.frame, again.reward, turn)
    if recorded.memory is not None:
        pay(state, recorded.memory.calls)


async def restore(scene: Scene, state: State, recorded: Episode, keeper: Keeper) -> None:
    """Go on from a checkpoint, with what was observed before it taken from the records."""
    checkpoint = keeper.load()
    if checkpoint is None or checkpoint.turns != len(recorded.turns) or recorded.start is None:
        raise ReplayMismatch("the game is not deterministic and there is no checkpoint of it to go on from")
    await scene.run(acting.restore, checkpoint.state)
    state.frame = replace(state.frame, observation=keeper.recall(recorded.start.observation))
    for turn in recorded.turns:
        last = _recalled(turn, keeper) if turn.steps else None
        advance(state, decision_of(turn.decision), last, sum(step.reward for step in turn.steps), turn)
    if recorded.memory is not None:
        pay(state, recorded.memory.calls)


def _recalled(turn: TurnRecord, keeper: Keeper) -> Frame:
    """The frame after a recorded turn."""
    step = turn.steps[-1]
    return Frame(
        observation=keeper.recall(turn.observation or ObservationRecord()),
        hash=step.hash,
        progress=progress_of(step.progress),
        reward=step.reward,
        terminated=step.terminated,
        truncated=step.truncated,
    )


def _chunks(turns: Sequence[TurnRecord]) -> Iterator[list[TurnRecord]]:
    chunk: list[TurnRecord] = []
    size = 0
    for turn in turns:
        chunk.append(turn)
        size += 1 + len(turn.steps)
        if size >= _CHUNK:
            yield chunk
            chunk, size = [], 0
    yield chunk


def _to_replay(turn: TurnRecord) -> ToReplay:
    return ToReplay(
        turn.index, tuple(step.action for step in turn.steps), tuple(step.hash for step in turn.steps)
    )
