"""A scratchpad: notes that the model keeps and rewrites as it likes."""

from __future__ import annotations

import re
from dataclasses import replace

from harness.agents._talk import Talk, brief, last_note, noted
from harness.api import AgentContext, Decision, Turn
from harness.parsing import after_thinking
from harness.settings import Count
from prompts import render

_NOTES = re.compile(r"^\W*notes\W*[:=]\W*?(.*?)(?=^\W*action\W*[:=]|\Z)", re.I | re.M | re.S)


class ScratchpadAgent:
    """Notes and an action in one answer, as VideoGameBench's agent keeps them (arXiv 2505.18134).

    Whatever the history drops, the notes stay. Settings: `length`, the most characters of the notes.
    """

    needs_model = True
    needs_oracle = False

    def __init__(self, context: AgentContext, *, length: Count = 1500) -> None:
        self._talk = Talk(context, "agents/scratchpad.j2", length=length)
        self._length = length

    async def act(self, turn: Turn) -> Decision:
        """Show the notes below the observation, ask once, keep the notes that come back."""
        turn = await self._talk.turn(turn)
        notes = last_note(turn, "notes")
        shown = render("agents/notes.j2", notes=notes)
        completion = await self._talk.ask(self._talk.messages(turn, after=shown), after=True)
        decision = brief(self._talk.read(completion, label=True))
        written = _NOTES.findall(after_thinking(completion.text))
        new = written[-1].strip()[: self._length] if written else notes
        return noted(turn, replace(decision, memo={"notes": new}))
