"""What one frame of a video tells: a moment of the episode, with the books as they stood."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from games.api import Observation
from harness.records import CallRecord, Episode, StepRecord, ThinkingRecord, TurnRecord
from harness.replay import Moment


class Words(NamedTuple):
    """A text with its title. It is cut where it is too long."""

    title: str
    text: str
    kind: Literal["thought", "said", "bad", "result"]


Deed = Literal["done", "lost", "end"]


@dataclass(frozen=True, slots=True)
class Card:
    """One frame: what was seen, what the model said to it, what was done and what that gave.

    `progress`, `episode_return` and `tokens` are those after it. `kind` is ``done``, ``lost`` or ``end``.
    """

    seen: Observation
    task: str
    entrant: str
    place: str
    tokens: int
    progress: float
    episode_return: float
    words: tuple[Words, ...]
    deed: str
    notes: tuple[str, ...]
    kind: Deed


def cards(episode: Episode, moments: Iterable[Moment], turns: range) -> Iterator[Card]:
    """A card for each step of these turns and for each of them that moved nothing, then one for the end.

    The end has its card where `moments` go so far.
    """
    books = _Books(episode)
    for moment in moments:
        books.enter(moment)
        if moment.turn is None:
            yield books.card(moment, _summary(episode), *_ending(episode))
        elif moment.turn.index in turns:
            yield books.card(moment, _told(episode, moment), *_done(moment.turn, moment.step, moment.number))


class _Books:
    """What was counted so far."""

    def __init__(self, episode: Episode) -> None:
        self._episode = episode
        self.steps = 0
        self._tokens = 0
        self._return = 0.0
        self._progress = 0.0

    def enter(self, moment: Moment) -> None:
        """Count a moment: the calls of its turn, where that begins, and its step."""
        memory, step = self._episode.memory, moment.step
        self._progress = (moment.frame if step is None else step).progress.value
        if moment.turn is None:
            self._pay(memory.calls if memory is not None else ())
        elif moment.number == 0:
            self._pay(moment.turn.calls)
        if step is not None:
            self.steps += not isinstance(step, ThinkingRecord)
            self._return += step.reward

    def _pay(self, calls: Iterable[CallRecord]) -> None:
        self._tokens += sum(call.usage.input + call.usage.output for call in calls)

    def card(self, moment: Moment, words: list[Words], deed: str, notes: tuple[str, ...], kind: Deed) -> Card:
        """The card of a moment that was counted."""
        header, count = self._episode.header, len(self._episode.turns)
        at = "the end" if moment.turn is None else f"turn {moment.turn.index} of {count}"
        taken = moment.step is not None and not isinstance(moment.step, ThinkingRecord)
        steps = self.steps - 1 if taken else self.steps
        time = "" if header.time == "paused" else f" · {header.time}"
        return Card(
            moment.frame.observation, header.task, header.entrant, f"{at} · step {steps}{time}",
            self._tokens, self._progress, self._return, tuple(words), deed, notes, kind,
        )  # fmt: skip


def _told(episode: Episode, moment: Moment) -> list[Words]:
    """What went wrong before a turn, then what the model thought and said in it: in its last call."""
    turn = moment.turn
    assert turn is not None  # noqa: S101 - the caller looked
    words = [
        Words(f"failed here, and went on later: {failure.outcome}", failure.message, "bad")
        for failure in episode.failures
        if failure.turn == turn.index
    ]
    if not turn.calls:
        return [*words, Words("words", turn.decision.text, "said")] if turn.decision.text else words
    call, which = turn.calls[-1], "" if len(turn.calls) == 1 else f", the last of {len(turn.calls)} calls"
    if call.reasoning:
        words.append(Words(f"reasoning{which}", call.reasoning, "thought"))
    return [*words, Words(f"answer{which}", call.text or "(empty)", "said")]


def _done(turn: TurnRecord, step: StepRecord | None, number: int) -> tuple[str, tuple[str, ...], Deed]:
    """The action, what came of it, and whether there was one."""
    decision = turn.decision
    why = decision.outcome.replace("_", " ") + (f": {decision.repair}" if decision.repair else "")
    if step is None:
        return "no action", (f"lost: {why}",), "lost"
    over = " · the game is over" if step.terminated or step.truncated else ""
    if isinstance(step, ThinkingRecord):
        return "thinks", (f"{step.frames} frames go by{over}",), "done"
    number -= turn.thinking is not None
    notes = [f"reward {step.reward:+g}{over}" if step.reward else f"no reward{over}"]
    if decision.outcome != "ok":
        notes.append(why)
    count = len(turn.steps)
    if count > 1 or decision.planned:
        notes.append(f"action {number + 1} of the {len(decision.planned) or count} planned")
    if decision.planned and number == count - 1:
        notes[-1] += f", then cut off: {decision.cut or 'the end'}"
    return step.action, tuple(notes), "done"


def _ending(episode: Episode) -> tuple[str, tuple[str, ...], Deed]:
    """How the episode ended, in a few words, and the final numbers."""
    end = episode.end
    if end is None:
        return f"{episode.status}", ("no score: the episode has no end yet",), "lost"
    numbers = [f"{end.turns} turns · {end.steps} steps"]
    if tokens := end.usage.input + end.usage.output:
        cost = "" if end.cost is None else f" · ${end.cost:.2f}"
        numbers.append(f"{tokens:,} tokens{cost} · {end.seconds:,.0f} s")
    limit = f": the limit of {end.limit}" if end.limit else ""
    return f"{end.ending}{limit}", tuple(numbers), "end"


def _summary(episode: Episode) -> list[Words]:
    """What is worth telling at the end: the failure that it stopped at, or what is taken along."""
    if episode.end is None:
        return [
            Words(f"failed: {failure.outcome}", failure.message, "bad")
            for failure in episode.failures
            if failure.turn == len(episode.turns)
        ][-1:]
    result = f"progress {episode.end.progress.value:.3f}\nreturn {episode.end.episode_return:g}"
    words = [Words("result", result, "result")]
    if episode.memory is not None:
        taken = json.dumps(episode.memory.content, indent=1, ensure_ascii=False)
        words.append(Words("taken along to the next trial", taken, "said"))
    return words
