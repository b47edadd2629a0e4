"""Perception, memory and reasoning as calls of their own, each of which can be switched off."""

from __future__ import annotations

from dataclasses import replace

from harness.agents._talk import Talk, brief, last_note, noted
from harness.api import AgentContext, Decision, Message, Turn
from harness.histories._transcript import transcript
from harness.settings import Count
from prompts import render


class ModulesAgent:
    """The three modules of lmgame-Bench (arXiv 2505.15146), up to three completions a turn.

    Settings: `perception` puts the picture into words, where there is one; `memory` has the model look
    back on the last `turns` turns and keep what matters; `reasoning` lets it reason before it names the
    action. With all of them off it is `direct`.
    """

    needs_model = True
    needs_oracle = False

    def __init__(
        self,
        context: AgentContext,
        *,
        perception: bool = True,
        memory: bool = True,
        reasoning: bool = True,
        turns: Count = 5,
    ) -> None:
        self._talk = Talk(context, "agents/cot.j2" if reasoning else "agents/direct.j2")
        self._perception, self._memory, self._reasoning = perception, memory, reasoning
        self._choices = None if reasoning else self._talk.choices
        self._turns = turns

    async def act(self, turn: Turn) -> Decision:
        """Perceive, look back, decide."""
        turn = await self._talk.turn(turn)
        seen = await self._perceive(turn) if self._perception and turn.observation.image is not None else ""
        turn = replace(turn, memo={**turn.memo, "perception": seen} if seen else turn.memo)
        lesson = await self._reflect(turn) if self._memory and turn.past else ""
        turn = replace(turn, memo={**turn.memo, "reflection": lesson} if lesson else turn.memo)
        after = render("agents/modules_found.j2", seen=seen, lesson=lesson)
        messages = self._talk.messages(turn, after=after)
        completion = await self._talk.ask(messages, choices=self._choices, after=bool(after))
        decision = self._talk.read(completion, label=self._reasoning)
        return noted(turn, brief(decision) if self._reasoning else decision)

    async def _perceive(self, turn: Turn) -> str:
        """The picture in words; nothing of the past is shown."""
        present = self._talk.context.history.messages((), replace(turn, past=()))[-1]
        question = Message("user", (*present.parts, *_words(render("agents/modules_perceive.j2")).parts))
        return (await self._talk.ask([self._talk.system, question], after=True)).text.strip()

    async def _reflect(self, turn: Turn) -> str:
        """What to keep in mind, from the last turns and what was kept before."""
        question = render(
            "agents/modules_reflect.j2",
            transcript=transcript(turn.past, start=max(0, len(turn.past) - self._turns), changes=False),
            seen=turn.memo.get("perception", ""),
            kept=last_note(turn, "reflection"),
        )
        return (await self._talk.ask([self._talk.system, _words(question)], after=True)).text.strip()


def _words(text: str) -> Message:
    return Message.of("user", f"\n\n{text}")
