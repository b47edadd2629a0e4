"""The page at which a person plays: what it shows, and the one form that does something."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from harness.agents.human import read
from harness.api import Decision
from harness.viewer.table import Asked, Look, Table
from harness.viewer.words import Block

_MOST = 20_000
"""Bytes of a form; ours are some hundred, and a line of text."""

_PATIENCE = 20.0
"""Seconds that an answer waits for the game's next turn; after that the page asks again by itself."""

_LOOKED = 2.0
"""Seconds that a page waits for a game that is being set up, or is at work."""

_SAME_ORIGIN = {"referrer-policy": "same-origin"}
"""Without a referrer a browser's form does not say which page it is from (Fetch standard, "append a request
Origin header")."""


@dataclass(frozen=True, slots=True)
class _Form:
    """What the person sent: the turn that it was for, and a button's place, a typed line, or to stop."""

    game: str
    turn: str
    pick: str | None
    typed: str
    stop: bool


class PlayPages:
    """The pages of a table.

    Args:
        table: where the game is.
        page: makes the page of a template's name, a status and values.
    """

    def __init__(self, table: Table, page: Callable[..., Response]) -> None:
        self._table, self._page = table, page

    def page(self, request: Request) -> Response:
        """The turn that waits for the person, or how it ended."""
        return self._shown(self._table.look(patience=_LOOKED))

    def state(self, request: Request) -> Response:
        """A version that changes whenever there is something else to see."""
        return JSONResponse({"version": str(self._table.look().version)})

    def picture(self, request: Request) -> Response:
        """The picture of the turn that is shown."""
        asked = self._table.look().asked
        if (
            asked is None
            or asked.picture is None
            or request.query_params.get("turn") != str(asked.turn.index)
        ):
            raise HTTPException(404, "there is no picture of this turn any more")
        return Response(asked.picture, media_type="image/png")

    async def act(self, request: Request) -> Response:
        """Take a form: step the game once, or refuse."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return _refused("only our own form is taken", 415)
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _MOST:
                return _refused("this is too long for a form of ours", 413)
        try:
            pairs = parse_qsl(
                body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=10
            )
        except ValueError:
            return _refused("this is no form", 400)
        fields = dict(pairs)
        if len(fields) < len(pairs) or any("\0" in value for value in fields.values()):
            return _refused("this is no form of ours", 400)
        if not secrets.compare_digest(fields.get("form", "").encode(), self._table.form_token.encode()):
            return _refused("this form is not of this game; load the page again", 403)
        form = _Form(
            fields.get("game", ""), fields.get("turn", ""), fields.get("pick"), fields.get("typed", ""),
            "stop" in fields,
        )  # fmt: skip
        return await run_in_threadpool(self._do, form)

    def _do(self, form: _Form) -> Response:
        if form.stop:
            self._table.stop()
            return self._shown(self._table.look())
        look = self._table.look()
        asked = look.asked
        if (
            not look.waits
            or asked is None
            or (asked.episode.id, str(asked.turn.index)) != (form.game, form.turn)
        ):
            return self._shown(look, 409, "That was for another turn than this one: nothing was done.")
        decision = _decision(asked, form)
        if decision is None or not decision.outcome.acts:
            return self._shown(look, 422, "That names no action: nothing was done.")
        if not self._table.decide(asked, decision):
            return self._shown(self._table.look(), 409, "Another tab was quicker: nothing was done here.")
        self._table.look(patience=_PATIENCE)
        return RedirectResponse("/play", status_code=303)

    def _shown(self, look: Look, status: int = 200, said: str = "") -> Response:
        asked = look.asked
        answer = self._page(
            "play",
            status,
            look=look,
            asked=asked,
            said=said,
            form_token=self._table.form_token,
            sections=_sections(asked) if asked else (),
            progress=self._table.standing(asked) if asked else 0.0,
            games=self._table.games(),
        )
        answer.headers.update(_SAME_ORIGIN)
        return answer


def _decision(asked: Asked, form: _Form) -> Decision | None:
    """What the form says; None where it names no button."""
    if form.pick is None:
        return read(form.typed, asked.context)
    actions = asked.context.actions
    known = {str(place): action.name for place, action in enumerate(actions)}
    name = known.get(form.pick)
    return None if name is None else Decision((name,), text=name)


def _sections(asked: Asked) -> list[Block]:
    """The words of a turn, with what changed since the turn before."""
    turn = asked.turn
    before = {s.name: s.text for s in turn.past[-1].observation.sections} if turn.past else None
    return [
        Block(f"seen.{place}", s.name, s.text, None if before is None else before.get(s.name, ""))
        for place, s in enumerate(turn.observation.sections)
    ]


def _refused(why: str, status: int) -> Response:
    return PlainTextResponse(f"refused: {why}\n", status_code=status)
