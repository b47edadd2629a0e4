"""Self-consistency: several samples of one answer, and the action that most of them name."""

from __future__ import annotations

from collections import Counter

from harness.agents._talk import Talk, noted, together
from harness.api import AgentContext, Completion, Decision, Turn
from harness.settings import Count


class VoteAgent:
    """`samples` completions a turn at the same time; the majority acts (Wang et al. 2022, arXiv 2203.11171).

    Samples that name no action have no vote; of actions with as many votes the one named first wins.
    Settings: `think` asks each sample to reason first. Samples differ only with a temperature above 0:
    set one where the provider's default is 0.
    """

    needs_model = True
    needs_oracle = False

    def __init__(self, context: AgentContext, *, samples: Count = 5, think: bool = True) -> None:
        self._talk = Talk(context, "agents/cot.j2" if think else "agents/direct.j2")
        self._choices = None if think else self._talk.choices
        self._samples = samples
        self._think = think

    async def act(self, turn: Turn) -> Decision:
        """Ask, count, and decide as the first sample of the majority does."""
        turn = await self._talk.turn(turn)
        messages = self._talk.messages(turn)
        asked = [self._talk.ask(messages, choices=self._choices) for _ in range(self._samples)]
        return noted(turn, self._count(await together(asked)))

    def _count(self, completions: list[Completion]) -> Decision:
        decisions = [self._talk.read(completion, label=self._think) for completion in completions]
        acting = [decision for decision in decisions if decision.outcome.acts]
        if not acting:
            return decisions[0]
        votes = Counter(decision.actions[0] for decision in acting)
        winner = votes.most_common(1)[0][0]  # of equal counts the first counted
        chosen = next(decision for decision in acting if decision.actions[0] == winner)
        text = f"Action: {winner}" if self._think else chosen.text
        return Decision(
            chosen.actions, chosen.outcome, text, chosen.repair,
            memo={"votes": dict(votes), "lost": len(decisions) - len(acting)},
        )  # fmt: skip
