"""A small causal language model with kept prefixes and scored choices, on PyTorch.

Conversations mostly grow at their end. The keys and values of the last prompts are kept, so that a
prompt which begins like one of them is computed only from where it differs.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is imported; a bar has no place in our output

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache
from transformers.utils import logging as transformers_logging

from harness.api import FatalError

_KEPT_PROMPTS = 10
"""Prompts whose keys and values are kept: about 46 kB a token in float32 (30 layers × 3 heads × 64)."""

_TAKE_OVER = 0.7
"""A kept prompt that shares at least this much is continued in place; else the shared part is copied."""


class SmolLM:
    """The model and its kept prompts. One thread at a time: hold `lock`.

    float32, because in bfloat16 the answer can depend on how a prompt was split between what was
    kept and what was computed.
    """

    def __init__(self, gguf: Path) -> None:
        transformers_logging.disable_progress_bar()
        where = str(gguf.parent)
        self._tokenizer = AutoTokenizer.from_pretrained(where, gguf_file=gguf.name)
        self._model = AutoModelForCausalLM.from_pretrained(where, gguf_file=gguf.name, dtype=torch.float32)
        self._model.eval()
        self.lock = threading.Lock()
        self.end: int = self._tokenizer.eos_token_id
        self.context: int = self._model.config.max_position_embeddings
        self._kept: list[tuple[list[int], DynamicCache]] = []

    def tokens(self, text: str) -> list[int]:
        """The token ids of a text, without special tokens."""
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def text(self, ids: Sequence[int]) -> str:
        """The text of token ids."""
        text: str = self._tokenizer.decode(ids, skip_special_tokens=True)
        return text

    def prefill(self, messages: list[dict[str, str]]) -> Prompt:
        """Compute a conversation up to where the assistant answers.

        Raises:
            FatalError: it is longer than the model's context.
        """
        ids: list[int] = self._tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_dict=True
        )["input_ids"]
        if len(ids) >= self.context:
            raise FatalError(
                f"the prompt has {len(ids)} tokens, the embedded model takes {self.context}; "
                "use a shorter history, such as history=window(turns=4)"
            )
        cached, cache = self._begin(ids)
        logits = self._forward(ids[cached:], cache)
        self._kept.append((ids, cache))
        del self._kept[:-_KEPT_PROMPTS]
        return Prompt(self, cache, len(ids), cached, logits)

    def _begin(self, ids: list[int]) -> tuple[int, DynamicCache]:
        """The longest kept beginning of a prompt; its last token is always computed, for its logits."""
        shared = [min(_shared(ids, kept), len(ids) - 1) for kept, _ in self._kept]
        best = max(range(len(shared)), key=shared.__getitem__, default=None)
        if best is None or shared[best] == 0:
            return 0, DynamicCache(config=self._model.config)
        kept, cache = self._kept[best]
        if shared[best] >= _TAKE_OVER * len(kept):
            self._kept.pop(best)
            _cut(cache, shared[best])
        else:
            cache = self._copy(cache, shared[best])
        return shared[best], cache

    def _copy(self, cache: DynamicCache, length: int) -> DynamicCache:
        copied = DynamicCache(config=self._model.config)
        for number, layer in enumerate(cache.layers):
            copied.update(layer.keys[:, :, :length].clone(), layer.values[:, :, :length].clone(), number)
        return copied

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def _forward(self, ids: list[int], cache: DynamicCache, **more: Any) -> torch.Tensor:
        """Log-probabilities after each of the ids (ids × vocabulary), or after the last one only."""
        keep = {} if more else {"logits_to_keep": 1}
        output = self._model(
            input_ids=torch.tensor([ids]), past_key_values=cache, use_cache=True, **keep, **more
        )
        return torch.log_softmax(output.logits[0].float(), dim=-1)

    def score(self, answers: list[list[int]], cache: DynamicCache, first: torch.Tensor) -> list[float]:
        """The log-probability of each answer (token ids, none empty) after a computed prompt.

        All answers go through the model at once, side by side: each token sees the prompt and the
        tokens of its own answer before it, and has the position it would have alone.
        """
        past = cache.get_seq_length()
        flat = [token for answer in answers for token in answer[:-1]]
        after: list[torch.Tensor] = []
        if flat:
            mask = torch.full((len(flat), past + len(flat)), torch.finfo(torch.float32).min)
            mask[:, :past] = 0.0
            positions: list[int] = []
            start = 0
            for answer in answers:
                size = len(answer) - 1
                own = torch.ones(size, size, dtype=torch.bool).tril()
                mask[start : start + size, past + start : past + start + size][own] = 0.0
                positions.extend(range(past, past + size))
                start += size
            rows = self._forward(
                flat, cache, attention_mask=mask[None, None], position_ids=torch.tensor([positions])
            )
            _cut(cache, past)
            after = list(torch.split(rows, [len(answer) - 1 for answer in answers]))
        scores = []
        for number, answer in enumerate(answers):
            total = first[answer[0]]
            if len(answer) > 1:
                total = total + after[number].gather(1, torch.tensor(answer[1:])[:, None]).sum()
            scores.append(float(total))
        return scores


class Prompt:
    """A computed prompt, ready to be answered. `cached` of its `length` tokens were kept from before."""

    def __init__(
        self, model: SmolLM, cache: DynamicCache, length: int, cached: int, logits: torch.Tensor
    ) -> None:
        self._model = model
        self._cache = cache
        self.length = length
        self.cached = cached
        self._first = logits[-1]

    def choose(
        self, choices: Sequence[str], *, temperature: float, seed: int
    ) -> tuple[str, dict[str, float]]:
        """One of the allowed answers, and the log-probability of each, its end included."""
        answers = [[*self._model.tokens(choice), self._model.end] for choice in choices]
        scores = self._model.score(answers, self._cache, self._first)
        rounded = {choice: round(score, 4) for choice, score in zip(choices, scores, strict=True)}
        chosen = _draw(torch.tensor(scores), temperature, seed)
        return choices[chosen], rounded

    def write(self, most: int, *, temperature: float, seed: int, stop: Sequence[str]) -> tuple[str, int, str]:
        """Free text of at most so many tokens: the text, its tokens, and ``stop`` or ``length``."""
        written: list[int] = []
        logits = self._first
        finish = "length"
        most = min(most, self._model.context - self.length)
        while len(written) < most:
            token = _draw(logits, temperature, seed + len(written))
            if token == self._model.end:
                finish = "stop"
                break
            written.append(token)
            text = self._model.text(written)
            if any(word in text for word in stop):
                finish = "stop"
                break
            if len(written) < most:
                logits = self._model._forward([token], self._cache)[-1]
        _cut(self._cache, self.length)
        text = self._model.text(written)
        for word in stop:
            text = text.partition(word)[0]
        return text, len(written), finish


def _draw(log_probabilities: torch.Tensor, temperature: float, seed: int) -> int:
    """The likeliest, or one drawn at a temperature; the same seed draws the same."""
    if temperature <= 0:
        return int(log_probabilities.argmax())
    dice = torch.Generator().manual_seed(seed % 2**63)
    return int(torch.multinomial(torch.softmax(log_probabilities / temperature, 0), 1, generator=dice))


def _cut(cache: DynamicCache, length: int) -> None:
    """Forget what a cache holds beyond a length."""
    surplus = cache.get_seq_length() - length
    if surplus > 0:
        cache.crop(-surplus)


def _shared(one: list[int], other: list[int]) -> int:
    """How many leading tokens two prompts share."""
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return at
    return min(len(one), len(other))
