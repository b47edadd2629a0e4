"""One episode in the terminal, turn by turn. Everything that a model or game wrote is escaped."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from harness.records import (
    CallRecord,
    End,
    Episode,
    Failure,
    MemoryRecord,
    MessageRecord,
    ObservationRecord,
    TurnRecord,
)
from harness.terminal import safe_text


def show_episode(
    episode: Episode, console: Console, *, turns: slice | None = None, full: bool = False
) -> None:
    """Print the header, the start, the turns and the end of an episode.

    Args:
        episode: what to show.
        console: where.
        turns: only these.
        full: all messages of each request; else only those that the turn added.
    """
    printer = Printer(console)
    show_header(printer, episode)
    if episode.start is not None and turns is None:
        printer.block("instructions", episode.start.instructions, "blue")
        printer.block("first observation", words_of(episode.start.observation), "cyan")
    asked = _messages(episode) if full else {}
    for turn in episode.turns[turns or slice(None)]:
        _show_turn(printer, turn, asked.get(turn.index))
    if episode.memory is not None and turns is None:
        _show_memory(printer, episode.memory, asked.get(None))
    for failure in episode.failures:
        show_failure(printer, failure)
    if episode.end is not None and turns is None:
        show_end(printer, episode.end)


def show_header(printer: Printer, episode: Episode) -> None:
    """Print what was played, by whom and when."""
    header = episode.header
    printer.line(f"{header.task} #{header.index} · {header.entrant}", "bold")
    printer.line(
        f"seed {header.seed} · suite {header.suite} {header.suite_version} · {header.started}", "dim"
    )


def show_failure(printer: Printer, failure: Failure) -> None:
    """Print what kept an episode from going on."""
    printer.line(f"failed at turn {failure.turn}: {failure.outcome}: {failure.message}", "red")


def _show_turn(printer: Printer, turn: TurnRecord, asked: list[tuple[MessageRecord, ...]] | None) -> None:
    printer.line(f"── turn {turn.index} ──", "bold")
    _show_calls(printer, turn.calls, asked)
    show_decision(printer, turn)


def show_decision(printer: Printer, turn: TurnRecord) -> None:
    """Print what was done in a turn, and what that gave."""
    decision = turn.decision
    style = "green" if decision.outcome in ("ok", "repaired") else "red"
    note = f" ({decision.repair})" if decision.repair else ""
    printer.line(f"{decision.outcome}{note}: {', '.join(decision.actions) or 'no action'}", style)
    if turn.thinking is not None:
        printer.line(f"  {turn.thinking.frames} frames went by while it thought", "dim")
    for step in turn.steps:
        over = " · terminated" if step.terminated else " · truncated" if step.truncated else ""
        printer.line(
            f"  {step.action} → reward {step.reward:g}, progress {step.progress.value:.3f}{over}", ""
        )
    if left := decision.planned[len(decision.actions) :]:
        printer.line(f"  not carried out: {', '.join(left)} ({decision.cut or 'the end'})", "dim")
    if decision.memo:
        printer.line(f"  noted: {json.dumps(decision.memo, ensure_ascii=False)}", "dim")


def _show_memory(
    printer: Printer, memory: MemoryRecord, asked: list[tuple[MessageRecord, ...]] | None
) -> None:
    printer.line("── what is taken along ──", "bold")
    _show_calls(printer, memory.calls, asked)
    printer.block("memory", json.dumps(memory.content, indent=2, ensure_ascii=False), "green")


def _show_calls(
    printer: Printer, calls: Sequence[CallRecord], asked: list[tuple[MessageRecord, ...]] | None
) -> None:
    for number, call in enumerate(calls):
        for message in asked[number] if asked else call.request.add:
            printer.block(message.role, _parts(message), "cyan")
        show_call(printer, call)


def show_call(printer: Printer, call: CallRecord) -> None:
    """Print what a model answered, and what that took."""
    if call.reasoning:
        printer.block("reasoning", call.reasoning, "magenta")
    printer.block("answer", call.text, "yellow")
    price = "" if call.cost is None else f", ${call.cost:.4f}"
    retries = f", {len(call.retries)} retries" if call.retries else ""
    kept = ", from the response cache" if call.cached else ""
    usage = f"{call.usage.input} tokens in ({call.usage.cached} cached), {call.usage.output} out"
    first = "" if call.first_token is None else f" (first token {call.first_token:.2f} s)"
    queued = f", {call.queued:.2f} s in line" if call.queued >= 0.01 else ""
    printer.line(f"  {usage}, {call.latency:.2f} s{first}{queued}{price}{retries}{kept}", "dim")


def show_end(printer: Printer, end: End) -> None:
    """Print how an episode ended."""
    limit = f" ({end.limit})" if end.limit else ""
    printer.line(f"── {end.ending}{limit} ──", "bold")
    printer.line(
        f"progress {end.progress.value:.3f}, return {end.episode_return:g}, {end.steps} steps, "
        f"{end.turns} turns, {end.usage.input + end.usage.output:,} tokens",
        "",
    )


def _messages(episode: Episode) -> dict[int | None, list[tuple[MessageRecord, ...]]]:
    found: dict[int | None, list[tuple[MessageRecord, ...]]] = {}
    for turn, _, messages in episode.requests():
        found.setdefault(turn, []).append(messages)
    return found


def _parts(message: MessageRecord) -> str:
    return "\n".join(p["text"] if "text" in p else f"[picture {p['image'][:12]}]" for p in message.parts)


def words_of(observation: ObservationRecord) -> str:
    """The sections of an observation, and a few digits of its picture's hash."""
    text = "\n\n".join(f"[{section.name}]\n{section.text}" for section in observation.sections)
    return f"{text}\n[picture {observation.image[:12]}]" if observation.image else text


class Printer:
    """Prints escaped text; nothing is read as markup."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def line(self, text: str, style: str) -> None:
        """One line, or several where the text has them."""
        self._console.print(Text(safe_text(text), style=style), soft_wrap=True)

    def block(self, title: str, text: str, style: str) -> None:
        """A text, indented under its title."""
        self._console.print(Text(f"{safe_text(title)}:", style=f"bold {style}"))
        for line in safe_text(text).split("\n"):
            self._console.print(Text(f"  {line}"), soft_wrap=True)
