"""What others do with runs: tables for analysis, conversations for training. Nothing here asks a model."""

from harness.export._chat import Exported, write_chat
from harness.export._select import Selection
from harness.export._tables import STEPS, TURNS, Table, write_tables

__all__ = ["STEPS", "TURNS", "Exported", "Selection", "Table", "write_chat", "write_tables"]
