"""Few-shot: recorded play of the same task stands before the model's own game."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from harness import demonstrations
from harness.agents._talk import Talk, last_note, noted
from harness.api import AgentContext, Decision, Image, Message, Part, Text, Turn
from harness.convert import message_records
from harness.demonstrations import Shown
from harness.errors import InputError
from harness.histories._messages import observation_text
from harness.settings import Count
from prompts import render


class FewShotAgent:
    """Plays as `direct`, after demonstrations of the task (Brown et al. 2020, arXiv 2005.14165).

    Settings: `demos`, a file that ``ludometer demos`` made, in words or pictures; `examples`, how many
    episodes of it are shown, the best first; `steps`, how many steps of each; `choices` as in `direct`.
    Demonstrations of the seeds that are evaluated are never used.
    """

    needs_model = True
    needs_oracle = False

    def __init__(
        self,
        context: AgentContext,
        *,
        demos: str = "",
        examples: Count = 1,
        steps: Count = 30,
        choices: bool = True,
    ) -> None:
        found = demonstrations.suitable(_path(demos), context.task, context.series)
        # The same seed may be in two series; it is not shown either.
        chosen = [each for each in found if each.seed != context.seed][:examples]
        self._talk = Talk(context, "agents/few_shot.j2", examples=len(chosen))
        self._choices = self._talk.choices if choices else None
        self._shown = [
            message
            for number, each in enumerate(chosen, 1)
            for at, step in enumerate(each.steps[:steps])
            for message in _pair(step, number if at == 0 else None)
        ]
        self._hash = sha256(repr(message_records(self._shown)).encode()).hexdigest()[:16]

    @classmethod
    def check(cls, settings: dict[str, Any], task: str, series: str) -> None:
        """Refuse settings that do not serve for a task, before anything starts."""
        demonstrations.suitable(_path(settings["demos"]), task, series)

    async def act(self, turn: Turn) -> Decision:
        """Ask once, the demonstrations ahead of the history."""
        if last_note(turn, "demonstrations", self._hash) != self._hash:
            raise InputError("the demonstrations are not those that this episode began with; put them back")
        turn = await self._talk.turn(turn)
        system, first, *rest = self._talk.messages(turn)
        if self._shown:
            begins = Text(render("agents/few_shot_begins.j2") + "\n\n")
            first = Message("user", (begins, *first.parts))
        messages = [system, *self._shown, first, *rest]
        completion = await self._talk.ask(messages, choices=self._choices)
        decision = self._talk.read(completion)
        return noted(turn, decision if turn.past else replace(decision, memo={"demonstrations": self._hash}))


def _path(demos: str) -> Path:
    if not demos:
        raise InputError('few-shot needs demonstrations: few-shot(demos="FILE"), made with ludometer demos')
    return Path(demos)


def _pair(step: Shown, begins: int | None) -> tuple[Message, Message]:
    """What was observed and what was done; `begins` numbers an example at its first step."""
    head = render("agents/few_shot_example.j2", number=begins) if begins else ""
    words = "\n\n".join(part for part in (head, observation_text(step.observation)) if part)
    parts: list[Part] = [Text(words)] if words else []
    if step.picture is not None:
        parts.append(Image(step.picture))
    seen = tuple(parts) or (Text("(nothing is shown)"),)
    return Message("user", seen), Message.of("assistant", step.action)
