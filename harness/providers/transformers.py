"""Any Hugging Face model that writes text, run in this process by the transformers library."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from harness.api import FREE, Completion, Host, InputError, Provider, Request
from harness.providers._batch import Batcher, Job, Outcome

if TYPE_CHECKING:
    from harness.providers._generation import Engine

T = TypeVar("T")
Dtype = Literal["auto", "float32", "bfloat16", "float16"]

_SILENT_SECONDS = 2.0
"""Loading that takes longer is told."""


class TransformersProvider(Provider):
    """Causal language models and image-text-to-text models: ``transformers:`` and a hub name or a folder.

    Requests made at the same time are answered as one batch, each with its own dice, so that an answer
    does not depend on its neighbours (to the letter in float32; in shorter formats a rounding may tip
    a close decision). Allowed answers are enforced token by token. What the checkpoint says about
    sampling is ignored; without a temperature the likeliest token is taken.

    Options: `device` (``auto``: cuda, else mps, else cpu); `dtype` (``auto``: float32 on the CPU, else
    the checkpoint's own); `batch_size`, the most requests at once; `gguf`, the name of a GGUF file in
    the folder, loaded with its weights unpacked; `max_tokens` of an answer where the request sets none.
    """

    extra = "local"
    prices = FREE

    def __init__(
        self,
        model: str = "",
        *,
        device: str = "auto",
        dtype: Dtype = "auto",
        batch_size: int = 8,
        gguf: str | None = None,
        max_tokens: int = 256,
    ) -> None:
        super().__init__(
            model, device=device, dtype=dtype, batch_size=batch_size, gguf=gguf, max_tokens=max_tokens
        )
        if not model:
            raise InputError("say which model: transformers:OWNER/NAME of the Hugging Face hub, or a folder")
        if dtype not in get_args(Dtype):
            raise InputError(f"dtype={dtype} is not known; there are: {', '.join(get_args(Dtype))}")
        if batch_size < 1 or max_tokens < 1:
            raise InputError("batch_size and max_tokens are at least 1")
        _check_packages("torch", "transformers", "accelerate", *(["gguf"] if gguf else []))
        self._engine: Engine | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="transformers")
        self._batches = Batcher(self._answer, batch_size)

    async def aopen(self, host: Host) -> None:
        """Load the weights, on the model's own thread.

        Raises:
            InputError: there is no such model, file or device, or what it needs is not installed.
            FatalError: it does not fit into memory, or does not start.
        """
        loading = asyncio.ensure_future(self._on_thread(self._loaded))
        done, _ = await asyncio.wait({loading}, timeout=_SILENT_SECONDS)
        if not done:
            host.say(f"loading {self.model} …")
        await loading

    async def complete(self, request: Request) -> Completion:
        """Answer one request, in a batch with others; loads the weights where `aopen` has not.

        Raises:
            InputError: the weights were not loaded before, and cannot be.
            FatalError: the prompt is longer than the model's context, holds a picture that the model
                cannot take, or the engine failed.
        """
        return await self._batches.ask(request)

    def count(self, text: str) -> int | None:
        """Tokens by the model's tokenizer, once it is loaded."""
        return self._engine.count(text) if self._engine is not None else None

    async def aclose(self) -> None:
        """Fail what waits and end the thread, which stops writing at its next token."""
        self._batches.close()
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._engine = None

    async def _answer(self, jobs: Sequence[Job]) -> Sequence[Outcome]:
        return await self._on_thread(lambda: self._loaded().answer(jobs))

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _loaded(self) -> Engine:
        if self._engine is None:
            where = _where(self.model, self.options["gguf"])
            from harness.providers._generation import load

            how = {name: value for name, value in self.options.items() if name != "batch_size"}
            self._engine = load(where, **how)
        return self._engine


def _check_packages(*modules: str) -> None:
    for module in modules:
        if find_spec(module) is None:
            raise InputError(f'transformers models need {module}: pip install "ludometer[local]"')


def _where(name: str, gguf: str | None) -> str:
    """The folder that is meant, or the hub's name as it is.

    A name that can only be a folder is looked for here alone: the hub's answer would be about something
    else.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        if name.startswith((".", "/", "~")) or name.count("/") > 1:
            raise InputError(f"there is no folder {name!r}: name one with a model's config.json and weights")
        return name
    if gguf is not None and not (folder / gguf).is_file():
        raise InputError(f"there is no file {gguf!r} in {name!r}: set gguf to a file of that folder")
    return str(folder)
