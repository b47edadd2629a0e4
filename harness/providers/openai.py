"""OpenAI's API, and every server that speaks it: Chat Completions or Responses, through the SDK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from harness.api import Completion, FatalError, ProviderError, ProviderTimeout, Request, TransientError
from harness.keys import scrub
from harness.providers import _openai_chat as chat
from harness.providers import _openai_responses as responses
from harness.providers._openai_chat import Constraint
from harness.providers.http import HTTPProvider, by_status, checked_url, key_for


class OpenAIProvider(HTTPProvider):
    """Models of OpenAI and of every compatible server (``--base-url http://…/v1``).

    Options: `base_url`; `key_env`, the name of the environment variable that holds the key (a server
    on this machine needs none); `api`, ``chat`` or ``responses``; `constraint`, how allowed answers are
    enforced: ``json_schema`` (structured outputs), ``tool`` (a named tool call), ``vllm`` (its
    ``structured_outputs``), ``grammar`` (llama.cpp's), ``json_object`` (any JSON), or ``none``;
    `stream`, to measure the time to the first token; `timeout` in seconds for one answer; `body`,
    further fields of the request as they are.
    """

    needs_key: str | None = "OPENAI_API_KEY"
    extra = "openai"
    sdk = "openai"

    def __init__(
        self,
        model: str = "",
        *,
        base_url: str | None = None,
        key_env: str | None = "OPENAI_API_KEY",
        api: Literal["chat", "responses"] = "chat",
        constraint: Constraint = "json_schema",
        stream: bool = False,
        timeout: float = 600.0,
        body: Mapping[str, Any] | None = None,
        prices: str | None = None,
    ) -> None:
        base_url = checked_url(base_url)
        super().__init__(
            model,
            timeout=timeout,
            base_url=base_url,
            api=api,
            constraint=constraint,
            body=dict(body or {}),
        )
        chat.check_constraint(constraint, api)
        self._key = key_for(key_env, base_url)
        self._stream = stream
        self.endpoint = base_url or "https://api.openai.com/v1"
        self.prices = prices or self.endpoint

    @property
    def _base_url(self) -> str | None:
        """Where the SDK asks; None for OpenAI's own address."""
        url: str | None = self.options["base_url"]
        return url

    def _connect(self) -> Any:
        import openai

        return openai.AsyncOpenAI(
            api_key=self._key,
            base_url=self._base_url,
            max_retries=0,
            http_client=self._http(),
        )

    async def _answer(self, request: Request) -> Completion:
        constraint, more = self.options["constraint"], self.options["body"]
        if self.options["api"] == "responses":
            body = responses.body(self.model, request, constraint)
            return await responses.ask(self._client, body | more, request, stream=self._stream)
        body = chat.body(self.model, request, constraint, own_server=self._base_url is not None)
        return await chat.ask(self._client, body | more, request, stream=self._stream)

    def _typed(self, error: Exception) -> ProviderError | None:
        import openai

        if isinstance(error, openai.APITimeoutError):
            return ProviderTimeout("no answer in time")
        if isinstance(error, openai.APIStatusError):
            return self._by_status(error)
        if isinstance(error, openai.APIConnectionError):
            return self._unconnected(error.__cause__ or error)
        if isinstance(error, openai.APIError):
            return TransientError(scrub(str(error)))
        return FatalError(scrub(str(error))) if isinstance(error, openai.OpenAIError) else None

    def _by_status(self, error: Any) -> ProviderError:
        failure = by_status(
            error.status_code,
            error.response.headers,
            str(error),
            spent=error.code == "insufficient_quota",
        )
        words = ("response_format", "json_schema", "structured", "tool_choice", "grammar", "text.format")
        if error.status_code in (400, 422) and any(word in str(failure) for word in words):
            name = self.options["constraint"]
            hint = f"the server may not know constraint={name}: set this provider's option constraint: none"
            return FatalError(f"{failure} ({hint})")
        return failure
