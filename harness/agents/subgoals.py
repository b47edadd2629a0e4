"""A teacher that names subgoals and a worker that acts on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from harness.agents._talk import Talk, brief, last_note, noted
from harness.api import AgentContext, Decision, Turn
from harness.histories._messages import observation_text
from harness.parsing import after_thinking, labelled
from harness.settings import Count
from prompts import render

Kind = Literal["relative", "object", "words"]

_WAYS = "forward|ahead|back|backward|behind|left|right|north|south|east|west|up|down|here"
_RELATIVE = re.compile(
    rf"\b\d+\s+(?:steps?\s+|cells?\s+|pixels?\s+)?(?:to\s+(?:the|your)\s+)?(?:{_WAYS})\b", re.I
)
_LINE = re.compile(r"^\W*(?:\d+[.):]\s*)?subgoal\W*[:=]\s*(.+?)\W*$", re.I | re.M)
_REACHED = re.compile(r"^\W*reached\W*[:=]\W*(yes|no)\b", re.I | re.M)


class SubgoalsAgent:
    """Subgoals after Words as Beacons (arXiv 2410.08632), where a model also plays the worker.

    The teacher names up to `goals` subgoals in order: `kind` is ``relative`` (so many steps this way and
    that), ``object`` (a thing that is observed) or ``words`` (anything). What does not have that form is
    not taken. The worker acts on the first open one and says before each action whether it is reached;
    then it is recorded, and the next one is open. With none left, or none reached for `patience` turns,
    the teacher is asked again. Without a subgoal the worker plays on without. `teacher` is another model
    (``"provider:name"``, in quotes); by default the worker's own teaches.
    """

    needs_model = True
    needs_oracle = False
    models = ("teacher",)

    def __init__(
        self,
        context: AgentContext,
        *,
        kind: Kind = "words",
        goals: Count = 3,
        patience: Count = 20,
        teacher: str = "",
    ) -> None:
        self._worker = Talk(context, "agents/subgoals_worker.j2", kind=kind)
        self._teacher = Talk(context, "agents/subgoals_teacher.j2", kind=kind, goals=goals).system
        self._kind: Kind = kind
        self._model = teacher
        self._most = goals
        self._patience = patience

    async def act(self, turn: Turn) -> Decision:
        """Ask the teacher where there is no subgoal, then the worker."""
        turn = await self._worker.turn(turn)
        state = await self._state(turn)
        goal = state["open"][0] if state["open"] else ""
        shown = render("agents/subgoals_open.j2", goal=goal)
        completion = await self._worker.ask(self._worker.messages(turn, after=shown), after=True)
        decision = brief(self._worker.read(completion, label=True))
        found = _REACHED.findall(after_thinking(completion.text))
        if goal and found and found[-1].lower() == "yes":
            state |= {"reached": goal, "open": state["open"][1:], "since": turn.index + 1}
        return noted(turn, replace(decision, memo={"subgoals": state}))

    async def _state(self, turn: Turn) -> dict[str, Any]:
        """The open subgoals, since when the first one is open, and what was named but not taken."""
        before: dict[str, Any] = last_note(turn, "subgoals", {"open": [], "since": 0})
        if before["open"] and turn.index - before["since"] < self._patience:
            return {"open": before["open"], "since": before["since"]}
        question = render("agents/subgoals_question.j2", reached=_reached(turn), given_up=before["open"][:1])
        present = self._worker.messages(turn, after=question)[1:]
        answer = await self._worker.ask([self._teacher, *present], after=True, model=self._model)
        named = [line.strip() for line in _LINE.findall(after_thinking(answer.text))]
        named = named or [labelled(after_thinking(answer.text), "subgoal").strip()]
        taken = [goal for goal in named if goal and self._has_form(goal, turn)][: self._most]
        state: dict[str, Any] = {"open": taken, "since": turn.index}
        rejected = [goal[:200] for goal in named if goal and goal not in taken][: self._most]
        return {**state, "rejected": rejected} if rejected else state

    def _has_form(self, goal: str, turn: Turn) -> bool:
        if len(goal) > 200:
            return False
        if self._kind == "relative":
            return bool(_RELATIVE.search(goal))
        if self._kind == "object" and turn.observation.sections:
            return goal.casefold().strip(" .\"'") in observation_text(turn.observation).casefold()
        return True


def _reached(turn: Turn) -> Sequence[str]:
    states = (old.decision.memo.get("subgoals", {}) for old in turn.past)
    return [state["reached"] for state in states if "reached" in state]
