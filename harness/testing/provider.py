"""What every provider must do."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from harness.api import Completion, Host, Message, ProviderError, Request, Sampling, Text
from harness.testing._samples import loaded, picture

T = TypeVar("T")


class ProviderContract:
    """Subclass, and say which: ``plugin`` is an entry point's name or a factory."""

    plugin: Any
    model: str = ""
    options: Mapping[str, Any] = {}
    choices = ("turn left", "turn right", "go forward")

    def provider(self) -> Any:
        """A fresh provider; override where it needs more than `model` and `options`."""
        factory = loaded("providers", self.plugin)
        return factory(self.model, **self.options) if self.model else factory(**self.options)

    async def opened(self) -> Any:
        """A fresh provider, ready to be asked."""
        provider = self.provider()
        await provider.aopen(Host())
        return provider

    def ask(self, request: Request) -> Completion:
        """One completion, the provider closed after it."""

        async def once() -> Completion:
            provider = await self.opened()
            try:
                completion: Completion = await provider.complete(request)
                return completion
            finally:
                await provider.aclose()

        return _run(once())

    def test_answers_text(self) -> None:
        """A conversation gets an answer whose fields hold what the contract says."""
        completion = self.ask(_request("Say hello.", sampling=Sampling(max_tokens=8)))
        assert isinstance(completion.text, str)
        assert isinstance(completion.reasoning, str)
        assert completion.finish in ("stop", "length", "refusal")
        assert completion.latency >= 0
        assert completion.cost is None or completion.cost >= 0

    def test_counts_tokens(self) -> None:
        """Token counts are whole numbers, and parts are not larger than the whole."""
        usage = self.ask(_request("Say hello.", sampling=Sampling(max_tokens=8))).usage
        counts = (usage.input, usage.output, usage.cached, usage.reasoning)
        assert all(isinstance(count, int) and count >= 0 for count in counts)
        assert usage.cached <= usage.input
        assert usage.reasoning <= usage.output

    def test_takes_choices(self) -> None:
        """Allowed answers are accepted; what comes back is text, one of them where they are enforced."""
        completion = self.ask(_request("Choose one.", choices=self.choices))
        assert isinstance(completion.text, str)
        if "log_probabilities" in completion.details:
            assert completion.text in self.choices

    def test_takes_a_conversation(self) -> None:
        """System, user and assistant messages are all accepted."""
        messages = (
            Message.of("system", "You play a game."),
            Message.of("user", "You see a door."),
            Message.of("assistant", "go forward"),
            Message.of("user", "You see a wall."),
        )
        assert isinstance(self.ask(Request(messages, choices=self.choices)).text, str)

    def test_takes_or_refuses_pictures(self) -> None:
        """A picture is answered, or refused with a typed error where `images` is False."""
        message = Message("user", (Text("What colour is this?"), picture()))
        try:
            completion = self.ask(Request((message,), sampling=Sampling(max_tokens=8)))
        except ProviderError:
            assert not loaded("providers", self.plugin).images
        else:
            assert isinstance(completion.text, str)

    def test_serves_several_at_once(self) -> None:
        """Requests made at the same time are all answered."""

        async def several() -> list[Completion]:
            provider = await self.opened()
            requests = [_request(f"Say {n}.", choices=self.choices, turn=n) for n in range(4)]
            try:
                return list(await asyncio.gather(*(provider.complete(r) for r in requests)))
            finally:
                await provider.aclose()

        assert len(_run(several())) == 4

    def test_can_be_cancelled(self) -> None:
        """A cancelled request ends as cancelled, and the provider can still be closed."""

        async def cancelled() -> None:
            provider = await self.opened()
            task = asyncio.ensure_future(provider.complete(_request("Say hello.", choices=self.choices)))
            await asyncio.sleep(0)
            task.cancel()
            outcome = (await asyncio.gather(task, return_exceptions=True))[0]
            assert isinstance(outcome, asyncio.CancelledError | Completion)
            await provider.aclose()

        _run(cancelled())

    def test_closes_unopened(self) -> None:
        """Closing what was never opened does no harm."""
        asyncio.run(self.provider().aclose())

    def test_closes_twice(self) -> None:
        """Closing again does no harm."""

        async def twice() -> None:
            provider = await self.opened()
            await provider.aclose()
            await provider.aclose()

        _run(twice())


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def _request(text: str, **more: Any) -> Request:
    return Request((Message.of("user", text),), **more)
