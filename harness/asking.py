"""How an agent's questions reach its model, and how each is noted for the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

from harness.api import Completion, Image, Message, Request, Sampling, Text
from harness.client import Answer, fingerprint
from harness.convert import common_prefix, completion_of, message_records, sampling_record, usage_record
from harness.journal import Journal, Kept
from harness.records import CallRecord, MessageRecord, RequestRecord
from harness.seeds import derive
from harness.timing import Clock

_31_BITS = 0x7FFF_FFFF  # more is refused by some services


class Client(Protocol):
    """The request path of one model (`harness.client.ModelClient`)."""

    def count(self, text: str) -> int | None:
        """The tokens of a text; None where that is not known."""
        ...

    async def complete(self, request: Request) -> Answer:
        """Answer a request, retries and limits seen to."""
        ...


class Asker:
    """The `Ask` of one episode. `take` hands over the calls of the turn that ended.

    An agent may ask several things at once: calls are numbered and recorded in the order of asking, not
    in that of the answers. The first call of a turn has the episode's seed; the others have seeds of their
    own, so that several samples of one request differ.
    """

    def __init__(
        self,
        client: Client,
        episode: str,
        seed: int,
        sampling: Sampling,
        *,
        previous: tuple[MessageRecord, ...] = (),
        others: Mapping[str, Client] = MappingProxyType({}),
        journal: Journal | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._client = client
        self._others = others
        self._episode = episode
        self._seed = seed
        self._sampling = sampling
        self._recorded = previous  # of the request before, where only its record is known
        self._before: tuple[Message, ...] | None = None  # its messages
        self._journal = journal
        self._answers: dict[int, tuple[Request, CallRecord]] = {}
        self._turn = 0
        self._asked = 0
        self._clock = clock
        self._now = 0.0  # seconds of thinking, on the game's clock
        self.waited = 0.0

    def begin(self, turn: int) -> None:
        """A turn begins."""
        self._turn, self._asked, self._answers, self.waited = turn, 0, {}, 0.0
        self._now = 0.0

    async def __call__(
        self,
        messages: Sequence[Message],
        *,
        choices: Sequence[str] | None = None,
        stable: int = 0,
        model: str = "",
    ) -> Completion:
        """One completion, noted."""
        call, self._asked = self._asked, self._asked + 1
        seed = derive(self._seed, "call", call) & _31_BITS if call else self._seed
        request = Request(
            messages=tuple(messages),
            choices=tuple(choices) if choices else None,
            sampling=replace(self._sampling, seed=seed),
            stable=min(stable, len(messages)),
            episode=self._episode,
            turn=self._turn,
            call=call,
        )
        key = fingerprint(request, model=model)
        if self._journal is not None and (kept := self._journal.find(self._turn, call, key)) is not None:
            return self._noted(request, kept.answer, kept.waited)
        began = self._now
        answer = await (self._others[model] if model else self._client).complete(request)
        record = _record(answer, model, began)
        if self._journal is not None:
            kept = Kept(turn=request.turn, call=call, request=key, waited=answer.waited, answer=record)
            await self._journal.keep(kept)
        return self._noted(request, record, answer.waited)

    def _noted(self, request: Request, record: CallRecord, waited: float) -> Completion:
        self.waited += waited
        if self._clock is not None:
            self._now = max(self._now, record.began + self._clock.duration(record))
        self._answers[request.call] = (request, record)
        return completion_of(record)

    def take(self) -> tuple[CallRecord, ...]:
        """The calls since the turn began, each with its request."""
        return tuple(self._whole(*self._answers[call]) for call in sorted(self._answers))

    def _whole(self, request: Request, record: CallRecord) -> CallRecord:
        keep = self._kept(request.messages)
        self._before = request.messages
        parts = [part for message in request.messages for part in message.parts]
        asked = RequestRecord(
            keep=keep,
            add=message_records(request.messages[keep:]),
            choices=request.choices,
            sampling=sampling_record(request.sampling),
        )
        facts = {
            "request": asked,
            "characters": sum(len(part.text) for part in parts if isinstance(part, Text)),
            "pictures": sum(isinstance(part, Image) for part in parts),
        }
        return record.model_copy(update=facts)

    def _kept(self, messages: tuple[Message, ...]) -> int:
        """How many leading messages repeat those of the request before."""
        if self._before is None:
            return common_prefix(self._recorded, message_records(messages))
        return common_prefix(self._before, messages)


def _record(answer: Answer, model: str, began: float) -> CallRecord:
    """An answer as it is written, without its request."""
    done = answer.completion
    return CallRecord(
        request=RequestRecord(),
        model=model,
        text=done.text,
        reasoning=done.reasoning,
        finish=done.finish,
        usage=usage_record(done.usage),
        latency=done.latency,
        first_token=done.first_token,
        began=began,
        queued=answer.queued,
        cost=done.cost,
        retries=answer.retries,
        cached=answer.cached,
        details=dict(done.details),
    )
