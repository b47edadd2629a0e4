"""Going on with an episode that was interrupted: its recorded turns bring back where it stood."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness import acting
from harness.acting import Replayed, ReplayMismatch, ToReplay
from harness.checkpoints import Keeper
from harness.convert import decision_of, move_of, progress_of
from harness.records import Episode, ObservationRecord, TurnRecord
from harness.stage import Scene
from harness.state import State, advance, pay
from harness.world import Frame

_CHUNK = 250
"""Steps that are replayed in one call of the world, so that no call is taken to hang."""


async def replay(scene: Scene, state: State, recorded: Episode, asks_oracle: bool) -> None:
    """Execute the recorded actions again, comparing every hash.

    The world goes on with the next turns while the state is moved past the last ones.
    """
    assert recorded.start is not None  # noqa: S101 - the caller looked
    acting.same(recorded.start.hash, state.frame.hash, "the first observation")
    done: list[tuple[TurnRecord, Replayed]] = []
    for turns in _chunks(recorded.turns):
        asked = [_to_replay(turn) for turn in turns]
        executing = asyncio.ensure_future(scene.run(acting.again, asked, asks_oracle))
        _move(state, done)
        done = list(zip(turns, await executing, strict=True))
    _move(state, done)
    if recorded.memory is not None:
        pay(state, recorded.memory.calls)


def _move(state: State, done: Sequence[tuple[TurnRecord, Replayed]]) -> None:
    for turn, again in done:
        advance(state, decision_of(turn.decision), again.frame, again.reward, turn)


async def restore(scene: Scene, state: State, recorded: Episode, keeper: Keeper) -> None:
    """Go on from a checkpoint, with what was observed before it taken from the records."""
    checkpoint = keeper.load()
    if checkpoint is None or checkpoint.turns != len(recorded.turns) or recorded.start is None:
        raise ReplayMismatch("the game is not deterministic and there is no checkpoint of it to go on from")
    await scene.run(acting.restore, checkpoint.state)
    state.frame = replace(state.frame, observation=keeper.recall(recorded.start.observation))
    for turn in recorded.turns:
        last = _recalled(turn, keeper) if turn.moves else None
        advance(state, decision_of(turn.decision), last, sum(step.reward for step in turn.moves), turn)
    if recorded.memory is not None:
        pay(state, recorded.memory.calls)


def _recalled(turn: TurnRecord, keeper: Keeper) -> Frame:
    """The frame after a recorded turn."""
    step = turn.moves[-1]
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
        size += 1 + len(turn.moves)
        if size >= _CHUNK:
            yield chunk
            chunk, size = [], 0
    yield chunk


def _to_replay(turn: TurnRecord) -> ToReplay:
    return ToReplay(turn.index, tuple(map(move_of, turn.moves)), tuple(step.hash for step in turn.moves))
