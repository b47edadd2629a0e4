"""What every provider over HTTP must do, besides what every provider must: fail by type, tell no key."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from harness.api import (
    Completion,
    FatalError,
    Message,
    ProviderError,
    ProviderTimeout,
    RateLimited,
    Request,
    Text,
    TransientError,
)
from harness.folder import RunFolder
from harness.plan import make_plan
from harness.run import Watcher, execute
from harness.spec import RunSpec
from harness.testing._samples import loaded, picture
from harness.testing.provider import ProviderContract
from harness.testing.server import FakeServer, Fault, Vendor

_TYPES: dict[Fault, type[ProviderError]] = {
    Fault.RATE_LIMITED: RateLimited,
    Fault.RATE_LIMITED_AFTER: RateLimited,
    Fault.SERVER_ERROR: TransientError,
    Fault.OVERLOADED: TransientError,
    Fault.HANG: ProviderTimeout,
    Fault.CUT: TransientError,
    Fault.NOTHING: TransientError,
    Fault.MALFORMED: TransientError,
    Fault.WRONG_TYPE: TransientError,
    Fault.ECHO_PASSING: TransientError,
    Fault.UNAUTHORISED: FatalError,
    Fault.BAD_REQUEST: FatalError,
    Fault.ECHO: FatalError,
}
"""What each failure of the infrastructure is to be raised as."""


class HTTPProviderContract(ProviderContract):
    """Subclass, and say which: ``plugin`` as ever, and whose API it speaks (``vendor``).

    The kit runs a `FakeServer`; the provider must take its address as the option ``base_url`` and the
    time for one answer as ``timeout``, or override `provider`.
    """

    vendor: Vendor = "openai"
    model = "m"
    key = "sk-canary-5f1e9c27a6b84d03"
    server: FakeServer
    timeout = 30.0

    @pytest.fixture(autouse=True)
    def _served(self) -> Iterator[None]:
        variable = getattr(loaded("providers", self.plugin), "needs_key", None)
        keys = {variable: self.key} if variable else {}
        with FakeServer() as server, mock.patch.dict(os.environ, keys):
            self.server = server
            yield

    def provider(self) -> Any:
        """The provider, pointed at the fake server."""
        factory = loaded("providers", self.plugin)
        url = self.server.url(self.vendor)
        return factory(self.model, base_url=url, timeout=self.timeout, **self.options)

    def request(self, **more: Any) -> Request:
        """A short conversation with three allowed answers."""
        messages = (
            Message.of("system", "You play a game."),
            Message.of("user", "You see a door."),
            Message.of("assistant", self.choices[0]),
            Message.of("user", "You see a wall."),
        )
        return Request(messages, **{"choices": self.choices, "stable": 4, **more})

    def test_enforces_choices(self) -> None:
        """The allowed answers reach the engine, and the answer is one of them, without its wrapping."""
        completion = self.ask(self.request())
        assert self.server.asked[0].choices == self.choices
        assert completion.text == self.choices[1]

    def test_sends_the_conversation_as_it_is(self) -> None:
        """Every message arrives, in order, in its role."""
        request = self.request()
        self.ask(request)
        sent = tuple((message.role, message.text) for message in request.messages)
        assert self.server.asked[0].messages == sent

    def test_sends_pictures_as_they_are(self) -> None:
        """A picture arrives byte for byte."""
        if not getattr(loaded("providers", self.plugin), "images", True):
            pytest.skip("takes no pictures")
        self.ask(Request((Message("user", (Text("What is it?"), picture())),)))
        assert self.server.asked[0].images == (picture().png,)

    def test_reads_the_usage(self) -> None:
        """Input, cached input, output and reasoning are what the server counted."""
        usage = self.ask(self.request()).usage
        assert (usage.input, usage.cached) == (14, 10)
        assert (usage.output, usage.reasoning) == (len(self.choices[1].split()) + 1, 1)

    @pytest.mark.parametrize("fault", list(_TYPES), ids=str)
    def test_fails_by_type(self, fault: Fault) -> None:
        """Each failure has its type, is asked once, and its words hold no key."""
        if fault is Fault.HANG:
            self.timeout = 0.3
        self.server.faults.append(fault)
        with pytest.raises(ProviderError) as caught:
            self.ask(self.request())
        assert type(caught.value) is _TYPES[fault]
        assert len(self.server.asked) == 1, "the SDK asked again by itself"
        assert self.key not in f"{caught.value} {caught.value!r} {caught.value.__cause__}"

    def test_reads_retry_after(self) -> None:
        """How long the server wants to be left alone is handed on, in seconds."""
        self.server.faults.append(Fault.RATE_LIMITED_AFTER)
        self.server.retry_after = 7.0
        with pytest.raises(RateLimited) as caught:
            self.ask(self.request())
        assert caught.value.retry_after == 7.0

    def test_a_run_records_no_key(self, tmp_path: Path) -> None:
        """Whatever a server says back, as an answer or as an error, no file of a run holds the key."""
        if not isinstance(self.plugin, str):
            pytest.skip("a run names its provider by its entry point")
        self.server.faults += [None, Fault.ECHO_PASSING, Fault.ECHO_ANSWER, None, Fault.ECHO]
        spec = RunSpec(
            tasks=("gymnasium:CartPole-v1",),
            models=(f"{self.plugin}:{self.model}",),
            episodes=1,
            provider_options={
                self.plugin: {
                    **self.options,
                    "base_url": self.server.url(self.vendor),
                    "timeout": self.timeout,
                }
            },
        )
        plan, folder = make_plan(spec), RunFolder(tmp_path / "run")
        result = asyncio.run(execute(spec, plan, folder, folder.open(spec, plan), Watcher()))
        assert (result.done, result.failed) == (0, 1)
        files = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
        assert any(b"headers: {" in data for data in files), "nothing was echoed"
        assert not any(self.key.encode() in data for data in files)

    def test_a_server_that_is_not_there_is_transient(self) -> None:
        """No connection is worth another try."""
        with FakeServer() as gone:
            pass
        self.server, kept = gone, self.server
        try:
            with pytest.raises(TransientError):
                self.ask(self.request())
        finally:
            self.server = kept

    @pytest.mark.parametrize(
        ("fault", "finish"),
        [
            (Fault.EMPTY, "stop"),
            (Fault.TRUNCATED, "length"),
            (Fault.REFUSAL, "refusal"),
            (Fault.SLOW, "stop"),
        ],
        ids=str,
    )
    def test_an_answer_is_told_as_it_is(self, fault: Fault, finish: str) -> None:
        """Silence, a cut and a refusal are the model's own, and no failure."""
        self.server.faults.append(fault)
        completion = self.ask(self.request())
        assert completion.finish == finish
        assert (completion.text in self.choices) == (fault is Fault.SLOW)

    def test_a_cancelled_request_leaves_the_provider_usable(self) -> None:
        """After a request was cancelled under way, the next one is answered."""

        async def play() -> Completion:
            provider = await self.opened()
            self.server.faults.append(Fault.HANG)
            task = asyncio.ensure_future(provider.complete(self.request()))
            await asyncio.to_thread(self.server.wait_for_request)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            try:
                completion: Completion = await provider.complete(self.request())
                return completion
            finally:
                await provider.aclose()

        assert asyncio.run(play()).text == self.choices[1]
