"""CLIN: a memory of causal rules, written anew after each trial."""

from __future__ import annotations

import re
from typing import Any

from harness.agents._trials import LearningAgent
from harness.api import AgentContext, Completion
from harness.parsing import after_thinking

_RULE = re.compile(
    r"\b(?:may\s+be\s+necessary\s+to|should\s+be\s+necessary\s+to|may\s+contribute\s+to|"
    r"does\s+not\s+contribute\s+to)\b",
    re.I,
)
_NUMBER = re.compile(r"^\s*(?:[-*•]|\(?\d+[.):])\s*")
_MOST_RULES = 30


class ClinAgent(LearningAgent):
    """Plays as `cot`, guided by causal rules that it regenerates after each trial (CLIN, arXiv 2310.10134).

    A rule says that something may be or should be necessary to, may contribute to, or does not contribute
    to something. The new memory is written from the last `memories` ones and the trial's trace, and takes
    their place. Settings: `mode` (``adapt``: `trials` trials of one seed, then of the next;
    ``new-environment``: another seed each trial; ``new-task``: the next task of the game); `thoughts` as in
    `cot`. Other than the published agent it is given no list of objects and no gold path.
    """

    template = "agents/clin.j2"
    question = "agents/clin_question.j2"

    def facts(self, context: AgentContext) -> dict[str, Any]:
        """The rules of the last trial: they took the place of the earlier ones."""
        return {"rules": self._rules(), "mode": self._mode}

    def content(self, completion: Completion) -> dict[str, Any]:
        """The rules that can be read; where there is none, the old ones stay, and that is noted."""
        lines = [_NUMBER.sub("", line).strip() for line in after_thinking(completion.text).splitlines()]
        rules = [line for line in lines if _RULE.search(line)][:_MOST_RULES]
        if not rules:
            return {"rules": self._rules(), "unread": True}
        return {"rules": rules}

    def _rules(self) -> list[str]:
        return list(self._known[-1].content["rules"]) if self._known else []
