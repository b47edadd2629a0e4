"""Contract-test kits for plugin authors: subclass one in a line, and pytest runs it.

    from harness.testing import ProviderContract

    class TestMine(ProviderContract):
        plugin = "mine"          # the entry point's name, or a factory

Our own plugins pass the same kits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.testing.agent import AgentContract
from harness.testing.game import GameContract
from harness.testing.history import HistoryContract
from harness.testing.provider import ProviderContract
from harness.testing.scorer import ScorerContract

if TYPE_CHECKING:
    from harness.testing.http_provider import HTTPProviderContract

__all__ = [
    "AgentContract",
    "GameContract",
    "HTTPProviderContract",
    "HistoryContract",
    "ProviderContract",
    "ScorerContract",
]


def __getattr__(name: str) -> Any:
    """The kit that needs pytest is imported when it is asked for: the fake server needs none."""
    if name == "HTTPProviderContract":
        from harness.testing.http_provider import HTTPProviderContract

        return HTTPProviderContract
    raise AttributeError(name)
