"""Chain of thought: the model reasons in words, then names an action."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from harness.agents._talk import Talk, brief, brief_answers, noted
from harness.api import AgentContext, Decision, Turn

Thoughts = Annotated[int, Field(ge=0)] | None


class CotAgent:
    """Reason, then act (Wei et al. 2022, arXiv 2201.11903), one completion a turn.

    Settings: `thoughts`, how many of the newest answers the model sees again with their reasoning; of the
    others it sees the action only (none: all of them). With a number above 0 the messages change as they
    age, so a prefix cache hits less.
    """

    needs_model = True
    needs_oracle = False
    template = "agents/cot.j2"

    def __init__(self, context: AgentContext, *, thoughts: Thoughts = 0) -> None:
        self._talk = Talk(context, self.template, **self.facts(context))
        self._thoughts = thoughts

    def facts(self, context: AgentContext) -> dict[str, Any]:
        """What the template is told beside what every template is."""
        return {}

    async def act(self, turn: Turn) -> Decision:
        """Ask once, read what stands behind the last ``Action:``."""
        turn = await self._talk.turn(turn)
        messages = self._talk.messages(brief_answers(turn, self._thoughts) if self._thoughts else turn)
        decision = self._talk.read(await self._talk.ask(messages), label=True)
        return noted(turn, brief(decision) if self._thoughts == 0 else decision)
