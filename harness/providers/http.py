"""What all providers over HTTP share: the connection, the deadline, and what a failure means."""

from __future__ import annotations

import asyncio
import base64
import email.utils
import json
import ssl
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from harness.api import (
    Completion,
    FatalError,
    Host,
    InputError,
    MissingKey,
    Provider,
    ProviderError,
    ProviderTimeout,
    RateLimited,
    Request,
    TransientError,
)
from harness.keys import read_key, scrub
from harness.providers._apart import Apart, copies_for

if TYPE_CHECKING:
    import httpx2

_CONNECT_SECONDS = 60.0  # generous: a busy server accepts late, and that is no failure
_HERE = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - compared, never bound
_PASSING = (408, 409, 425)
"""Statuses below 500 that another try can mend: request timeout, conflict, too early."""


class HTTPProvider(Provider):
    """A provider whose engine is asked over HTTP, through its vendor's SDK with the SDK's retries off.

    A subclass names its SDK's module, makes its client in `_connect`, asks in `_answer`, and tells in
    `_typed` what an exception of its SDK means. `timeout` is how long one answer may take, in seconds.
    """

    sdk: str

    def __init__(self, model: str, *, timeout: float, **options: Any) -> None:
        super().__init__(model, **options)
        if not model:
            raise InputError("say which model, as in PROVIDER:MODEL")
        if not _installed(self.sdk):
            raise ImportError(f"No module named {self.sdk!r}", name=self.sdk)
        self._timeout = timeout
        self._host = Host()
        self._connected: Any = None
        self._apart: Apart | None = None

    async def aopen(self, host: Host) -> None:
        """Get ready to ask: here, or from processes beside this one where there are many requests at once."""
        self._host = host
        copies = copies_for(host.concurrency)
        if not copies:
            await self.connect(host)
            return
        self._apart = Apart(self, copies, host.concurrency)
        await self._apart.open()

    async def connect(self, host: Host) -> None:
        """Make the client, with as many connections as there are requests at once."""
        self._host = host
        _ = self._client

    @property
    def _client(self) -> Any:
        """The SDK's client; where `aopen` was not called, made at the first request."""
        if self._connected is None:
            self._connected = self._connect()
        return self._connected

    async def complete(self, request: Request) -> Completion:
        """One answer.

        Raises:
            TransientError, RateLimited, ProviderTimeout, FatalError: by what the server said or did.
        """
        if self._apart is None:
            _ = self._client  # importing an SDK takes a second, which is not the server's
        ask = self._apart.ask if self._apart is not None else self.asked
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout):
                completion = await ask(request)
        except TimeoutError:
            raise ProviderTimeout(f"no answer within {self._timeout:g} s") from None
        _refuse_nothing(completion)
        return replace(completion, latency=time.perf_counter() - begun)

    async def asked(self, request: Request) -> Completion:
        """One answer, asked from this process, however long it takes.

        Raises:
            ProviderError: by what the server said or did.
        """
        try:
            return await self._answer(request)
        except (ProviderError, TimeoutError):
            raise
        except Exception as error:
            raise self._failure(error) from None

    async def aclose(self) -> None:
        """Close the connections, and end the processes."""
        apart, self._apart = self._apart, None
        if apart is not None:
            await apart.aclose()
        connected, self._connected = self._connected, None
        if connected is not None:
            await self._disconnect(connected)

    def __getstate__(self) -> dict[str, Any]:
        """What a copy in another process needs: nothing of what is open here."""
        return {**self.__dict__, "_host": None, "_connected": None, "_apart": None}

    @abstractmethod
    def _connect(self) -> Any: ...

    async def _disconnect(self, client: Any) -> None:
        await client.close()

    @abstractmethod
    async def _answer(self, request: Request) -> Completion: ...

    @abstractmethod
    def _typed(self, error: Exception) -> ProviderError | None:
        """What an exception of the SDK means, None where it is not one of the SDK's."""

    def _failure(self, error: Exception) -> ProviderError:
        import httpx2

        if isinstance(error, httpx2.TimeoutException):
            return ProviderTimeout(f"no answer in time ({type(error).__name__})")
        if isinstance(error, httpx2.HTTPError):
            return self._unconnected(error)
        if (typed := self._typed(error)) is not None:
            return typed
        # Whatever breaks while an answer is read: it is not what this API promises.
        return TransientError(scrub(f"the server's answer cannot be read ({type(error).__name__}: {error})"))

    def _unconnected(self, error: BaseException) -> TransientError:
        said = f"no connection to {self.endpoint}, or it broke off ({type(error).__name__}: {error})"
        return TransientError(scrub(said))

    def _http(self) -> httpx2.AsyncClient:
        """Connections, as many as there are requests at once; the deadline is kept in `complete`."""
        import httpx2

        from harness.providers._connections import Connections

        size = self._host.concurrency
        return httpx2.AsyncClient(
            transport=None if _behind_proxy(self.endpoint) else Connections(_tls()),
            limits=httpx2.Limits(max_connections=size, max_keepalive_connections=size),
            timeout=httpx2.Timeout(self._timeout, connect=_CONNECT_SECONDS, pool=None),
            follow_redirects=False,  # a key must not follow to where a server points
            verify=_tls(),
        )


