"""Reflexion: after each trial the model says what went wrong, and knows it in the next."""

from __future__ import annotations

from typing import Any

from harness.agents._trials import LearningAgent, told
from harness.api import AgentContext, Completion


class ReflexionAgent(LearningAgent):
    """Plays as `cot`, with its own reflections on earlier trials (Shinn et al. 2023, arXiv 2303.11366).

    Settings: `mode` (``adapt``: `trials` trials of one seed, then of the next; ``new-environment``: another
    seed each trial; ``new-task``: the next task of the game); `memories`, how many of the last reflections
    it is shown; `thoughts` as in `cot`.
    """

    template = "agents/reflexion.j2"
    question = "agents/reflexion_question.j2"

    def facts(self, context: AgentContext) -> dict[str, Any]:
        """The reflections on the last trials."""
        return {"memories": told(self._known), "mode": self._mode}

    def content(self, completion: Completion) -> dict[str, Any]:
        """The reflection, as it was written."""
        return {"reflection": completion.text.strip()}
