"""What every agent must do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from harness.api import AgentContext, Completion, Decision, Message, Outcome
from harness.histories.full import FullHistory
from harness.settings import parameters
from harness.testing._samples import ACTIONS, loaded, past, turn


class _Ask:
    """A model that says what it was told to, and remembers what it was asked."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.asked: list[tuple[Message, ...]] = []

    async def __call__(
        self,
        messages: Sequence[Message],
        *,
        choices: Sequence[str] | None = None,
        stable: int = 0,
        model: str = "",
    ) -> Completion:
        assert messages
        assert 0 <= stable <= len(messages)
        self.asked.append(tuple(messages))
        return Completion(self.answer)


class AgentContract:
    """Subclass, and say which: ``plugin`` is an entry point's name or a factory."""

    plugin: Any
    settings: Mapping[str, Any] = {}
    answer = "go forward"
    nonsense = "colourless green ideas sleep furiously all night long"

    def decide(self, count: int, answer: str) -> tuple[Decision, _Ask]:
        """A fresh agent's decision after `count` turns, and what it asked."""
        ask = _Ask(answer)
        factory = loaded("agents", self.plugin)

        async def oracle() -> str:
            return "turn right"

        context = AgentContext(
            task="toy/corridor",
            instructions="Reach the door.",
            actions=ACTIONS,
            free_text=False,
            seed=7,
            history=FullHistory(),
            ask=ask if getattr(factory, "needs_model", True) else None,
            oracle=oracle if getattr(factory, "needs_oracle", False) else None,
        )
        earlier = past(count)
        return asyncio.run(factory(context, **self.settings).act(turn(earlier))), ask

    def test_names_actions(self) -> None:
        """A decision that acts names actions of the vocabulary."""
        for count in (0, 1, 9):
            decision, _ = self.decide(count, self.answer)
            assert decision.outcome.acts
            assert decision.actions
            assert set(decision.actions) <= {action.name for action in ACTIONS}

    def test_nonsense_is_no_action(self) -> None:
        """An answer that names nothing is never turned into a move."""
        decision, ask = self.decide(2, self.nonsense)
        if ask.asked:
            assert decision.actions == ()
            assert decision.outcome in (Outcome.PARSE_ERROR, Outcome.INVALID_ACTION)

    def test_keeps_no_state(self) -> None:
        """A fresh agent decides a turn as one that has played: all it knows is in the turn."""
        first, asked = self.decide(3, self.answer)
        again, asked_again = self.decide(3, self.answer)
        assert first == again
        assert asked.asked == asked_again.asked

    def test_sees_the_instructions(self) -> None:
        """An agent with a model tells it the task's instructions."""
        _, ask = self.decide(0, self.answer)
        for messages in ask.asked:
            assert any("Reach the door." in message.text for message in messages)

    def test_settings_have_defaults(self) -> None:
        """Every setting has a default and a type, so that it can be written on the command line."""
        for parameter in parameters(loaded("agents", self.plugin)).values():
            assert parameter.annotation is not parameter.empty
