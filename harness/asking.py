"""How an agent's questions reach its model, and how each is noted for the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from harness.api import Completion, Message, Request, Sampling
from harness.client import Answer
from harness.convert import common_prefix, message_records, sampling_record, usage_record
from harness.records import CallRecord, MessageRecord, RequestRecord


class Client(Protocol):
    """The request path of one model (`harness.client.ModelClient`)."""

    async def complete(self, request: Request) -> Answer:
        """Answer a request, retries and limits seen to."""
        ...


class Asker:
    """The `Ask` of one episode. `take` hands over the calls of the turn that ended."""

    def __init__(
        self,
        client: Client,
        episode: str,
        seed: int,
        sampling: Sampling,
        previous: tuple[MessageRecord, ...] = (),
    ) -> None:
        self._client = client
        self._episode = episode
        self._sampling = replace(sampling, seed=seed)
        self._previous = previous
        self._calls: list[CallRecord] = []
        self.turn = 0
        self.waited = 0.0

    async def __call__(
        self, messages: Sequence[Message], *, choices: Sequence[str] | None = None, stable: int = 0
    ) -> Completion:
        """One completion, noted."""
        request = Request(
            messages=tuple(messages),
            choices=tuple(choices) if choices else None,
            sampling=self._sampling,
            stable=min(stable, len(messages)),
            episode=self._episode,
            turn=self.turn,
            call=len(self._calls),
        )
        answer = await self._client.complete(request)
        self.waited += answer.waited
        self._calls.append(self._note(request, answer))
        return answer.completion

    def take(self) -> tuple[CallRecord, ...]:
        """The calls since the last `take`."""
        calls, self._calls = tuple(self._calls), []
        return calls

    def _note(self, request: Request, answer: Answer) -> CallRecord:
        records = message_records(request.messages)
        keep = common_prefix(self._previous, records)
        self._previous = records
        done = answer.completion
        return CallRecord(
            request=RequestRecord(
                keep=keep,
                add=records[keep:],
                choices=request.choices,
                sampling=sampling_record(request.sampling),
            ),
            text=done.text,
            reasoning=done.reasoning,
            finish=done.finish,
            usage=usage_record(done.usage),
            latency=done.latency,
            first_token=done.first_token,
            queued=answer.queued,
            cost=done.cost,
            retries=answer.retries,
            cached=answer.cached,
            details=dict(done.details),
        )
