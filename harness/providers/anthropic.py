"""Anthropic's Messages API, through the SDK."""

from __future__ import annotations

import base64
import time
from typing import Any, Literal

from harness.api import (
    Completion,
    FatalError,
    InputError,
    ProviderError,
    ProviderTimeout,
    Request,
    Text,
    TransientError,
    Usage,
)
from harness.keys import scrub
from harness.providers.http import HTTPProvider, action_schema, by_status, checked_url, key_for, unwrap

Constraint = Literal["json_schema", "tool", "none"]
_TOOL = "act"
_MAX_TOKENS = 4096
"""The API wants a limit on every answer; this one holds where the run sets none."""


class AnthropicProvider(HTTPProvider):
    """Anthropic's models.

    Options: `constraint`, how allowed answers are enforced: ``json_schema`` (structured outputs),
    ``tool`` (a named tool call, for older models; not with thinking) or ``none``; `thinking`: a number
    of tokens for extended thinking, ``adaptive``, or ``off``; by default adaptive where the run sets a
    reasoning effort; `cache`: how long prompts are kept (``5m``, ``1h`` or ``off``); `stream`, to
    measure the time to the first token; `timeout` in seconds for one answer; `base_url`; `key_env`.
    """

    needs_key = "ANTHROPIC_API_KEY"
    extra = "anthropic"
    sdk = "anthropic"

    def __init__(
        self,
        model: str = "",
        *,
        base_url: str | None = None,
        key_env: str = "ANTHROPIC_API_KEY",
        constraint: Constraint = "json_schema",
        thinking: int | Literal["adaptive", "off"] | None = None,
        cache: Literal["5m", "1h", "off"] = "5m",
        stream: bool = False,
        timeout: float = 600.0,
    ) -> None:
        base_url = checked_url(base_url)
        super().__init__(
            model, timeout=timeout, base_url=base_url, constraint=constraint, thinking=thinking, cache=cache
        )
        _check(constraint, thinking, cache)
        self._key = key_for(key_env, base_url)
        self._stream = stream
        self.endpoint = base_url or "https://api.anthropic.com"
        self.prices = self.endpoint

    def _connect(self) -> Any:
        import anthropic

        return anthropic.AsyncAnthropic(
            api_key=self._key,
            base_url=self.options["base_url"],
            max_retries=0,
            timeout=self._timeout,
            http_client=self._http(),
        )

    async def _answer(self, request: Request) -> Completion:
        body = self._body(request)
        if not self._stream:
            return _completion(await self._client.messages.create(**body), request)
        begun = time.perf_counter()
        first_token: float | None = None
        async with self._client.messages.stream(**body) as events:
            async for event in events:
                if first_token is None and event.type == "content_block_delta":
                    first_token = time.perf_counter() - begun
            answer = await events.get_final_message()
        return _completion(answer, request, first_token)

    def _body(self, request: Request) -> dict[str, Any]:
        """The arguments of ``messages.create``. The API has no seed."""
        sampling = request.sampling
        thinking = self._thinking(request)
        values: dict[str, Any] = {
            "model": self.model,
            "max_tokens": sampling.max_tokens or _MAX_TOKENS,
            **_conversation(request, self.options["cache"]),
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "stop_sequences": list(sampling.stop) or None,
            "thinking": thinking,
            "output_config": self._output(request),
        }
        if isinstance(self.options["thinking"], int) and sampling.max_tokens is None:
            values["max_tokens"] += self.options["thinking"]  # thinking counts against the limit
        values |= self._tool(request)
        return {name: value for name, value in values.items() if value is not None}

    def _thinking(self, request: Request) -> dict[str, Any] | None:
        chosen = self.options["thinking"]
        if isinstance(chosen, int):
            return {"type": "enabled", "budget_tokens": chosen}
        if chosen == "adaptive" or (chosen is None and request.sampling.reasoning_effort):
            return {"type": "adaptive"}
        return {"type": "disabled"} if chosen == "off" else None

    def _output(self, request: Request) -> dict[str, Any] | None:
        config: dict[str, Any] = {}
        if request.sampling.reasoning_effort:
            config["effort"] = request.sampling.reasoning_effort
        if request.choices and self.options["constraint"] == "json_schema":
            config["format"] = {"type": "json_schema", "schema": action_schema(request.choices)}
        return config or None

    def _tool(self, request: Request) -> dict[str, Any]:
        if not request.choices or self.options["constraint"] != "tool":
            return {}
        return {
            "tools": [{"name": _TOOL, "input_schema": action_schema(request.choices)}],
            "tool_choice": {"type": "tool", "name": _TOOL},
        }

    def _typed(self, error: Exception) -> ProviderError | None:
        import anthropic

        if isinstance(error, anthropic.APITimeoutError):
            return ProviderTimeout("no answer in time")
        if isinstance(error, anthropic.APIStatusError):
            return _by_status(error)
        if isinstance(error, anthropic.APIConnectionError):
            return self._unconnected(error.__cause__ or error)
        if isinstance(error, anthropic.APIError):
            return TransientError(scrub(str(error)))
        return FatalError(scrub(str(error))) if isinstance(error, anthropic.AnthropicError) else None


