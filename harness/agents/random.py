"""Uniformly random play: the floor that every other agent is measured against."""

from __future__ import annotations

import random

from harness.api import AgentContext, Decision, Turn
from harness.seeds import derive


class RandomAgent:
    """One action a turn, each of the vocabulary equally likely.

    The choice of a turn depends on the episode's seed and the turn's index alone, so a resumed
    episode goes on as it would have.
    """

    needs_model = False
    needs_oracle = False

    def __init__(self, context: AgentContext) -> None:
        self._names = [action.name for action in context.actions]
        self._seed = context.seed

    async def act(self, turn: Turn) -> Decision:
        """Draw one action."""
        dice = random.Random(derive(self._seed, "random-agent", turn.index))
        return Decision((dice.choice(self._names),))
