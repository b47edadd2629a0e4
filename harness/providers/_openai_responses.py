"""The Responses API: our request as its body, its answer (whole or streamed) as our completion."""

from __future__ import annotations

import time
from typing import Any

from harness.api import Completion, Message, Request, Text, TransientError, Usage
from harness.providers.http import action_schema, data_url, unwrap


def body(model: str, request: Request, constraint: str) -> dict[str, Any]:
    """The arguments of ``responses.create``. This API has neither a seed nor stop words."""
    sampling = request.sampling
    values: dict[str, Any] = {
        "model": model,
        "input": [message(each) for each in request.messages],
        "store": False,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_output_tokens": sampling.max_tokens,
    }
    if sampling.reasoning_effort:
        values["reasoning"] = {"effort": sampling.reasoning_effort}
    if request.choices and constraint == "json_schema":
        schema = {"name": "action", "strict": True, "schema": action_schema(request.choices)}
        values["text"] = {"format": {"type": "json_schema", **schema}}
    return {name: value for name, value in values.items() if value is not None}


def message(ours: Message) -> dict[str, Any]:
    """One message of the input."""
    kind = "output_text" if ours.role == "assistant" else "input_text"
    content = [
        {"type": kind, "text": part.text}
        if isinstance(part, Text)
        else {"type": "input_image", "image_url": data_url(part.png)}
        for part in ours.parts
    ]
    return {"role": ours.role, "content": content}


async def ask(client: Any, body: dict[str, Any], request: Request, *, stream: bool) -> Completion:
    """Send a request and read what comes back.

    Raises:
        TransientError: the answer holds no output, failed, or the stream ended before the answer did.
    """
    first_token: float | None = None
    if stream:
        answer, first_token = await _streamed(client, body)
    else:
        answer = await client.responses.create(**body)
    return _completion(answer, request, first_token)


async def _streamed(client: Any, body: dict[str, Any]) -> tuple[Any, float | None]:
    begun = time.perf_counter()
    first_token: float | None = None
    async for event in await client.responses.create(**body, stream=True):
        if first_token is None and event.type.endswith(".delta"):
            first_token = time.perf_counter() - begun
        if event.type in ("response.completed", "response.incomplete", "response.failed"):
            return event.response, first_token
    raise TransientError("the stream ended before the answer did")


def _completion(answer: Any, request: Request, first_token: float | None) -> Completion:
    if getattr(answer, "output", None) is None:
        raise TransientError("the server's answer holds no output")
    if answer.status == "failed":
        raise TransientError(f"the server failed to answer: {getattr(answer.error, 'message', '')}")
    refused = any(part.type == "refusal" for part in _parts(answer, "content"))
    reason = getattr(answer.incomplete_details, "reason", None)
    cut = answer.status == "incomplete"
    return Completion(
        unwrap(answer.output_text or "", request.choices),
        reasoning="\n".join(part.text for part in _parts(answer, "summary")),
        finish="refusal" if refused or reason == "content_filter" else "length" if cut else "stop",
        usage=_usage(answer.usage),
        first_token=first_token,
        details={"id": str(answer.id), "model": str(answer.model)},
    )


def _parts(answer: Any, field: str) -> list[Any]:
    return [part for item in answer.output for part in getattr(item, field, None) or ()]


def _usage(usage: Any) -> Usage:
    if usage is None:
        return Usage()
    return Usage(
        input=usage.input_tokens,
        output=usage.output_tokens,
        cached=getattr(usage.input_tokens_details, "cached_tokens", 0) or 0,
        reasoning=getattr(usage.output_tokens_details, "reasoning_tokens", 0) or 0,
    )
