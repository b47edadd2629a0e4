"""Requests made at the same time, answered together: while one batch is worked on, the next gathers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from harness.api import Completion, FatalError, Image, LudometerError, Request

_GATHER_SECONDS = 0.005
"""How long a batch that is not full waits for more: nothing beside the time that a model takes."""

Outcome = Completion | LudometerError


@dataclass(eq=False, slots=True)
class Job:
    """A request and the answer that somebody waits for."""

    request: Request
    answer: asyncio.Future[Completion]

    @property
    def given_up(self) -> bool:
        """Whether nobody waits any more: cancelled, or closed. May be read in any thread."""
        return self.answer.done()


class Batcher:
    """Hands requests to `answer` in batches, in the order in which they came.

    Requests with pictures and requests without are never in the same batch.

    Args:
        answer: from jobs to their outcomes, one each and in their order; called for one batch at a time.
        size: the most requests in a batch.
    """

    def __init__(self, answer: Callable[[Sequence[Job]], Awaitable[Sequence[Outcome]]], size: int) -> None:
        self._answer = answer
        self._size = size
        self._waiting: list[Job] = []
        self._batch: list[Job] = []
        self._worker: asyncio.Task[None] | None = None
        self._closed = False

    async def ask(self, request: Request) -> Completion:
        """Answer one request, together with others.

        Raises:
            LudometerError: the outcome that `answer` gave, or what it raised for the whole batch.
            FatalError: the batcher is closed, or `answer` broke.
        """
        if self._closed:
            raise _closed()
        job = Job(request, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await job.answer

    def close(self) -> None:
        """Fail whatever waits or is worked on. Closing again does no harm."""
        self._closed = True
        unanswered = [*self._batch, *self._waiting]
        _hand_out(unanswered, [_closed()] * len(unanswered))
        self._waiting.clear()

    async def _work(self) -> None:
        while self._waiting:
            if len(self._waiting) < self._size:
                await asyncio.sleep(_GATHER_SECONDS)
            self._batch = self._next()
            if self._batch:
                _hand_out(self._batch, await self._outcomes())
            self._batch = []

    def _next(self) -> list[Job]:
        """The next batch, taken from what waits; empty where everybody has given up."""
        wanted = [job for job in self._waiting if not job.given_up]
        alike = [job for job in wanted if has_pictures(job.request) == has_pictures(wanted[0].request)]
        batch = alike[: self._size]
        self._waiting = [job for job in wanted if job not in batch]
        return batch

    async def _outcomes(self) -> Sequence[Outcome]:
        try:
            return await self._answer(self._batch)
        except LudometerError as error:
            return [error] * len(self._batch)
        except Exception as error:  # whatever it was: nobody may be left waiting
            return [FatalError(f"{type(error).__name__}: {error}")] * len(self._batch)


def has_pictures(request: Request) -> bool:
    """Whether any message of a request holds a picture."""
    return any(isinstance(part, Image) for message in request.messages for part in message.parts)


def _hand_out(jobs: Sequence[Job], outcomes: Sequence[Outcome]) -> None:
    for job, outcome in zip(jobs, outcomes, strict=True):
        if job.given_up:
            continue
        if isinstance(outcome, Completion):
            job.answer.set_result(outcome)
        else:
            job.answer.set_exception(outcome)


def _closed() -> FatalError:
    return FatalError("the model is closed")
