"""Chat Completions: our request as its body, its answer (whole or streamed) as our completion."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from harness.api import Completion, InputError, Message, Request, Text, TransientError, Usage
from harness.providers.http import action_schema, data_url, unwrap

_PATH = "/chat/completions"

Constraint = Literal["json_schema", "tool", "vllm", "grammar", "json_object", "none"]
TOOL = "act"
"""The tool whose one argument is the action, where allowed answers are enforced by a tool call."""


def check_constraint(constraint: str, api: str) -> None:
    """Refuse a constraint that there is not.

    Raises:
        InputError: it has another name, or the Responses API does not have it.
    """
    known = ("json_schema", "none") if api == "responses" else get_args(Constraint)
    if constraint not in known:
        raise InputError(f"constraint {constraint!r} of api {api!r}: there are {', '.join(known)}")


def body(model: str, request: Request, constraint: Constraint, *, own_server: bool) -> dict[str, Any]:
    """The body of a request.

    OpenAI itself wants ``max_completion_tokens``; most other servers know the older name only.
    """
    sampling = request.sampling
    values = {
        "model": model,
        "messages": [message(each) for each in request.messages],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
        "max_tokens" if own_server else "max_completion_tokens": sampling.max_tokens,
        "stop": list(sampling.stop) or None,
        "reasoning_effort": sampling.reasoning_effort,
    }
    allowed = enforced(request.choices, constraint) if request.choices else {}
    return {name: value for name, value in values.items() if value is not None} | allowed


def enforced(choices: Sequence[str], constraint: Constraint) -> dict[str, Any]:
    """The fields that hold a model to the allowed answers."""
    schema = action_schema(choices)
    fields: dict[str, dict[str, Any]] = {
        "json_schema": {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "action", "strict": True, "schema": schema},
            }
        },
        "json_object": {"response_format": {"type": "json_object"}},
        "tool": {
            "tools": [{"type": "function", "function": {"name": TOOL, "parameters": schema}}],
            "tool_choice": {"type": "function", "function": {"name": TOOL}},
        },
        "vllm": {"structured_outputs": {"choice": list(choices)}},
        "grammar": {"grammar": grammar(choices)},
        "none": {},
    }
    return fields[constraint]


def grammar(choices: Sequence[str]) -> str:
    """The allowed answers as a grammar in llama.cpp's notation (GBNF)."""
    quoted = (choice.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for choice in choices)
    return "root ::= " + " | ".join(f'"{choice}"' for choice in quoted)


def message(ours: Message) -> dict[str, Any]:
    """One message; a plain string where it is only text."""
    if all(isinstance(part, Text) for part in ours.parts):
        return {"role": ours.role, "content": ours.text}
    content = [
        {"type": "text", "text": part.text}
        if isinstance(part, Text)
        else {"type": "image_url", "image_url": {"url": data_url(part.png)}}
        for part in ours.parts
    ]
    return {"role": ours.role, "content": content}


@dataclass(slots=True)
class _Answer:
    """What an answer amounts to, whole or put together from a stream."""

    id: str = ""
    model: str = ""
    text: str = ""
    reasoning: str = ""
    arguments: str = ""
    refused: bool = False
    finish: str | None = None
    usage: Any = None
    first_token: float | None = None

    def add(self, message: Any) -> None:
        """Take over a message or a piece of one."""
        self.text += message.content or ""
        # vLLM and OpenRouter call it `reasoning`, DeepSeek and older servers `reasoning_content`.
        extra = getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None)
        self.reasoning += extra if isinstance(extra, str) else ""
        self.refused = self.refused or bool(getattr(message, "refusal", None))
        for call in getattr(message, "tool_calls", None) or ():
            self.arguments += (call.function.arguments or "") if call.function else ""


async def ask(client: Any, body: dict[str, Any], request: Request, *, stream: bool) -> Completion:
    """Send a request and read what comes back.

    The SDK's ``chat.completions.create`` would look at every part of every message once more before it
    sends them: some 6 ms for a conversation of twenty messages, more than all the rest of a turn.

    Raises:
        TransientError: the answer holds no choice, or the stream ended before the answer did.
    """
    answer = await (_streamed if stream else _asked)(client, body)
    return _completion(answer, request)


async def _asked(client: Any, body: dict[str, Any]) -> _Answer:
    from openai.types.chat import ChatCompletion

    return _whole(await client.post(_PATH, body=body, cast_to=ChatCompletion))


def _whole(reply: Any) -> _Answer:
    if not getattr(reply, "choices", None):
        raise TransientError("the server's answer holds no choices")
    choice = reply.choices[0]
    answer = _Answer(id=str(reply.id), model=str(reply.model), finish=choice.finish_reason, usage=reply.usage)
    answer.add(choice.message)
    return answer


async def _streamed(client: Any, body: dict[str, Any]) -> _Answer:
    from openai import AsyncStream
    from openai.types.chat import ChatCompletionChunk

    begun = time.perf_counter()
    answer = _Answer()
    body = {**body, "stream": True, "stream_options": {"include_usage": True}}
    chunks = AsyncStream[ChatCompletionChunk]
    async for chunk in await client.post(
        _PATH, body=body, cast_to=ChatCompletionChunk, stream=True, stream_cls=chunks
    ):
        answer.id, answer.model = str(chunk.id or answer.id), str(chunk.model or answer.model)
        answer.usage = chunk.usage or answer.usage
        for choice in chunk.choices[:1]:
            answer.add(choice.delta)
            answer.finish = choice.finish_reason or answer.finish
        if answer.first_token is None and (answer.text or answer.reasoning or answer.arguments):
            answer.first_token = time.perf_counter() - begun
    if answer.finish is None:
        raise TransientError("the stream ended before the answer did")
    return answer


def _completion(answer: _Answer, request: Request) -> Completion:
    return Completion(
        unwrap(answer.text or answer.arguments, request.choices),
        reasoning=answer.reasoning,
        finish=_finish(answer),
        usage=_usage(answer.usage),
        first_token=answer.first_token,
        cost=_cost(answer.usage),
        details={"id": answer.id, "model": answer.model},
    )


def _finish(answer: _Answer) -> Literal["stop", "length", "refusal"]:
    if answer.refused or answer.finish == "content_filter":
        return "refusal"
    return "length" if answer.finish == "length" else "stop"


def _usage(usage: Any) -> Usage:
    if usage is None:
        return Usage()
    prompt, answer = usage.prompt_tokens_details, usage.completion_tokens_details
    # DeepSeek counts what came from its cache in a field of its own.
    cached = getattr(prompt, "cached_tokens", 0) or getattr(usage, "prompt_cache_hit_tokens", 0)
    return Usage(
        input=usage.prompt_tokens or 0,
        output=usage.completion_tokens or 0,
        cached=cached or 0,
        reasoning=getattr(answer, "reasoning_tokens", 0) or 0,
    )


def _cost(usage: Any) -> float | None:
    """What the answer itself says that it cost, in US dollars (OpenRouter does)."""
    cost = getattr(usage, "cost", None)
    return float(cost) if isinstance(cost, int | float) and not isinstance(cost, bool) else None
