"""Answers from a list or a function: for tests and demonstrations, without any model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from harness.api import FREE, Completion, Provider, Request, Usage

Script = Sequence[str] | Callable[[Request], str | Completion]


class ScriptedProvider(Provider):
    """Says what it is told to: ``scripted:turn left,go forward`` repeats these two answers.

    The answer of turn t is number t of the list, begun again at its end, so that what an episode
    gets does not depend on which other episodes run. A function gets the request. Without a script
    it gives the first of the allowed answers. `delay` is how long an answer takes, in seconds.
    """

    prices = FREE

    def __init__(self, model: str = "", *, answers: Script | None = None, delay: float = 0.0) -> None:
        super().__init__(model, delay=delay)
        self._delay = delay
        listed = [answer.strip() for answer in model.split(",")] if model else None
        self._script: Script | None = answers if answers is not None else listed

    async def complete(self, request: Request) -> Completion:
        """The next answer. Tokens are an estimate: white-space separated words."""
        await asyncio.sleep(self._delay)
        answer = self._answer(request)
        if isinstance(answer, Completion):
            return answer
        words = sum(len(message.text.split()) for message in request.messages)
        return Completion(answer, usage=Usage(input=words, output=len(answer.split())))

    def _answer(self, request: Request) -> str | Completion:
        if callable(self._script):
            return self._script(request)
        if self._script:
            return self._script[request.turn % len(self._script)]
        return request.choices[0] if request.choices else ""
