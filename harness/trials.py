"""Trials: episodes that come one after the other, because an agent learns from each.

Which follow which is the agent's setting `mode` (the three of CLIN, Majumder et al. 2023,
arXiv 2310.10134, §4):

    adapt             the same environment again: `trials` episodes of one seed, then of the next seed
    new-environment   the same task with another seed each time
    new-task          the next task of the same game, in the order of the plan
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Mode = Literal["adapt", "new-environment", "new-task"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an episode stands: its chain ("" where it waits for nobody), and the index of its seed."""

    chain: str
    seed_index: int


def place(factory: Callable[..., Any], settings: Mapping[str, Any], task: str, index: int) -> Place:
    """The chain and seed of a task's episode with this index."""
    if getattr(factory, "alone", False):
        return Place("alone", index)
    if not getattr(factory, "trials", False):
        return Place("", index)
    if settings["mode"] == "adapt":
        environment = index // settings["trials"]
        return Place(f"{task}#{environment}", environment)
    if settings["mode"] == "new-task":
        return Place(task.partition("/")[0], index)
    return Place(task, index)
