"""SPRING: a graph of questions about the manual and what is seen, whose last answer is the action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from harness.agents._talk import Talk, brief, together
from harness.api import AgentContext, Decision, Message, Text, Turn
from harness.histories._transcript import transcript
from prompts import render

GRAPH: Mapping[str, Sequence[str]] = {
    "needs": (),
    "last": (),
    "met": ("needs",),
    "success": ("last",),
    "goals": ("needs", "met"),
    "first": ("goals",),
    "options": ("first",),
    "possible": ("options",),
    "act": ("last", "success", "options", "possible"),
}
"""Question → the questions whose answers it is given. The shape is SPRING's, the words are ours."""


def waves(graph: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The questions in the order of asking; those of one wave do not need one another."""
    done: set[str] = set()
    order: list[list[str]] = []
    while len(done) < len(graph):
        wave = [name for name, parents in graph.items() if name not in done and done.issuperset(parents)]
        if not wave:
            raise ValueError("the graph of questions has a cycle")
        order.append(wave)
        done.update(wave)
    return order


class SpringAgent:
    """Nine questions a turn in seven waves, those of a wave at the same time (SPRING, arXiv 2305.15486).

    Each question sees the game's manual, the last `turns` turns, what is observed now, and the questions
    and answers that it builds on. Without a manual of the game its instructions stand in. It has no
    further memory, so the setting `history` changes nothing.
    """

    needs_model = True
    needs_oracle = False

    def __init__(self, context: AgentContext, *, turns: Annotated[int, Field(ge=0)] = 2) -> None:
        self._talk = Talk(context, "agents/spring.j2", manual=context.manual)
        self._turns = turns

    async def act(self, turn: Turn) -> Decision:
        """Ask wave by wave; the last answer is the decision."""
        seen = self._seen(turn)
        answers: dict[str, str] = {}
        for wave in waves(GRAPH)[:-1]:
            found = await together([self._ask(seen, name, answers) for name in wave])
            answers.update(zip(wave, found, strict=True))
        completion = await self._talk.ask(self._messages(seen, "act", answers), after=True)
        return brief(self._talk.read(completion, label=True))

    async def _ask(self, seen: Message, name: str, answers: Mapping[str, str]) -> str:
        return (await self._talk.ask(self._messages(seen, name, answers), after=True)).text.strip()

    def _messages(self, seen: Message, name: str, answers: Mapping[str, str]) -> list[Message]:
        told = []
        for parent in GRAPH[name]:
            told += [_question(parent), Message.of("assistant", answers[parent] or "(no answer)")]
        asked = [*told, _question(name, self._talk.context.free_text)]
        # What is seen and the first question are both the user's: one message.
        first = Message("user", (*seen.parts, *asked[0].parts))
        return [self._talk.system, first, *asked[1:]]

    def _seen(self, turn: Turn) -> Message:
        """The last turns and the present observation, the same for every question."""
        past = transcript(turn.past, start=max(0, len(turn.past) - self._turns), changes=False)
        present = self._talk.context.history.messages((), Turn(turn.index, turn.observation, (), turn.notice))
        before = Message.of("user", render("agents/spring_seen.j2", past=past))
        gap = Text("\n\n")
        return Message("user", (*before.parts, gap, *present[-1].parts, gap))


def _question(name: str, free_text: bool = False) -> Message:
    return Message.of("user", render(f"agents/spring_{name}.j2", free_text=free_text))
