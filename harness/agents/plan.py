"""Several actions in one answer, broken off when the game surprises."""

from __future__ import annotations

import re
from typing import Literal

from harness.agents._talk import Talk, noted
from harness.api import AgentContext, Completion, Decision, Observation, Outcome, Stability, Turn
from harness.parsing import after_thinking
from harness.settings import Count

_HEAD = re.compile(r"^\W*actions?\W*[:=]", re.I | re.M)
_NUMBER = re.compile(r"^\s*(?:[-*•]|\(?\d+[.):])\s+")


class PlanAgent:
    """Up to `actions` actions a completion, carried out one after the other.

    With ``stop=news`` the rest is dropped, and the model asked again, after an action that brought a
    reward, that changed nothing at all, or that changed a section which seldom changes (an inventory);
    the model is told how far it got and why. With ``stop=never`` only the game's end stops it. What was
    carried out is recorded action by action, so that it replays exactly.
    """

    needs_model = True
    needs_oracle = False

    def __init__(
        self, context: AgentContext, *, actions: Count = 8, stop: Literal["news", "never"] = "news"
    ) -> None:
        self._talk = Talk(context, "agents/plan.j2", actions=actions, stop=stop)
        self._most = actions
        self._stop = surprise if stop == "news" else None

    async def act(self, turn: Turn) -> Decision:
        """Ask once and read as many actions as can be read."""
        turn = await self._talk.turn(turn)
        return noted(turn, self._read(await self._talk.ask(self._talk.messages(turn))))

    def _read(self, completion: Completion) -> Decision:
        """The plan up to its first line that names no action. The first line decides how the turn ends."""
        lines = _lines(after_thinking(completion.text))
        plan: list[str] = []
        repaired = ""
        for line in lines[: self._most]:
            read = self._talk.read(Completion(line, finish=completion.finish))
            if not read.outcome.acts:
                break
            plan += read.actions
            repaired = repaired or read.repair
        if not plan:
            return self._talk.read(completion)
        outcome = Outcome.REPAIRED if repaired else Outcome.OK
        told = "Actions:\n" + "\n".join(plan)
        return Decision(tuple(plan), outcome, told, repaired, stop=self._stop)


def _lines(text: str) -> list[str]:
    """What stands behind the last ``Actions:``, a line each, without numbers and bullets."""
    heads = list(_HEAD.finditer(text))
    body = text[heads[-1].end() :] if heads else text
    return [_NUMBER.sub("", line).strip() for line in body.splitlines() if line.strip()]


def surprise(before: Observation, after: Observation, reward: float) -> str:
    """Why a plan should not go on after an action; nothing where it should."""
    if reward:
        return "it brought a reward"
    if _same_text(before, after):
        return "the last one changed nothing" if before.sections else ""
    old = {section.name: section.text for section in before.sections}
    for section in after.sections:
        if section.stability is Stability.SLOW and old.get(section.name) != section.text:
            return f'"{section.name}" changed'
    return ""


def _same_text(before: Observation, after: Observation) -> bool:
    return [s.text for s in before.sections] == [s.text for s in after.sections]
