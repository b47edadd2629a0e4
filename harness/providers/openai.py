"""OpenAI's API, and every server that speaks it: Chat Completions or Responses, through the SDK."""

from __future__ import annotations

import base64
import json
import os
import re
import time
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlparse

from harness.api import (
    Completion,
    FatalError,
    InputError,
    Message,
    MissingKey,
    Provider,
    ProviderError,
    ProviderTimeout,
    RateLimited,
    Request,
    Text,
    TransientError,
    Usage,
)

if TYPE_CHECKING:
    import openai

Constraint = Literal["json_schema", "vllm", "none"]
_LOCAL = ("localhost", "127.0.0.1", "::1")
_CONNECT_SECONDS = 30.0  # generous: a busy local server accepts late, and that is no failure


class OpenAIProvider(Provider):
    """Models of OpenAI and of every compatible server (``--base-url http://…/v1``).

    Options: `base_url`; `key_env`, the name of the environment variable that holds the key (a server
    on this machine needs none); `api` (``chat`` or ``responses``); `constraint`, how allowed answers
    are enforced: ``json_schema`` (structured outputs), ``vllm`` (its ``structured_outputs``), or
    ``none``; `timeout` in seconds for one answer.
    """

    needs_key = "OPENAI_API_KEY"
    extra = "openai"

    def __init__(
        self,
        model: str = "",
        *,
        base_url: str | None = None,
        key_env: str = "OPENAI_API_KEY",
        api: Literal["chat", "responses"] = "chat",
        constraint: Constraint = "json_schema",
        timeout: float = 600.0,
    ) -> None:
        super().__init__(model, base_url=base_url, api=api, constraint=constraint)
        if not model:
            raise InputError("say which model: openai:MODEL")
        self._api = api
        self._constraint = constraint
        key = os.environ.get(key_env)
        if not key:
            if urlparse(base_url or "").hostname not in _LOCAL:
                raise MissingKey(f"the environment variable {key_env} is not set")
            key = "none"  # the SDK insists on one, local servers ignore it
        self._secret = key
        self._client = _client(key, base_url, timeout)

    async def complete(self, request: Request) -> Completion:
        """One answer, with the SDK's own retries off.

        Raises:
            TransientError, RateLimited, ProviderTimeout, FatalError: by what the server said.
        """
        import openai

        begun = time.perf_counter()
        try:
            completion = await (self._chat(request) if self._api == "chat" else self._responses(request))
        except openai.OpenAIError as error:
            raise _typed(error, self._secret) from None
        except json.JSONDecodeError:
            raise TransientError("the server's answer is not JSON") from None
        return Completion(**{**_fields(completion), "latency": time.perf_counter() - begun})

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _chat(self, request: Request) -> Completion:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [_chat_message(message) for message in request.messages],
            **_sampling(request, "max_completion_tokens" if not self.options["base_url"] else "max_tokens"),
        }
        if request.sampling.stop:
            body["stop"] = list(request.sampling.stop)
        if request.sampling.reasoning_effort:
            body["reasoning_effort"] = request.sampling.reasoning_effort
        extra: dict[str, Any] = {}
        if request.choices and self._constraint == "json_schema":
            schema = {"name": "action", "strict": True, "schema": _schema(request.choices)}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif request.choices and self._constraint == "vllm":
            extra["structured_outputs"] = {"choice": list(request.choices)}
        answer = await self._client.chat.completions.create(**body, extra_body=extra or None)
        choices = getattr(answer, "choices", None)
        if not choices:
            raise TransientError("the server's answer holds no choices")
        message = choices[0].message
        return Completion(
            _unwrap(message.content or "", request),
            reasoning=str(getattr(message, "reasoning_content", None) or ""),
            finish=_finish(choices[0].finish_reason, bool(getattr(message, "refusal", None))),
            usage=_chat_usage(answer.usage),
            details={"id": str(answer.id), "model": str(answer.model)},
        )

    async def _responses(self, request: Request) -> Completion:
        body: dict[str, Any] = {
            "model": self.model,
            "input": [_response_message(message) for message in request.messages],
            "store": False,
            **_sampling(request, "max_output_tokens"),
        }
        body.pop("seed", None)  # this API has none
        if request.sampling.reasoning_effort:
            body["reasoning"] = {"effort": request.sampling.reasoning_effort}
        if request.choices and self._constraint == "json_schema":
            schema = {"name": "action", "strict": True, "schema": _schema(request.choices)}
            body["text"] = {"format": {"type": "json_schema", **schema}}
        answer = await self._client.responses.create(**body)
        if getattr(answer, "output", None) is None:
            raise TransientError("the server's answer holds no output")
        parts = [part for item in answer.output for part in getattr(item, "content", None) or ()]
        refused = any(part.type == "refusal" for part in parts)
        cut = answer.status == "incomplete"
        return Completion(
            _unwrap(answer.output_text or "", request),
            finish="refusal" if refused else "length" if cut else "stop",
            usage=_response_usage(answer.usage),
            details={"id": str(answer.id), "model": str(answer.model)},
        )


