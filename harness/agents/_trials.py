"""What the agents that learn from trial to trial share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.agents.cot import CotAgent, Thoughts
from harness.api import AgentContext, Completion, Memory, Message, Trial
from harness.histories._transcript import transcript
from harness.settings import Count
from harness.trials import Mode
from prompts import render

_TRACE_TOKENS = 6000


class LearningAgent(CotAgent):
    """Plays as `cot` does, with what earlier trials taught in its instructions.

    `question` is the template that asks for the new memory, `content` reads the answer.
    """

    trials = True
    question: str

    def __init__(
        self,
        context: AgentContext,
        *,
        mode: Mode = "adapt",
        trials: Count = 5,
        memories: Count = 3,
        thoughts: Thoughts = 0,
    ) -> None:
        self._known = list(context.memories)[-memories:]
        self._mode = mode
        self._instructions = context.instructions
        super().__init__(context, thoughts=thoughts)

    async def remember(self, trial: Trial) -> dict[str, Any]:
        """Ask for the memory of a trial that is over, given the last memories and what happened."""
        words = render(
            self.question,
            mode=self._mode,
            memories=told(self._known),
            trace=transcript(trial.past, tokens=_TRACE_TOKENS),
            note=render("histories/diff.j2"),
            result=result(trial.progress, trial.episode_return),
            ending=trial.ending,
        )
        system = Message.of("system", self._instructions)
        completion = await self._talk.ask([system, Message.of("user", words)], after=True)
        return self.content(completion)

    def content(self, completion: Completion) -> dict[str, Any]:
        """What is kept of the answer, as JSON values."""
        raise NotImplementedError


def told(memories: Sequence[Memory]) -> list[dict[str, Any]]:
    """Memories as the templates tell them."""
    return [
        {"task": m.task, "content": m.content, "result": result(m.progress, m.episode_return)}
        for m in memories
    ]


def result(progress: float, episode_return: float) -> str:
    """How a trial came out, in numbers: the agent is told what is scored."""
    return f"progress {progress:.2f} of 1, sum of rewards {episode_return:g}"
