"""A person at the terminal, who sees what a model sees and is scored the same way."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Sequence

from harness.api import Action, AgentContext, Completion, Decision, Observation, Turn
from harness.errors import RunStopped
from harness.histories._messages import observation_text
from harness.parsing import decide
from harness.terminal import safe_text

_COLUMNS = 80
_HELP = "an action (its number or name), :a for the list, :q to stop: "


class HumanAgent:
    """Shows the observation and reads an action from standard input (``ludometer play``).

    A line that names no action is asked for again: mistyping is not playing. Pictures are drawn with
    coloured half blocks.
    """

    needs_model = False
    needs_oracle = False
    alone = True
    """One episode after the other: there is one keyboard."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context

    async def act(self, turn: Turn) -> Decision:
        """Show and ask.

        Raises:
            RunStopped: the person stops, or the input is over.
        """
        if turn.index == 0:
            _say(f"\n{'=' * _COLUMNS}\n{self._context.task}\n\n{self._context.instructions}\n")
        shown = "\n".join(part for part in (turn.notice, _seen(turn.observation)) if part)
        _say(f"\n── turn {turn.index} {'─' * 60}\n{shown}\n")
        while True:
            line = await _keyboard.line(_HELP)
            if line is None or line.strip() == ":q":
                raise RunStopped("the player stopped; the same command goes on from here")
            if line.strip() == ":a":
                _say(_listed(self._context.actions))
                continue
            decision = self._read(line.strip())
            if decision.outcome.acts:
                return decision
            _say("That names no action.")

    def _read(self, line: str) -> Decision:
        actions = self._context.actions
        if line.isdigit() and 1 <= int(line) <= len(actions) and not self._context.free_text:
            return Decision((actions[int(line) - 1].name,))
        return decide(Completion(line), actions, free_text=self._context.free_text)


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


def _listed(actions: Sequence[Action]) -> str:
    return "\n".join(f"{at:4d}  {each.name}: {each.description}" for at, each in enumerate(actions, 1))


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
        sys.stderr.write(prompt)
        sys.stderr.flush()
        loop = asyncio.get_running_loop()
        if self._lines is None or self._loop is not loop:
            self._lines, self._loop = asyncio.Queue(), loop
            threading.Thread(target=self._read, args=(self._lines, loop), daemon=True).start()
        return await self._lines.get()

    @staticmethod
    def _read(lines: asyncio.Queue[str | None], loop: asyncio.AbstractEventLoop) -> None:
        held = b""
        while chunk := os.read(0, 4096):
            *whole, held = (held + chunk).split(b"\n")
            for line in whole:
                loop.call_soon_threadsafe(lines.put_nowait, line.decode("utf-8", "replace"))
        if held:
            loop.call_soon_threadsafe(lines.put_nowait, held.decode("utf-8", "replace"))
        loop.call_soon_threadsafe(lines.put_nowait, None)


_keyboard = _Keyboard()
