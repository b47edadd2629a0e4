"""The plainest use of a model: it sees the observation and names one action."""

from __future__ import annotations

from harness.agents._talk import Talk, noted
from harness.api import AgentContext, Decision, Turn


class DirectAgent:
    """One completion a turn, no reasoning asked for.

    Settings: `choices` hands the allowed answers to the provider, which holds the model to them by
    the strictest means its engine has (a game that takes free text has no such list).
    """

    needs_model = True
    needs_oracle = False

    def __init__(self, context: AgentContext, *, choices: bool = True) -> None:
        self._talk = Talk(context, "agents/direct.j2")
        self._choices = self._talk.choices if choices else None

    async def act(self, turn: Turn) -> Decision:
        """Ask once and read the answer."""
        turn = await self._talk.turn(turn)
        completion = await self._talk.ask(self._talk.messages(turn), choices=self._choices)
        return noted(turn, self._talk.read(completion))
