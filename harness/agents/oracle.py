"""A game's own scripted player, where it has one: it shows that a task can be solved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from harness.api import AgentContext, Decision, Turn


class OracleAgent:
    """Plays what the environment's oracle says."""

    needs_model = False
    needs_oracle = True

    def __init__(self, context: AgentContext) -> None:
        assert context.oracle is not None  # noqa: S101 - offered only for tasks that have one
        self._oracle: Callable[[], Awaitable[str]] = context.oracle

    async def act(self, turn: Turn) -> Decision:
        """Ask the oracle."""
        return Decision((await self._oracle(),))
