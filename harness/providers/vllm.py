"""Models on vLLM: a server that we start and own, or one that runs already."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from harness.api import FREE, Completion, FatalError, Host, InputError, Request, TransientError
from harness.providers import _vllm_server as engine
from harness.providers.openai import OpenAIProvider

_COUNTED = {
    "prefix_cache_queries": "vllm:prefix_cache_queries_total",
    "prefix_cache_hits": "vllm:prefix_cache_hits_total",
    "prompt_tokens": "vllm:prompt_tokens_total",
    "generation_tokens": "vllm:generation_tokens_total",
    "requests": "vllm:request_success_total",
}
"""What is reported of a server, by the name of its counter; the first two are in tokens."""

_RESTARTS = 2


class VLLMProvider(OpenAIProvider):
    """Local models on vLLM: ``vllm:<hub id or folder>``; GPU or CPU is decided by which vLLM is installed.

    Without `base_url` a server is started and stopped with the run; its log is in the run folder. If
    it dies it is started again, twice at most. Options: `python`, the interpreter of the environment
    that holds vLLM (default: ours, or LUDOMETER_VLLM_PYTHON); `arguments` of the server, such as
    ``{max-model-len: 4096}``; `patience`, seconds for it to start; `base_url` of a server that runs
    already, with `key_env` where it wants a key; and `stream`, `timeout` and `body` as for ``openai``.
    """

    needs_key = None
    extra = "vllm"

    def __init__(
        self,
        model: str = "",
        *,
        base_url: str | None = None,
        key_env: str | None = None,
        python: str | None = None,
        arguments: Mapping[str, Any] | None = None,
        patience: float = 900.0,
        stream: bool = False,
        timeout: float = 600.0,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            model,
            base_url=base_url,
            key_env=key_env,
            constraint="vllm",
            stream=stream,
            timeout=timeout,
            body=body,
        )
        self._own = base_url is None
        self._python = python or os.environ.get("LUDOMETER_VLLM_PYTHON") or sys.executable
        self._arguments = dict(arguments or {})
        self._patience = patience
        self._server: engine.Server | None = None
        self._counted: dict[str, float] | None = None
        self._restarts = 0
        self._words: Any = None
        self._mending = asyncio.Lock()
        self.options["arguments"] = self._arguments
        if self._own:
            self._kind = engine.installed(self._python)
            self.endpoint, self.prices = f"vllm:{model}", FREE

    @property
    def _base_url(self) -> str:
        server = self._server.url if self._server is not None else None
        return f"{server}/v1" if server else str(self.options["base_url"])

    async def aopen(self, host: Host) -> None:
        """Start the server, or look whether the one that runs already serves the model.

        Raises:
            FatalError: it does not start; with the last lines of its log.
            InputError: there is no server at the address, or it does not serve the model.
        """
        self._host = host
        if self._own:
            folder = host.folder or Path(mkdtemp(prefix="ludometer-vllm-"))
            log = folder / f"vllm-{re.sub(r'[^A-Za-z0-9._-]+', '_', self.model).strip('._')}.log"
            line = engine.command(self._python, self.model, self._kind, host.concurrency, self._arguments)
            self._server = engine.Server(line, engine.environment(self._kind), log)
            host.say(f"vllm: starting {self.model} with {self._kind}")
            await self._server.start(host.say, patience=self._patience)
        else:
            await self._look()
        await super().aopen(host)  # only now is the address known
        self._words = await asyncio.to_thread(_tokenizer, self.model)
        self._counted = await self._counters()

    def count(self, text: str) -> int | None:
        """Tokens by the model's tokenizer, where its files are on this machine."""
        return None if self._words is None else len(self._words(text, add_special_tokens=False)["input_ids"])

    def __getstate__(self) -> dict[str, Any]:
        """A copy asks at the address; the server and all that is said of it stay here."""
        here = dict.fromkeys(("_server", "_words", "_counted", "_mending"))
        options = {**self.options, "base_url": self._base_url}
        return {**super().__getstate__(), **here, "options": options}

    async def _look(self) -> None:
        served = await engine.get(f"{self._base_url}/models", self._key)
        if served is None:
            raise InputError(f"no server answers at {self._base_url}; start it, or leave --base-url out")
        names = [str(each.get("id")) for each in json.loads(served).get("data", [])]
        if names and self.model not in names:
            raise InputError(f"the server at {self._base_url} serves {', '.join(names)}, not {self.model}")

    async def complete(self, request: Request) -> Completion:
        """One answer; a server of our own that died is started again first."""
        try:
            return await super().complete(request)
        except TransientError:
            if self._server is None or not await self._dead():
                raise
            await self._restart()
            raise

    async def _dead(self) -> bool:
        """Whether our server's process has ended; it may lag a moment behind its last connection."""
        await asyncio.sleep(0.5)
        return self._server is not None and (self._server.died or self._mending.locked())

    async def _restart(self) -> None:
        async with self._mending:
            if self._server is None or not self._server.died:
                return  # another request has seen to it
            if self._restarts >= _RESTARTS:
                raise FatalError(f"the vLLM server died {_RESTARTS + 1} times. {self._server.last_words()}")
            self._restarts += 1
            self._host.say(f"vllm: the server died; starting it again. {self._server.last_words(3)}")
            await self._server.start(self._host.say, patience=self._patience)
            self._counted = {}  # a new process counts from nothing

    async def aclose(self) -> None:
        """Tell how often the prefix cache was hit, and stop the server where it is ours."""
        if self._counted is not None:
            await self._report(self._counted)
        await super().aclose()
        server, self._server = self._server, None
        if server is not None:
            await server.stop()

    async def _counters(self) -> dict[str, float]:
        """The server's counters; none, where something before it keeps them to itself."""
        try:
            page = await engine.get(f"{self._base_url.removesuffix('/v1')}/metrics", self._key)
        except InputError:
            page = None
        found = engine.counters(page or "")
        return {name: found[counter] for name, counter in _COUNTED.items() if counter in found}

    async def _report(self, before: dict[str, float]) -> None:
        now, self._counted = await self._counters(), None
        used = {name: value - before.get(name, 0.0) for name, value in now.items()}
        asked = used.get("prefix_cache_queries", 0.0)
        if not asked:
            return
        used["prefix_cache_hit_rate"] = used["prefix_cache_hits"] / asked
        rate = f"{used['prefix_cache_hit_rate']:.0%} of {asked:,.0f}"
        self._host.say(f"vllm: {rate} prompt tokens came from the prefix cache")
        if self._server is not None:
            text = json.dumps(used, indent=2, sort_keys=True) + "\n"
            self._server.log.with_suffix(".json").write_text(text, encoding="utf-8")


def _tokenizer(model: str) -> Any:
    """The model's tokenizer; None where transformers or the model's files are not on this machine."""
    try:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(model, local_files_only=True)
    except (ImportError, OSError, ValueError):
        return None
