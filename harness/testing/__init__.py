"""Contract-test kits for plugin authors: subclass one in a line, and pytest runs it.

    from harness.testing import ProviderContract

    class TestMine(ProviderContract):
        plugin = "mine"          # the entry point's name, or a factory

Our own plugins pass the same kits.
"""

from harness.testing.agent import AgentContract
from harness.testing.game import GameContract
from harness.testing.history import HistoryContract
from harness.testing.http_provider import HTTPProviderContract
from harness.testing.provider import ProviderContract
from harness.testing.scorer import ScorerContract

__all__ = [
    "AgentContract",
    "GameContract",
    "HTTPProviderContract",
    "HistoryContract",
    "ProviderContract",
    "ScorerContract",
]