def _behind_proxy(endpoint: str | None) -> bool:
    """Whether the environment names a proxy for an address; httpx2 then sees to it with a pool of its own."""
    return bool(getproxies()) and not proxy_bypass(urlsplit(endpoint or "").hostname or "")


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates takes longer than anything else here: once for all models."""
    import httpx2

    return httpx2.create_ssl_context()


def _installed(module: str) -> bool:
    """Whether there is a module; its package is imported, the module itself is not."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _refuse_nothing(completion: Completion) -> None:
    """An answer without a single token is the server's failure, not the model's silence.

    Overloaded services have been seen to answer so; a model that ends at once has written at least
    the token that says so.
    """
    usage = completion.usage
    said = completion.text or completion.reasoning or completion.finish != "stop"
    if not said and usage.input > 0 and usage.output == 0:
        raise TransientError("an answer without a single token")


def key_for(variable: str | None, base_url: str | None) -> str:
    """The key for an address. A server on this machine needs none.

    Raises:
        MissingKey: the variable is not set.
    """
    try:
        return read_key(variable) if variable else "none"
    except MissingKey:
        if urlsplit(base_url or "").hostname in _HERE:
            return "none"  # SDKs insist on one, local servers ignore it
        raise


def checked_url(base_url: str | None) -> str | None:
    """An address without anything secret in it: it is recorded.

    Raises:
        InputError: it is no http address, or holds a user, a password or a query.
    """
    if base_url is None:
        return None
    try:
        parts = urlsplit(base_url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise InputError(
            "the base URL cannot be read; it should look like http://localhost:8000/v1"
        ) from None
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InputError(
            "the base URL holds a user, password or query; it would be recorded: "
            "put the key into an environment variable (option key_env)"
        )
    if not sound:
        raise InputError(f"base URL {base_url!r}: it should look like http://localhost:8000/v1")
    return base_url.rstrip("/")


def by_status(status: int, headers: Mapping[str, str], text: str, *, spent: bool = False) -> ProviderError:
    """What an HTTP status means. `spent`: the account has nothing left, so waiting does not help."""
    text = scrub(" ".join(text.split()))[:600] or f"HTTP {status}"
    if status == 429:
        return FatalError(text) if spent else RateLimited(text, retry_after(headers))
    if status >= 500 or status in _PASSING:
        return TransientError(text, retry_after(headers))
    return FatalError(text)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until another try, where the headers say: milliseconds, seconds or a date (RFC 9110)."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        try:
            seconds = float(value) / unit
        except ValueError:
            continue
        return seconds if 0 <= seconds < float("inf") else None
    try:
        when = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
        return max(0.0, when.timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def data_url(png: bytes) -> str:
    """A picture as OpenAI's protocol takes it."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def action_schema(choices: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of an object that names one of the allowed answers."""
    return {
        "type": "object",
        "properties": {"action": {"type": "string", "enum": list(choices)}},
        "required": ["action"],
        "additionalProperties": False,
    }


def unwrap(text: str, choices: Sequence[str] | None) -> str:
    """The action out of the JSON object that the schema asked for; anything else as it is."""
    if not choices:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    named = value.get("action") if isinstance(value, dict) and set(value) == {"action"} else None
    return named if isinstance(named, str) else text
