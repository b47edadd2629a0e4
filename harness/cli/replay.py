"""``ludometer replay``: one episode played again from what was recorded, to be watched."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli._paths import Place
from harness.cli.show import episode_at, turns_slice
from harness.errors import InputError
from harness.records import Episode, TurnRecord

if TYPE_CHECKING:
    from games.api import Observation
    from harness.cli._show import Printer
    from harness.video import Card

_SPEEDS = (0.01, 50.0)
"""Steps a second. A GIF counts in hundredths of a second, and players do not show less than two of them."""


@click.command()
@click.argument("episode", type=Place())
@click.option(
    "--video", type=click.Path(path_type=Path), metavar="FILE", help="Write it as mp4, gif or webm."
)
@click.option("--speed", type=float, metavar="X", help="Steps a second (in the terminal: turns).")
@click.option("--turns", metavar="A:B", help="Only the turns from A up to B.")
@click.option("--scale", type=click.IntRange(1), metavar="N", help="Pixels of the video for one of the game.")
@click.option("--force", is_flag=True, help="Replace a video that is there already.")
def replay(  # noqa: PLR0917 - the options of the command
    episode: Path, video: Path | None, speed: float | None, turns: str | None, scale: int | None, force: bool
) -> None:
    """Play one episode file (RUN/episodes/…/0000.jsonl) again, checked against what was recorded.

    Without --video it is shown in the terminal, a turn a second; --speed 0 does not wait. A video shows a
    step a second where a model explains itself, else four.
    """
    if video is None and (scale is not None or force):
        raise InputError("--scale and --force are for --video FILE")
    _check_speed(speed, waiting=video is None)
    read = episode_at(episode)
    wanted = _wanted(read, turns)
    if not read.header.deterministic:
        click.echo(
            "note: the game is not deterministic, so what was recorded is shown, not played again", err=True
        )
    if video is None:
        _in_terminal(read, wanted, 1.0 if speed is None else speed)
    else:
        _into_video(read, video, wanted, speed=speed, scale=scale, force=force)


def _check_speed(speed: float | None, *, waiting: bool) -> None:
    if speed is None or (waiting and speed == 0):
        return
    slowest, fastest = _SPEEDS
    if math.isnan(speed) or not slowest <= speed <= fastest:
        raise InputError(f"--speed {speed:g}: expected steps a second, from {slowest:g} to {fastest:g}")


def _wanted(episode: Episode, text: str | None) -> range:
    """The turns to show."""
    count = len(episode.turns)
    found = range(count)[turns_slice(text) or slice(None)]
    if count and not found:
        raise InputError(f"--turns {text}: the episode has the turns 0 to {count - 1}")
    return found


def _in_terminal(episode: Episode, wanted: range, speed: float) -> None:
    from rich.console import Console

    from harness import tasks
    from harness.cli._show import Printer, show_header
    from harness.replay import moments

    console = Console(highlight=False)
    printer = Printer(console)
    observe = "text" if tasks.info(episode.header.task).text else "image"
    show_header(printer, episode)
    with closing(moments(episode, observe=observe, turns=wanted)) as played:
        for moment in played:
            if moment.turn is None:
                _show_last(printer, episode)
            elif moment.turn.index in wanted and moment.number == 0:
                _show_turn(printer, episode, moment.turn, moment.frame.observation)
                if console.is_terminal and speed:
                    time.sleep(1 / speed)


def _show_turn(printer: Printer, episode: Episode, turn: TurnRecord, seen: Observation) -> None:
    """What was seen, what was said to it, what was done and what that gave."""
    from harness.cli._show import show_call, show_decision, words_of
    from harness.convert import observation_record

    _show_failures(printer, episode, turn.index)
    printer.line(f"── turn {turn.index} ──", "bold")
    printer.block("observation", words_of(observation_record(seen)), "cyan")
    for call in turn.calls:
        show_call(printer, call)
    show_decision(printer, turn)


def _show_last(printer: Printer, episode: Episode) -> None:
    from harness.cli._show import show_end

    _show_failures(printer, episode, len(episode.turns))
    if episode.end is not None:
        show_end(printer, episode.end)
    else:
        printer.line(f"── {episode.status} ──", "bold")


def _show_failures(printer: Printer, episode: Episode, turn: int) -> None:
    from harness.cli._show import show_failure

    for failure in episode.failures:
        if failure.turn == turn:
            show_failure(printer, failure)


def _into_video(
    episode: Episode, path: Path, wanted: range, *, speed: float | None, scale: int | None, force: bool
) -> None:
    from harness import video

    video.check_target(path, force=force)
    end = wanted.stop == len(episode.turns)
    total = sum(max(1, len(episode.turns[index].steps)) for index in wanted) + end

    def watch(cards: Iterable[Card]) -> Iterable[Card]:
        from rich.console import Console
        from rich.progress import track

        console = Console(stderr=True)
        return track(
            cards, "drawing", total, console=console, transient=True, disable=not console.is_terminal
        )

    made = video.write_video(episode, path, turns=wanted, speed=speed, scale=scale, watch=watch)
    if not made.best:
        click.echo(f"note: compressed by {made.encoder}, the best that this PyAV has", err=True)
    size = path.stat().st_size / 1e6
    click.echo(f"video: {path} ({made.frames:,} frames of {made.width} × {made.height}, {size:.1f} MB)")
