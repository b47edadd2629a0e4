"""Who may ask: a browser on this machine that was given the token, from our own pages, and nobody else."""

from __future__ import annotations

import secrets
from collections.abc import Container
from urllib.parse import quote, urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """Lets through what the owner's own browser asks for, and gives every answer its headers.

    Args:
        app: what answers.
        token: stands in the printed address; the first request with it gets a cookie in its place.
        port: where we listen.
        posts: the paths at which something may also be done, by forms of our own pages.
    """

    def __init__(self, app: ASGIApp, token: str, port: int, posts: Container[str] = ()) -> None:
        self._app, self._token, self._posts = app, token, posts
        # Another name that leads here is a stranger's page that had its own name point to this machine.
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        # Cookies are shared by all ports of a host: two viewers at once need two names.
        self._cookie = f"ludometer-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            return
        request = Request(scope)
        answer = self._refused(request) or self._welcomed(request) or self._app

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(message)
            await send(message)

        await answer(scope, receive, guarded)

    def _refused(self, request: Request) -> Response | None:
        """The refusal of a request that no page of ours made, whatever token it brings."""
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return _refusal("this server answers to its own address only")
        origins = set(request.headers.getlist("origin"))
        if origins - {f"http://{hosts[0]}"}:
            return _refusal("another site asked for this")
        if set(request.headers.getlist("sec-fetch-site")) - {"same-origin", "none"}:
            return _refusal("another site asked for this; copy the address into the browser instead")
        if request.method in ("GET", "HEAD"):
            return None
        if request.method != "POST" or request.url.path not in self._posts:
            return _refusal("pages are only read here", status=405)
        if not origins:  # every browser says it with a POST
            return _refusal("nobody says which page asked for this")
        return None

    def _welcomed(self, request: Request) -> Response | None:
        """A cookie for the token, a refusal where there is neither; None where the cookie is right."""
        if "token" in request.query_params and request.method != "POST":
            if not self._known(request.query_params["token"]):
                return _refusal("the token is wrong; use the address that ludometer view printed")
            return self._with_cookie(request)
        if not self._known(request.cookies.get(self._cookie, "")):
            return _refusal("open the address that ludometer view printed: it holds the token")
        return None

    def _known(self, token: str) -> bool:
        return secrets.compare_digest(token.encode("utf-8", "replace"), self._token.encode())

    def _with_cookie(self, request: Request) -> Response:
        """The same address without the token, which then stands in no history and no bookmark."""
        asked = [(key, value) for key, value in request.query_params.multi_items() if key != "token"]
        path = quote("/" + request.url.path.lstrip("/"), errors="replace")
        query = f"?{urlencode(asked, errors='replace')}" if asked else ""
        # With scheme and host, so that no path can be taken for another host.
        target = f"http://{request.headers['host']}{path}{query}"
        answer = RedirectResponse(target, status_code=303)
        answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict", path="/")
        return answer


def _refusal(why: str, status: int = 403) -> Response:
    return PlainTextResponse(f"refused: {why}\n", status_code=status)


def _add_headers(message: Message) -> None:
    headers = list(message.get("headers", []))
    given = {name for name, _ in headers}
    headers += [(n.encode(), value.encode()) for n, value in _HEADERS.items() if n.encode() not in given]
    message["headers"] = headers


def asked_for(query: QueryParams, name: str, default: str = "") -> str:
    """A parameter of the query, cut to a length that any of ours has."""
    return query.get(name, default)[:500]
