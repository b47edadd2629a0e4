"""A person, who sees what a model sees and is scored the same way: at the terminal, or at another seat."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from typing import Protocol

from harness.api import Action, AgentContext, Completion, Decision, Observation, Outcome, Turn
from harness.errors import RunStopped
from harness.histories._messages import observation_text
from harness.parsing import decide
from harness.terminal import safe_text

_COLUMNS = 80
_NAMED = "an action (its number or name), :a for the list, :q to stop: "
_TYPED = "an action, :a for a list, :q to stop: "


class Seat(Protocol):
    """Where a person plays one episode."""

    async def ask(self, turn: Turn) -> Decision:
        """Show a turn and get what the person decides.

        Raises:
            RunStopped: the person stops.
        """
        ...


class HumanAgent:
    """Shows the observation to a person and does what the person says (``ludometer play``).

    Words that name no action are asked for again: mistyping is not playing. Where a game takes free text
    the line goes to it as it was typed, and only the game can say that it is no action, which uses up the
    turn as it does for a model.
    """

    needs_model = False
    needs_oracle = False
    alone = True
    """One episode after the other: there is one person."""

    def __init__(self, context: AgentContext) -> None:
        self._seat = SEAT.get()(context)

    async def act(self, turn: Turn) -> Decision:
        """Show and ask.

        Raises:
            RunStopped: the person stops, or the input is over.
        """
        return await self._seat.ask(turn)


class Terminal:
    """The seat at the terminal: lines of standard input. Pictures are drawn with coloured half blocks."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context
        self._introduced = False

    async def ask(self, turn: Turn) -> Decision:
        """Show and ask.

        Raises:
            RunStopped: the person stops, or the input is over.
        """
        context = self._context
        if not self._introduced:  # also to who comes back to an episode
            self._introduced = True
            _say(f"\n{'=' * _COLUMNS}\n{safe_text(context.task)}\n\n{safe_text(context.instructions)}\n")
        shown = "\n".join(part for part in (safe_text(turn.notice), _seen(turn.observation)) if part)
        _say(f"\n── turn {turn.index} {'─' * 60}\n{shown}\n")
        while True:
            line = await _keyboard.line(_TYPED if context.free_text else _NAMED)
            if line is None or line.strip() == ":q":
                raise RunStopped(STOPPED)
            if line.strip() == ":a":
                _say(self._listed())
                continue
            decision = read(line, context)
            if decision.outcome.acts:
                return decision
            _say("That names no action.")

    def _listed(self) -> str:
        numbers = {name: number for number, name in numbered(self._context.actions).items()}
        return "\n".join(
            f"{numbers.get(each.name, ''):>4}  {safe_text(f'{each.name}: {each.description}')}"
            for each in self._context.actions
        )


SEAT: ContextVar[Callable[[AgentContext], Seat]] = ContextVar("seat", default=Terminal)
"""Makes the seat of an episode; who starts a run sets it for that run."""

STOPPED = "the player stopped; the same command goes on from here"


def read(line: str, context: AgentContext) -> Decision:
    """What a typed line means: an action's number or name, or what the game itself reads.

    Its outcome says where it names no action.
    """
    line = line.strip()
    if context.free_text:
        # Untouched: a capital is another key than a small letter. An arrow key is a slip.
        typed = line and line.isprintable()
        return Decision((line,), text=line) if typed else Decision((), Outcome.PARSE_ERROR, line)
    if name := numbered(context.actions).get(line):
        return Decision((name,), text=line)
    return decide(Completion(line), context.actions)


def numbered(actions: Sequence[Action]) -> Mapping[str, str]:
    """The names of actions by number; empty where names are numbers themselves."""
    if any(action.name.isdecimal() for action in actions):
        return {}
    return {str(at): action.name for at, action in enumerate(actions, 1)}


def _seen(observation: Observation) -> str:
    words = safe_text(observation_text(observation))
    return words if observation.image is None else f"{words}\n{blocks(observation.image)}"


def blocks(image: object) -> str:
    """A picture as lines of ``▀``, two pixels each, in 24-bit colour (ISO 8613-6)."""
    import numpy as np
    from PIL import Image

    picture = Image.fromarray(np.asarray(image, dtype=np.uint8))
    height = max(2, round(picture.height * _COLUMNS / picture.width / 2) * 2)
    pixels = np.asarray(picture.resize((_COLUMNS, height)))
    rows = []
    for upper, lower in zip(pixels[::2], pixels[1::2], strict=True):
        cells = (
            "\x1b[38;2;{};{};{};48;2;{};{};{}m▀".format(*map(int, (*top, *bottom)))
            for top, bottom in zip(upper, lower, strict=True)
        )
        rows.append("".join(cells) + "\x1b[0m")
    return "\n".join(rows)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


class _Keyboard:
    """Lines of standard input, read by a thread that no event loop waits for.

    It reads the file itself: a thread that is caught in ``sys.stdin`` when the interpreter ends would
    bring it down.
    """

    def __init__(self) -> None:
        self._lines: asyncio.Queue[str | None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def line(self, prompt: str) -> str | None:
        """The next line, None where there is no more."""
        if sys.stdin is None:  # closed from the start: the file with its number is another one
            return None
        sys.stderr.write(prompt)
        sys.stderr.flush()
        loop = asyncio.get_running_loop()
        if self._lines is None or self._loop is not loop:
            self._lines, self._loop = asyncio.Queue(), loop
            threading.Thread(target=self._read, args=(self._lines, loop), daemon=True).start()
        return await self._lines.get()

    @staticmethod
    def _read(lines: asyncio.Queue[str | None], loop: asyncio.AbstractEventLoop) -> None:
        def give(line: bytes | None) -> None:
            text = None if line is None else line.decode("utf-8", "replace")
            loop.call_soon_threadsafe(lines.put_nowait, text)

        held = b""
        with suppress(RuntimeError):  # the loop is closed: nobody waits for lines any more
            with suppress(OSError):  # the terminal is gone
                while chunk := os.read(0, 4096):
                    *whole, held = (held + chunk).split(b"\n")
                    for line in whole:
                        give(line)
            if held:
                give(held)
            give(None)


_keyboard = _Keyboard()
