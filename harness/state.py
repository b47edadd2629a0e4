"""Where an episode stands between two turns. The same when it was just played and when it is replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.api import Decision, Meter, Outcome, PastTurn, Usage
from harness.convert import usage_of
from harness.records import CallRecord, TurnRecord
from harness.spec import Limits
from harness.tokens import calibrated
from harness.world import Briefing, Frame
from prompts import render


@dataclass(slots=True)
class State:
    """Where an episode stands between two turns."""

    briefing: Briefing
    frame: Frame
    past: list[PastTurn] = field(default_factory=list)
    notice: str = ""
    meter: Meter = field(default_factory=Meter)
    steps: int = 0
    episode_return: float = 0.0
    usage: Usage = field(default_factory=Usage)
    cost: float | None = 0.0
    seconds: float = 0.0  # model and environment time; waiting on the provider does not count


def advance(state: State, decision: Decision, last: Frame | None, reward: float, record: TurnRecord) -> None:
    """Move the state past a turn. The same when it was just played and when it is replayed."""
    state.past.append(PastTurn(state.frame.observation, decision, reward, state.notice, state.meter))
    state.frame = last or state.frame
    state.notice = notice(decision)
    state.steps += len(record.steps)
    state.episode_return += reward
    state.seconds += record.seconds_env
    state.meter = calibrated(state.meter, record.calls)
    pay(state, record.calls)


def pay(state: State, calls: Sequence[CallRecord]) -> None:
    """Count what calls used."""
    for call in calls:
        state.seconds += call.latency
        state.usage = state.usage + usage_of(call.usage)
        state.cost = None if call.cost is None or state.cost is None else state.cost + call.cost


def notice(decision: Decision) -> str:
    """What the model is told when its last answer did nothing, or not all that it asked for."""
    if decision.planned:
        facts = {"done": len(decision.actions), "planned": len(decision.planned), "cut": decision.cut}
        return render("notices/cut_plan.j2", **facts)
    if decision.outcome is Outcome.LATE:
        return render("notices/late.j2", detail=decision.repair, instead=decision.actions)
    if decision.outcome.acts:
        return ""
    return render("notices/lost_turn.j2", outcome=str(decision.outcome), detail=decision.repair)


def reached(limits: Limits, state: State) -> str | None:
    """The first limit that is reached, by name."""
    tokens = state.usage.input + state.usage.output
    hit = {
        "steps": state.steps >= state.briefing.max_steps,
        "turns": len(state.past) >= (limits.turns or state.briefing.max_steps),
        "tokens": limits.tokens is not None and tokens >= limits.tokens,
        "dollars": limits.dollars is not None and (state.cost or 0.0) >= limits.dollars,
        "seconds": limits.seconds is not None and state.seconds >= limits.seconds,
    }
    return next((name for name, is_hit in hit.items() if is_hit), None)
