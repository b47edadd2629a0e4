"""The web app: which address gives which page."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from harness.errors import InputError
from harness.terminal import safe_text
from harness.viewer import pages
from harness.viewer.frames import Player
from harness.viewer.index import SORTS, STATUSES, Row, RunIndex, Wanted
from harness.viewer.lines import EpisodeFile
from harness.viewer.pages import Open
from harness.viewer.playing import PlayPages
from harness.viewer.search import search
from harness.viewer.security import Guard, asked_for
from harness.viewer.table import Table
from harness.viewer.words import visible

_PAGE = 100
"""Episodes on a page of the list."""

_HELD = 8
"""Episodes that are kept open, with their engines."""

_SEARCHING = 3.0
"""Seconds after which a search shows what it has found, and a link to go on."""


def create_app(runs: Sequence[Path], *, token: str, port: int, table: Table | None = None) -> ASGIApp:
    """The app that shows some runs to whoever has the token.

    Args:
        runs: run folders on this machine.
        token: what the address that we print holds.
        port: where it listens, on 127.0.0.1.
        table: where a person plays the first of these runs, in a page of its own.

    Raises:
        InputError: a folder is not a run.
    """
    viewer = _Viewer([RunIndex(number, folder) for number, folder in enumerate(runs)], table is not None)
    episode = "/run/{run}/episode/{episode}"
    routes = [
        Route("/", viewer.runs_page),
        Route("/run/{run}", viewer.run_page),
        Route("/run/{run}/state", viewer.run_state),
        Route(episode, viewer.episode_page),
        Route(f"{episode}/state", viewer.episode_state),
        Route(f"{episode}/request", viewer.request_page),
        Route(f"{episode}/text", viewer.text),
        Route(f"{episode}/picture", viewer.picture),
        Route("/compare", viewer.compare_page),
        Route("/static/view.css", _file("view.css", "text/css")),
        Route("/static/view.js", _file("view.js", "text/javascript")),
        Route("/static/icon.svg", _file("icon.svg", "image/svg+xml")),
    ]
    posts: tuple[str, ...] = ()
    if table is not None:
        playing = PlayPages(table, page)
        routes += [
            Route("/play", playing.page),
            Route("/play", playing.act, methods=["POST"]),
            Route("/play/state", playing.state),
            Route("/play/picture", playing.picture),
            Route("/static/play.js", _file("play.js", "text/javascript")),
        ]
        posts = ("/play",)
    handlers: dict[Any, Any] = {
        HTTPException: viewer.wrong_address,
        InputError: viewer.unreadable,
    }
    return Guard(Starlette(routes=routes, exception_handlers=handlers), token, port, posts)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("harness.viewer"),
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(name: str, status: int = 200, **values: Any) -> Response:
    """The page of a template."""
    return HTMLResponse(_templates().get_template(f"{name}.html.j2").render(values), status_code=status)


class _Viewer:
    """The pages. Each is made in a thread of its own, so that a slow one holds up no other."""

    def __init__(self, runs: Sequence[RunIndex], playing: bool) -> None:
        self._runs, self._playing = runs, playing
        self._opened: OrderedDict[tuple[str, str], Open] = OrderedDict()
        self._lock = threading.Lock()

    def runs_page(self, request: Request) -> Response:
        """The runs."""
        return page("runs", runs=[(run, run.state()) for run in self._runs], playing=self._playing)

    def run_page(self, request: Request) -> Response:
        """The episodes of a run, as many as a page holds."""
        run, query = self._run(request), request.query_params
        state = run.state()
        rows = run.rows()
        agents, tasks = _names(row.agent for row in rows), _names(row.task for row in rows)
        wanted = Wanted(
            agent=agents.get(query.get("agent", ""), query.get("agent", "")),
            task=tasks.get(query.get("task", ""), query.get("task", "")),
            status=query.get("status", ""),
            least=_number(query.get("least", "")),
            most=_number(query.get("most", "")),
            sort=query.get("sort", ""),
        )
        chosen, first = wanted.of(rows), _count(query.get("from", "0"))
        words = asked_for(query, "q")
        found = search(chosen[first:], words, seconds=_SEARCHING, most=_PAGE) if words else None
        step = found.searched if found else _PAGE
        return page(
            "run",
            run=run,
            state=state,
            wanted=wanted,
            words=words,
            found=found,
            rows=chosen[first : first + _PAGE],
            total=len(chosen),
            first=first,
            following=first + step if first + step < len(chosen) else None,
            preceding=max(0, first - _PAGE) if first and not words else None,
            agents=agents,
            tasks=tasks,
            statuses=STATUSES,
            sorts=SORTS,
            link=lambda **changes: _changed(request, changes),
        )

    def run_state(self, request: Request) -> Response:
        """How far a run is."""
        return JSONResponse(self._run(request).state())

    def episode_page(self, request: Request) -> Response:
        """An episode at a turn."""
        opened = self._asked_for(request)
        shown = self._position(opened, request)
        others = [(run, row) for run in self._runs for row in run.rows() if _same_start(row, opened.row)]
        return page(
            "episode", at=shown, opened=opened, others=others, instructions=pages.instructions(opened.file)
        )

    def episode_state(self, request: Request) -> Response:
        """How far an episode is."""
        file = self._asked_for(request).file
        return JSONResponse({"version": file.version, "turns": len(file.turns), "status": str(file.status)})

    def request_page(self, request: Request) -> Response:
        """All messages of a request."""
        opened = self._asked_for(request)
        turn, call = (_count(request.query_params.get(name, "0")) for name in ("turn", "call"))
        try:
            blocks = pages.asked_of(opened, turn, call)
        except IndexError:
            raise HTTPException(404, "there is no such request") from None
        return page("request", opened=opened, turn=turn, call=call, blocks=blocks)

    def text(self, request: Request) -> Response:
        """The whole of a text, as it is."""
        opened = self._asked_for(request)
        try:
            text = pages.text_of(opened, _asked(request), request.query_params.get("part", ""))
        except (KeyError, IndexError):
            raise HTTPException(404, "there is no such text") from None
        except ValueError:
            raise HTTPException(404, "turn: expected a number") from None
        return PlainTextResponse(text.encode("utf-8", "backslashreplace"))

    def picture(self, request: Request) -> Response:
        """What was seen at a turn, as a PNG."""
        opened = self._asked_for(request)
        try:
            number = pages.clamp(_asked(request), len(opened.file.turns))
        except ValueError:
            raise HTTPException(404, "turn: expected a number") from None
        seen = opened.player.seen(number, pages.LONG_PATIENCE)
        if seen is None:
            raise HTTPException(503, "the game is still being played up to this turn")
        if seen.picture is None:
            raise HTTPException(404, "there is no picture of this turn")
        # Kept here and not by the browser, to which another run at the same port would be the same address.
        return Response(seen.picture, media_type="image/png")

    def compare_page(self, request: Request) -> Response:
        """Two episodes side by side, at the same turn."""
        sides = [self._named(request.query_params.get(side, "")) for side in ("left", "right")]
        shown = [self._position(opened, request) for opened in sides]
        last = max(each.last for each in shown)
        number = pages.clamp(_asked(request), last)
        left, right = (opened.key for opened in sides)

        def link(turn: int) -> str:
            query = {"left": left, "right": right, "turn": min(max(turn, 0), last)}
            return f"/compare?{urlencode(query)}"

        return page(
            "compare", sides=shown, number=number, last=last, link=link, left=left, right=right,
            same=_same_start(sides[0].row, sides[1].row) or left == right,
        )  # fmt: skip

    def wrong_address(self, request: Request, error: Exception) -> Response:
        """There is nothing at this address."""
        status = error.status_code if isinstance(error, HTTPException) else 404
        detail = error.detail if isinstance(error, HTTPException) else ""
        return page("error", status, title="Nothing to show here", message=detail)

    def unreadable(self, request: Request, error: Exception) -> Response:
        """A file cannot be read."""
        return page("error", 409, title="This cannot be read", message=str(error))

    def _run(self, request: Request) -> RunIndex:
        return self._numbered(request.path_params["run"])

    def _numbered(self, number: str) -> RunIndex:
        known = {str(run.number): run for run in self._runs}
        if number not in known:
            raise HTTPException(404, "there is no such run")
        return known[number]

    def _named(self, key: str) -> Open:
        number, _, episode = key.partition(":")
        return self._open(number, episode)

    def _asked_for(self, request: Request) -> Open:
        return self._open(request.path_params["run"], request.path_params["episode"])

    def _open(self, number: str, episode: str) -> Open:
        """The episode of an id; what stands in the address is looked up, and is never a path."""
        run = self._numbered(number)
        row = run.row(episode)
        if row is None:
            raise HTTPException(404, "there is no such episode in this run")
        with self._lock:
            kept = self._opened.get((number, episode))
            if kept is None:
                file = EpisodeFile(row.path)
                kept = self._opened[number, episode] = Open(run, row, file, Player(file))
            self._opened.move_to_end((number, episode))
            kept.file.refresh()
            over = [self._opened.popitem(last=False)[1] for _ in range(len(self._opened) - _HELD)]
        for each in over:
            each.player.close()
        return kept

    @staticmethod
    def _position(opened: Open, request: Request) -> pages.Position:
        patience = pages.LONG_PATIENCE if "wait" in request.query_params else pages.PATIENCE
        try:
            return pages.position(opened, _asked(request), patience=patience)
        except ValueError:
            raise HTTPException(404, "turn: expected a number") from None
        except IndexError:
            raise HTTPException(404, "the episode was just begun anew; load the page again") from None


def _names(names: Iterable[str]) -> dict[str, str]:
    """Names as a form shows and sends them, where everything invisible is an escape, and as they are."""
    return {safe_text(name): name for name in sorted(set(names)) if name}


def _file(name: str, kind: str) -> Callable[[Request], Response]:
    content = (files("harness.viewer") / "static" / name).read_bytes()
    return lambda request: Response(content, media_type=kind)


def _same_start(one: Row, other: Row) -> bool:
    """Whether two different episodes began the same: of one task, with one seed."""
    return (
        one.file != other.file and one.seed is not None and (one.task, one.seed) == (other.task, other.seed)
    )


def _asked(request: Request) -> str:
    return asked_for(request.query_params, "turn", "0")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _count(text: str) -> int:
    try:
        return max(0, int(text[:9]))
    except ValueError:
        raise HTTPException(404, "expected a number in this address") from None


def _changed(request: Request, changes: dict[str, Any]) -> str:
    """The address of this page with other parameters; those of None are left out."""
    query = {**request.query_params, **changes}
    kept = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{request.url.path}?{urlencode(kept, errors='replace')}"
