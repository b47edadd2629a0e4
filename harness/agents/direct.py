"""The plainest use of a model: it sees the observation and names one action."""

from __future__ import annotations

from harness.api import AgentContext, Ask, Decision, Message, Turn
from harness.parsing import decide
from prompts import render


class DirectAgent:
    """One completion a turn, no reasoning asked for.

    Settings: `choices` hands the allowed answers to the provider, which holds the model to them by
    the strictest means its engine has (a game that takes free text has no such list).
    """

    needs_model = True
    needs_oracle = False

    def __init__(self, context: AgentContext, *, choices: bool = True) -> None:
        assert context.ask is not None  # noqa: S101 - the runner gives every agent that needs one a model
        self._ask: Ask = context.ask
        self._context = context
        named = choices and not context.free_text
        self._choices = [action.name for action in context.actions] if named else None
        self._system = Message.of(
            "system",
            render("agents/direct.j2", instructions=context.instructions, free_text=context.free_text),
        )

    async def act(self, turn: Turn) -> Decision:
        """Ask once and read the answer."""
        messages = [self._system, *self._context.history.messages(turn.past, turn)]
        append_only = getattr(self._context.history, "append_only", False)
        stable = len(messages) if append_only else 1
        completion = await self._ask(messages, choices=self._choices, stable=stable)
        return decide(completion, self._context.actions, free_text=self._context.free_text)
