"""Google's Gemini API, through the SDK google-genai."""

from __future__ import annotations

import time
from typing import Any, Literal

from harness.api import (
    Completion,
    FatalError,
    InputError,
    Message,
    ProviderError,
    Request,
    Text,
    TransientError,
    Usage,
)
from harness.providers.http import HTTPProvider, by_status, checked_url, key_for

Constraint = Literal["enum", "none"]
_REFUSED = frozenset(
    ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "MODEL_ARMOR")
)  # fmt: skip
_BROKEN = frozenset(("OTHER", "MALFORMED_RESPONSE", "FINISH_REASON_UNSPECIFIED"))


class GoogleProvider(HTTPProvider):
    """Google's Gemini models.

    Options: `constraint`, how allowed answers are enforced: ``enum`` (an enum response schema) or
    ``none``; `thinking`: the most tokens for thinking (0: none, -1: as many as the model likes), else
    the run's reasoning effort is its thinking level; `stream`, to measure the time to the first token;
    `timeout` in seconds for one answer; `base_url`; `key_env`.
    """

    needs_key = "GEMINI_API_KEY"
    extra = "google"
    sdk = "google.genai"

    def __init__(
        self,
        model: str = "",
        *,
        base_url: str | None = None,
        key_env: str = "GEMINI_API_KEY",
        constraint: Constraint = "enum",
        thinking: int | None = None,
        stream: bool = False,
        timeout: float = 600.0,
    ) -> None:
        base_url = checked_url(base_url)
        super().__init__(model, timeout=timeout, base_url=base_url, constraint=constraint, thinking=thinking)
        if constraint not in ("enum", "none"):
            raise InputError(f"constraint {constraint!r}: there are enum and none")
        self._key = key_for(key_env, base_url)
        self._stream = stream
        self.endpoint = base_url or "https://generativelanguage.googleapis.com"
        self.prices = self.endpoint

    def _connect(self) -> Any:
        from google import genai

        options = genai.types.HttpOptions(
            base_url=self.options["base_url"],
            httpx_async_client=self._http(),
            retry_options=genai.types.HttpRetryOptions(attempts=1),
        )
        return genai.Client(api_key=self._key, vertexai=False, http_options=options)

    async def _disconnect(self, client: Any) -> None:
        await client.aio.aclose()

    async def _answer(self, request: Request) -> Completion:
        models = self._client.aio.models
        body = {"model": self.model, "contents": _contents(request), "config": self._config(request)}
        if not self._stream:
            return _completion([await models.generate_content(**body)])
        begun = time.perf_counter()
        first_token: float | None = None
        pieces = []
        async for piece in await models.generate_content_stream(**body):
            if first_token is None and _parts(piece):
                first_token = time.perf_counter() - begun
            pieces.append(piece)
        return _completion(pieces, first_token)

    def _config(self, request: Request) -> Any:
        from google.genai import types

        sampling = request.sampling
        system = "\n\n".join(message.text for message in request.messages if message.role == "system")
        held: dict[str, Any] = {}
        if request.choices and self.options["constraint"] == "enum":
            held["response_mime_type"] = "text/x.enum"
            held["response_schema"] = {"type": "STRING", "enum": list(request.choices)}
        return types.GenerateContentConfig(
            system_instruction=system or None,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_output_tokens=sampling.max_tokens,
            seed=sampling.seed,
            stop_sequences=list(sampling.stop) or None,
            thinking_config=self._thinking(request),
            **held,
        )

    def _thinking(self, request: Request) -> Any:
        from google.genai import types

        if self.options["thinking"] is not None:
            return types.ThinkingConfig(thinking_budget=self.options["thinking"], include_thoughts=True)
        if request.sampling.reasoning_effort:
            level = request.sampling.reasoning_effort.upper()
            return types.ThinkingConfig(thinking_level=level, include_thoughts=True)
        return None

    def _typed(self, error: Exception) -> ProviderError | None:
        from google.genai import errors

        if not isinstance(error, errors.APIError):
            return None
        headers = dict(getattr(error.response, "headers", None) or {})
        if (delay := _retry_delay(error.details)) is not None:
            headers.setdefault("retry-after", delay)
        failure = by_status(int(error.code or 0), headers, f"{error.code} {error.status}: {error.message}")
        if error.code == 400 and any(word in str(failure) for word in ("response_schema", "mime", "hinking")):
            hint = "the model may not know it: set google's option constraint: none, or leave thinking out"
            return FatalError(f"{failure} ({hint})")
        return failure


def _contents(request: Request) -> list[Any]:
    from google.genai import types

    roles = {"user": "user", "assistant": "model"}
    return [
        types.Content(role=roles[message.role], parts=_message_parts(message))
        for message in request.messages
        if message.role != "system"
    ]


def _message_parts(message: Message) -> list[Any]:
    from google.genai import types

    return [
        types.Part(text=part.text)
        if isinstance(part, Text)
        else types.Part.from_bytes(data=part.png, mime_type="image/png")
        for part in message.parts
    ]


def _parts(answer: Any) -> list[Any]:
    candidates = answer.candidates or ()
    return [part for each in candidates[:1] for part in (each.content and each.content.parts) or ()]


def _completion(pieces: list[Any], first_token: float | None = None) -> Completion:
    """The pieces of a stream, or the one piece of a whole answer, as a completion."""
    finish = _finish(pieces)
    parts = [part for piece in pieces for part in _parts(piece)]
    text = "".join(part.text or "" for part in parts if not part.thought)
    if finish in _BROKEN and not text:
        raise TransientError(f"the server did not answer (finish reason {finish})")
    last = pieces[-1]
    return Completion(
        text,
        reasoning="".join(part.text or "" for part in parts if part.thought),
        finish="refusal" if finish in _REFUSED else "length" if finish == "MAX_TOKENS" else "stop",
        usage=_usage(next((p.usage_metadata for p in reversed(pieces) if p.usage_metadata), None)),
        first_token=first_token,
        details={"id": str(last.response_id or ""), "model": str(last.model_version or "")},
    )


def _finish(pieces: list[Any]) -> str:
    """The finish reason by name; a prompt that was blocked counts as refused for safety.

    Raises:
        TransientError: there is none: the answer is not whole.
    """
    for piece in reversed(pieces):
        if piece.prompt_feedback and piece.prompt_feedback.block_reason:
            return "SAFETY"
        for candidate in (piece.candidates or ())[:1]:
            if candidate.finish_reason:
                return str(candidate.finish_reason.name)
    raise TransientError("the server's answer ended before its finish reason")


def _usage(usage: Any) -> Usage:
    if usage is None:
        return Usage()
    thoughts = usage.thoughts_token_count or 0
    return Usage(
        input=(usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0),
        output=(usage.candidates_token_count or 0) + thoughts,
        cached=usage.cached_content_token_count or 0,
        reasoning=thoughts,
    )


def _retry_delay(details: Any) -> str | None:
    """The seconds out of ``{"error": {"details": [{"retryDelay": "7s"}]}}``, where the API puts them."""
    try:
        found = [detail["retryDelay"] for detail in details["error"]["details"] if "retryDelay" in detail]
    except (TypeError, KeyError):
        return None
    return str(found[0]).rstrip("s") if found else None
