"""What all agents with a model share: the system message, the conversation, and reading an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from harness.api import AgentContext, Ask, Completion, Decision, Message, PastTurn, Text, Turn
from harness.parsing import decide, labelled
from prompts import render

T = TypeVar("T")


class Talk:
    """One episode's conversation with the model.

    The system message is rendered from `template` once: instructions, how observations are shown, how to
    answer. Further facts are the template's own. `choices` are the allowed answers, None for free text.
    """

    def __init__(self, context: AgentContext, template: str, **facts: Any) -> None:
        assert context.ask is not None  # noqa: S101 - the runner gives every agent that needs one a model
        self._ask: Ask = context.ask
        self.context = context
        self.choices = None if context.free_text else [action.name for action in context.actions]
        self.system = Message.of(
            "system",
            render(
                template,
                instructions=context.instructions,
                free_text=context.free_text,
                note=getattr(context.history, "note", ""),
                **facts,
            ),
        )

    async def turn(self, turn: Turn) -> Turn:
        """The turn, with old ones folded into a summary where the history asks for one."""
        fold = getattr(self.context.history, "fold", None)
        question = fold(turn.past, turn) if fold is not None else None
        if question is None:
            return turn
        completion = await self._ask([self.system, Message.of("user", question)], stable=1)
        return replace(turn, memo={**turn.memo, "summary": completion.text.strip()})

    def messages(self, turn: Turn, *, after: str = "") -> list[Message]:
        """The system message and the history; `after` is added below what is observed now."""
        told = self.context.history.messages(turn.past, turn)
        if after:
            told[-1] = Message("user", (*told[-1].parts, Text(f"\n\n{after}")))
        return [self.system, *told]

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        choices: Sequence[str] | None = None,
        after: bool = False,
        model: str = "",
    ) -> Completion:
        """One completion. `after` says that the last message holds what later turns will not repeat."""
        repeated = len(messages) - after if getattr(self.context.history, "append_only", False) else 1
        return await self._ask(messages, choices=choices, stable=repeated, model=model)

    def read(self, completion: Completion, *, label: bool = False) -> Decision:
        """The decision of an answer; with `label`, of what stands behind its last ``Action:``."""
        extract = labelled if label else None
        return decide(completion, self.context.actions, free_text=self.context.free_text, extract=extract)


async def together(questions: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Ask several things at once, in this order.

    All are waited for, also where one fails: their answers are paid for.
    """
    answers = await asyncio.gather(*questions, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if not isinstance(answer, BaseException)]


def noted(turn: Turn, decision: Decision) -> Decision:
    """The decision, with what the turn has noted so far (a summary)."""
    return replace(decision, memo={**turn.memo, **decision.memo}) if turn.memo else decision


def last_note(turn: Turn, name: str, default: Any = "") -> Any:
    """The newest value that an agent has put into its memo under a name."""
    for old in reversed(turn.past):
        if name in old.decision.memo:
            return old.decision.memo[name]
    return default


def brief_answers(turn: Turn, thoughts: int) -> Turn:
    """The turn, its past answers cut to their actions but for the newest `thoughts`."""
    keep_from = len(turn.past) - thoughts
    past: list[PastTurn] = [
        old if at >= keep_from else replace(old, decision=brief(old.decision))
        for at, old in enumerate(turn.past)
    ]
    return replace(turn, past=tuple(past))


def brief(decision: Decision) -> Decision:
    """The decision, its text cut to what it came to; an answer that was lost stays as it is."""
    if not decision.outcome.acts:
        return decision
    return replace(decision, text=f"Action: {', '.join(decision.actions)}")