def _by_status(error: Any) -> ProviderError:
    # An error inside a stream comes with the status of the stream, which is 200; its type tells.
    within = {"overloaded_error": 529, "api_error": 500, "rate_limit_error": 429, "timeout_error": 504}
    status = within.get(error.type or "", 400) if error.status_code < 400 else error.status_code
    failure = by_status(status, error.response.headers, str(error))
    words = ("output_config", "output_format", "structured", "tool_choice", "effort", "thinking")
    if status == 400 and any(word in str(failure) for word in words):
        hint = "the model may not know it: set anthropic's option constraint: tool (or none), thinking: off"
        return FatalError(f"{failure} ({hint})")
    return failure


def _check(constraint: str, thinking: Any, cache: str) -> None:
    if constraint not in ("json_schema", "tool", "none"):
        raise InputError(f"constraint {constraint!r}: there are json_schema, tool and none")
    if cache not in ("5m", "1h", "off"):
        raise InputError(f"cache {cache!r}: there are 5m, 1h and off")
    number = isinstance(thinking, int) and not isinstance(thinking, bool) and thinking >= 1024
    if not number and thinking not in (None, "adaptive", "off"):
        raise InputError(f"thinking {thinking!r}: a number of at least 1024 tokens, adaptive or off")
    if constraint == "tool" and (number or thinking == "adaptive"):
        raise InputError("constraint tool does not go with thinking: use json_schema or none")


def _conversation(request: Request, cache: str) -> dict[str, Any]:
    """The system prompt in its place, the messages in theirs, each with a cache break-point.

    The break-points stand at the end of what later requests repeat: after the system prompt, and
    after the last of the `stable` messages. The API finds the longest kept beginning by itself.
    """
    mark = {} if cache == "off" else {"cache_control": {"type": "ephemeral", "ttl": cache}}
    system: list[dict[str, Any]] = []
    messages: list[dict[str, Any]] = []
    for number, message in enumerate(request.messages, 1):
        blocks = [_block(part) for part in message.parts]
        if number == request.stable and blocks:
            blocks[-1] |= mark
        if message.role == "system":
            system += blocks
        else:
            messages.append({"role": message.role, "content": blocks})
    if system and request.stable:
        system[-1] |= mark
    return {"system": system or None, "messages": messages}


def _block(part: Any) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    data = base64.b64encode(part.png).decode("ascii")
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}


def _completion(answer: Any, request: Request, first_token: float | None = None) -> Completion:
    if getattr(answer, "stop_reason", None) is None:
        raise TransientError("the answer ended before its stop reason")
    text = "".join(block.text for block in answer.content if block.type == "text")
    for block in answer.content:
        if block.type == "tool_use" and isinstance(block.input, dict):
            text = str(block.input.get("action", text))
    return Completion(
        unwrap(text, request.choices),
        reasoning="\n".join(block.thinking for block in answer.content if block.type == "thinking"),
        finish=_FINISH.get(answer.stop_reason, "stop"),
        usage=_usage(answer.usage),
        first_token=first_token,
        details={"id": str(answer.id), "model": str(answer.model)},
    )


_FINISH: dict[str, Literal["stop", "length", "refusal"]] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}


def _usage(usage: Any) -> Usage:
    """The API counts what was read from and written to its cache beside the input; we count it in."""
    cached = usage.cache_read_input_tokens or 0
    written = usage.cache_creation_input_tokens or 0
    return Usage(
        input=(usage.input_tokens or 0) + cached + written,
        output=usage.output_tokens or 0,
        cached=cached,
        reasoning=getattr(usage.output_tokens_details, "thinking_tokens", 0) or 0,
        written=written,
    )
