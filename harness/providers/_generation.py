"""Hugging Face models that answer several requests at once, each as if it were alone.

`generate` moves all rows of a batch on by one token a step. Which token is decided here, row by row:
every row has dice, allowed answers, stop strings and a limit of its own.
"""

from __future__ import annotations

import copy
import io
import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is imported; a bar has no place in our output

import torch
from transformers import (
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    BatchFeature,
    GenerationConfig,
    GgufConfig,
)
from transformers.utils import logging as transformers_logging

from harness.api import Completion, FatalError, Image, InputError, Message, Request, Text, Usage
from harness.providers._batch import Job, Outcome, has_pictures
from harness.seeds import derive

_BEFORE = 2
"""Tokens decoded before the ones that can hold a stop string: some tokenizers trim the first one's space."""

# ----------------------------------------------------------------------------------------- loading


def load(name: str, *, device: str, dtype: str, gguf: str | None, max_tokens: int) -> Engine:
    """A model of the hub or of a folder, its weights on the device.

    Raises:
        InputError: there is no such model, file or device, or what it needs is not installed.
        FatalError: it does not fit into memory, or does not start.
    """
    transformers_logging.disable_progress_bar()
    place = _device(device)
    kind: Any = (torch.float32 if place == "cpu" else "auto") if dtype == "auto" else getattr(torch, dtype)
    try:
        words, model = _loaded(name, gguf, {"dtype": kind, "device_map": {"": place}})
    except torch.OutOfMemoryError:
        hint = "set dtype=bfloat16 or take a smaller model"
        raise FatalError(f"{name} does not fit into the memory of {place}; {hint}") from None
    except ImportError as error:
        raise InputError(f"{name} needs a package that is not here: {_first_line(error)}") from error
    except (OSError, ValueError) as error:
        hint = "name a folder, or a model of the Hugging Face hub as OWNER/NAME"
        raise InputError(f"cannot load {name!r}: {_first_line(error)}; {hint}") from error
    except Exception as error:
        raise FatalError(f"{name} does not start: {type(error).__name__}: {_first_line(error)}") from error
    if not words.chat_template:
        raise InputError(f"{name} has no chat template: take a model that was tuned for conversations")
    return Engine(name, words, model, max_tokens)


def _loaded(name: str, gguf: str | None, how: Mapping[str, Any]) -> tuple[Any, Any]:
    """The processor (of a model that takes pictures) or tokenizer, and the model."""
    if gguf is not None:
        plain = GgufConfig(dequantize=True)  # the same weights in any dtype, on any device
        model = AutoModelForCausalLM.from_pretrained(name, gguf_file=gguf, quantization_config=plain, **how)
        return AutoTokenizer.from_pretrained(name, gguf_file=gguf), model
    if type(AutoConfig.from_pretrained(name)) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
        words = AutoProcessor.from_pretrained(name)
        return words, AutoModelForImageTextToText.from_pretrained(name, **how)
    return AutoTokenizer.from_pretrained(name), AutoModelForCausalLM.from_pretrained(name, **how)


def _device(asked: str) -> str:
    if asked == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=asked)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"cannot use device={asked}: {_first_line(error)}; device=auto takes what is there"
        ) from None
    return asked


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


# --------------------------------------------------------------------------------------- answering