def _client(key: str, base_url: str | None, timeout: float) -> openai.AsyncOpenAI:
    import openai

    limits = openai.Timeout(timeout, connect=_CONNECT_SECONDS)
    return openai.AsyncOpenAI(api_key=key, base_url=base_url, max_retries=0, timeout=limits)


def _fields(completion: Completion) -> dict[str, Any]:
    return {name: getattr(completion, name) for name in Completion.__slots__}


def _sampling(request: Request, max_tokens: str) -> dict[str, Any]:
    sampling = request.sampling
    values = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
        max_tokens: sampling.max_tokens,
    }
    return {name: value for name, value in values.items() if value is not None}


def _data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _chat_message(message: Message) -> dict[str, Any]:
    if all(isinstance(part, Text) for part in message.parts):
        return {"role": message.role, "content": message.text}
    content = [
        {"type": "text", "text": part.text}
        if isinstance(part, Text)
        else {"type": "image_url", "image_url": {"url": _data_url(part.png)}}
        for part in message.parts
    ]
    return {"role": message.role, "content": content}


def _response_message(message: Message) -> dict[str, Any]:
    kind = "output_text" if message.role == "assistant" else "input_text"
    content = [
        {"type": kind, "text": part.text}
        if isinstance(part, Text)
        else {"type": "input_image", "image_url": _data_url(part.png)}
        for part in message.parts
    ]
    return {"role": message.role, "content": content}


def _schema(choices: tuple[str, ...]) -> dict[str, Any]:
    action = {"type": "string", "enum": list(choices)}
    return {
        "type": "object",
        "properties": {"action": action},
        "required": ["action"],
        "additionalProperties": False,
    }


def _unwrap(text: str, request: Request) -> str:
    """The action out of the JSON object that the schema asked for; anything else as it is."""
    if not request.choices:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    named = value.get("action") if isinstance(value, dict) and set(value) == {"action"} else None
    return named if isinstance(named, str) else text


def _finish(reason: str | None, refused: bool) -> Literal["stop", "length", "refusal"]:
    if refused or reason == "content_filter":
        return "refusal"
    return "length" if reason == "length" else "stop"


def _chat_usage(usage: Any) -> Usage:
    if usage is None:
        return Usage()
    prompt, answer = usage.prompt_tokens_details, usage.completion_tokens_details
    return Usage(
        input=usage.prompt_tokens or 0,
        output=usage.completion_tokens or 0,
        cached=(getattr(prompt, "cached_tokens", 0) or 0) if prompt else 0,
        reasoning=(getattr(answer, "reasoning_tokens", 0) or 0) if answer else 0,
    )


def _response_usage(usage: Any) -> Usage:
    if usage is None:
        return Usage()
    return Usage(
        input=usage.input_tokens,
        output=usage.output_tokens,
        cached=getattr(usage.input_tokens_details, "cached_tokens", 0) or 0,
        reasoning=getattr(usage.output_tokens_details, "reasoning_tokens", 0) or 0,
    )


def _typed(error: openai.OpenAIError, secret: str) -> ProviderError:
    """The SDK's exception as one of ours, without the key that an echoing server may have put in it."""
    import openai

    text = _scrub(str(error), secret)
    if isinstance(error, openai.APITimeoutError):
        return ProviderTimeout(f"no answer in time: {text}")
    if isinstance(error, openai.RateLimitError):
        if error.code == "insufficient_quota":
            return FatalError(text)
        return RateLimited(text, _retry_after(error.response.headers.get("retry-after")))
    if isinstance(error, openai.APIStatusError):
        passing = error.status_code >= 500 or error.status_code in (408, 409)
        return TransientError(text) if passing else FatalError(text)
    if isinstance(error, openai.APIConnectionError | openai.APIResponseValidationError):
        return TransientError(text)
    return FatalError(text)


def _retry_after(value: str | None) -> float | None:
    """Seconds, where the header holds a number (its other form, a date, is left to our own waits)."""
    return float(value) if value and re.fullmatch(r"\d+(\.\d+)?", value.strip()) else None


def _scrub(text: str, secret: str) -> str:
    text = " ".join(text.split())[:600]
    return text.replace(secret, "[key]") if len(secret) > 4 else text