class Engine:
    """A loaded model with its tokenizer. One thread at a time."""

    def __init__(self, name: str, words: Any, model: Any, max_tokens: int) -> None:
        self._name = name
        self._words = words
        self._model = model.eval()
        self._max_tokens = max_tokens
        self.tokenizer: Any = getattr(words, "tokenizer", words)
        self._pictures = words is not self.tokenizer
        self.ends = _ends(model, self.tokenizer)
        self.tokenizer.padding_side = "left"  # so that every row's next token comes at the same place
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        # Counting happens on another thread, and a tokenizer that is set to pad cannot be used by two.
        self._counting: Any = copy.deepcopy(self.tokenizer)
        # Its sampling defaults (temperature, repetition penalty, …) must not reach into our answers.
        model.generation_config = GenerationConfig(pad_token_id=self.tokenizer.pad_token_id)
        longest = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        self._context: int = longest or self.tokenizer.model_max_length

    def answer(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Answer a batch, either all with pictures or all without.

        Where a batch fails, its requests are asked one by one, so that each fails by its own fault only.
        """
        try:
            return list(self._together(jobs))
        except torch.OutOfMemoryError:
            return [self._out_of_memory(len(jobs))] * len(jobs)
        except Exception as error:
            if len(jobs) > 1:
                return [outcome for job in jobs for outcome in self.answer([job])]
            return [error if isinstance(error, FatalError) else self._failed(error)]

    def count(self, text: str) -> int:
        """The tokens of a text, without special ones."""
        return len(self._counting(text, add_special_tokens=False)["input_ids"])

    def text(self, ids: Sequence[int]) -> str:
        """The text of token ids."""
        text: str = self.tokenizer.decode(ids, skip_special_tokens=True)
        return text

    def _out_of_memory(self, count: int) -> FatalError:
        hint = "set a smaller batch_size or use a shorter history"
        return FatalError(f"{self._name}: out of memory with {count} requests at once; {hint}")

    def _failed(self, error: Exception) -> FatalError:
        return FatalError(f"{self._name} failed: {type(error).__name__}: {_first_line(error)}")

    def _together(self, jobs: Sequence[Job]) -> list[Completion]:
        prompts = self._prompts([job.request for job in jobs])
        lengths = prompts["attention_mask"].sum(dim=1).tolist()
        rows = [self._row(job, length) for job, length in zip(jobs, lengths, strict=True)]
        if not all(row.finished for row in rows):
            self._generate(prompts, rows)
        return [row.completion() for row in rows]

    def _prompts(self, requests: Sequence[Request]) -> Any:
        """The inputs of the model; `attention_mask` (requests × tokens) tells tokens from padding."""
        if not self._pictures and any(has_pictures(request) for request in requests):
            raise FatalError(f"{self._name} takes no pictures: use --observe text")
        chats = [[self._message(message) for message in request.messages] for request in requests]
        shape = {"padding": True, "return_tensors": "pt"}
        more = {"processor_kwargs": shape} if self._pictures else shape
        return self._words.apply_chat_template(
            chats, add_generation_prompt=True, tokenize=True, return_dict=True, **more
        )

    def _message(self, message: Message) -> dict[str, Any]:
        if not self._pictures:
            return {"role": message.role, "content": message.text}
        return {"role": message.role, "content": [_part(part) for part in message.parts]}

    def _row(self, job: Job, length: int) -> Row:
        """A row that has yet to be written.

        Raises:
            FatalError: the prompt leaves no room for an answer in the model's context.
        """
        allowed = self._allowed(job.request.choices) if job.request.choices else None
        room = self._context - length
        most = min(job.request.sampling.max_tokens or self._max_tokens, room)
        if room < (allowed.longest if allowed else 1):
            raise FatalError(
                f"the prompt has {length} tokens, {self._name} takes {self._context} with the answer; "
                "use a shorter history, such as history=window(turns=4)"
            )
        return Row(self, job, length, most, allowed)

    def _allowed(self, choices: Sequence[str]) -> Allowed:
        tokens = {choice: self.tokenizer(choice, add_special_tokens=False)["input_ids"] for choice in choices}
        return Allowed(tokens, self.ends)

    def _generate(self, prompts: Any, rows: Sequence[Row]) -> None:
        inputs = BatchFeature(dict(prompts)).to(self._model.device, dtype=self._model.dtype)

        def choose(ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            chosen = [[row.write(score)] for row, score in zip(rows, scores, strict=True)]
            only = torch.full_like(scores, -torch.inf)
            return only.scatter_(1, torch.tensor(chosen, device=scores.device), 0.0)

        def finished(ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
            return torch.tensor([row.finished for row in rows], device=ids.device)

        self._model.generate(
            **inputs,
            max_new_tokens=max(row.most for row in rows),
            do_sample=False,
            logits_processor=[choose],
            stopping_criteria=[finished],
        )


def _part(part: Text | Image) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    from PIL import Image as Pillow

    return {"type": "image", "image": Pillow.open(io.BytesIO(part.png)).convert("RGB")}


def _ends(model: Any, tokenizer: Any) -> list[int]:
    """The tokens that end an answer. Many checkpoints name one in the tokenizer and more elsewhere."""
    named = model.generation_config.eos_token_id
    more = named if isinstance(named, list) else [named]
    return sorted({token for token in (*more, tokenizer.eos_token_id) if token is not None})


# ----------------------------------------------------------------------------------------- one row


class Allowed:
    """The allowed answers, of which every token leaves fewer: a trie, walked down from its root.

    Args:
        answers: the token ids of each.
        ends: the tokens that end an answer. They tell ``go`` from ``go forward``.
    """

    def __init__(self, answers: Mapping[str, Sequence[int]], ends: Sequence[int]) -> None:
        self._left = dict(answers)
        self._ends = ends
        self._at = 0
        self.longest = max(map(len, answers.values())) + 1  # tokens, the end included

    @property
    def decided(self) -> bool:
        """Whether one answer is left: its other tokens are certain, so the model is not asked for them."""
        return len(self._left) == 1

    @property
    def answer(self) -> tuple[str, int]:
        """The answer that is left (the first one of several) and the number of its tokens."""
        text, ids = next(iter(self._left.items()))
        return text, len(ids)

    def following(self) -> list[int]:
        """The tokens that may come next, never none before the answer is decided."""
        ids = {ids[self._at] for ids in self._left.values() if len(ids) > self._at}
        ended = any(len(ids) == self._at for ids in self._left.values())
        return sorted(ids.union(self._ends if ended else ()))

    def take(self, token: int) -> None:
        """Go on with one of the tokens that may come next."""
        ended = [text for text, ids in self._left.items() if len(ids) == self._at]
        if token in self._ends and ended:
            self._left = {ended[0]: self._left[ended[0]]}
            return
        at, self._at = self._at, self._at + 1
        self._left = {text: ids for text, ids in self._left.items() if ids[at : self._at] == [token]}


class Row:
    """One answer while it is written, token by token, with dice of its own.

    Args:
        engine: whose tokens they are.
        job: the request.
        length: of the prompt, in tokens.
        most: the limit of a free answer, in tokens.
        allowed: the allowed answers, None where any text is. `most` and stop strings do not cut them.
    """

    def __init__(self, engine: Engine, job: Job, length: int, most: int, allowed: Allowed | None) -> None:
        self._engine = engine
        self._job = job
        self._sampling = job.request.sampling
        self._length = length
        self.most = allowed.longest if allowed else most
        self._allowed = allowed
        self._written: list[int] = []
        self._finish: Literal["stop", "length"] | None = "stop" if allowed and allowed.decided else None
        seed = derive(self._sampling.seed or 0, job.request.turn, job.request.call)
        self._dice = torch.Generator().manual_seed(seed)  # on the CPU: the same draws on every device

    @property
    def finished(self) -> bool:
        """Whether no more is to be written: the answer is whole, or nobody waits for it."""
        return self._finish is not None or self._job.given_up

    def write(self, scores: torch.Tensor) -> int:
        """Choose the next token by its score (one for each of the vocabulary) and write it down."""
        if self.finished:
            return self._engine.ends[0]  # others still write; what this row gets is not read
        if self._allowed:
            following = self._allowed.following()
            token = following[self._draw(scores[following])]
            self._allowed.take(token)
            self._finish = "stop" if self._allowed.decided else None
        else:
            token = self._draw(scores)
            self._finish = self._after(token)
        return token

    def completion(self) -> Completion:
        """The answer. Of a row that nobody waits for, what there is of it."""
        details = {}
        if self._allowed:
            text, count = self._allowed.answer
            details["constraint"] = "trie"
        else:
            text, count = self._engine.text(self._written), len(self._written)
            for stop in self._sampling.stop:
                text = text.partition(stop)[0]
        usage = Usage(input=self._length, output=count)
        return Completion(text, finish=self._finish or "stop", usage=usage, details=details)

    def _draw(self, scores: torch.Tensor) -> int:
        """The place of the greatest score, or with a temperature of one drawn."""
        if not self._sampling.temperature:
            return int(scores.argmax())
        chances = torch.softmax(scores.float().cpu() / self._sampling.temperature, dim=0)
        if self._sampling.top_p is not None:
            chances = _nucleus(chances, self._sampling.top_p)
        return int(torch.multinomial(chances, 1, generator=self._dice))

    def _after(self, token: int) -> Literal["stop", "length"] | None:
        """How the answer ends with this token, None where it goes on."""
        if token in self._engine.ends:
            return "stop"
        self._written.append(token)
        if self._stopped():
            return "stop"
        return "length" if len(self._written) >= self.most else None

    def _stopped(self) -> bool:
        """Whether the last token completes a stop string. A token holds at least one byte of text."""
        if not self._sampling.stop:
            return False
        longest = max(len(stop.encode()) for stop in self._sampling.stop)
        end = self._engine.text(self._written[-longest - _BEFORE :])
        return any(stop in end for stop in self._sampling.stop)


def _nucleus(chances: torch.Tensor, top_p: float) -> torch.Tensor:
    """The chances (one a token) with all but the likeliest, which make up `top_p`, set to zero."""
    ordered, places = chances.sort(descending=True, stable=True)
    beyond = ordered.cumsum(dim=0) - ordered >= top_p
    beyond[0] = False  # the likeliest stays, however small top_p is
    return chances.index_fill(0, places[beyond], 0.0)
