"""An episode as a video: what the game showed, beside what the model thought, did and got."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

from harness import tasks
from harness.records import Episode
from harness.replay import moments
from harness.video._card import Card, cards
from harness.video._film import Film, check_target
from harness.video._picture import Painter

__all__ = ["Card", "Made", "check_target", "pace", "write_video"]

_READING = 80  # characters of an answer from which on it takes time to read
_HELD = 2  # seconds that the end is shown


@dataclass(frozen=True, slots=True)
class Made:
    """What was written: frames of a size, by an encoder, and whether that is the best one that we know."""

    frames: int
    width: int
    height: int
    encoder: str
    best: bool


def pace(episode: Episode) -> float:
    """Steps a second that can be followed: 1 where a model explains itself, 4 where it does not."""
    calls = (call for turn in episode.turns for call in turn.calls)
    return 1.0 if any(len(call.text) + len(call.reasoning) > _READING for call in calls) else 4.0


def write_video(
    episode: Episode,
    path: Path,
    *,
    turns: range,
    speed: float | None = None,
    scale: int | None = None,
    watch: Callable[[Iterable[Card]], Iterable[Card]] = lambda shown: shown,
) -> Made:
    """Play an episode again and film it; one frame at a time is in memory.

    Args:
        episode: the episode, as far as it was played.
        path: the file to write, which is replaced. Its ending says which format: mp4, webm or gif.
        turns: only these; the end is shown where the last turn is.
        speed: steps a second, above 0; None: see `pace`.
        scale: pixels of the video for one of the game; None: as many as fit into 1280 × 720.
        watch: goes through the cards as they are drawn, to tell how far it is.

    Raises:
        InputError: the episode does not replay, or the file cannot be written.
    """
    rate = Fraction(speed or pace(episode)).limit_denominator(100)
    info = tasks.info(episode.header.task)
    observe = "both" if info.text and info.image else "image" if info.image else "text"
    with closing(moments(episode, observe=observe, turns=turns)) as played:
        shown = iter(watch(cards(episode, played, turns)))
        first = next(shown)
        painter = Painter(first.seen, scale)
        at = painter.layout
        with Film(path, rate, (at.width, at.height)) as made:
            for card in chain([first], shown):
                frame = painter.draw(card)
                for _ in range(max(1, math.ceil(_HELD * rate)) if card.kind == "end" else 1):
                    made.add(frame)
    return Made(made.count, at.width, at.height, made.encoder, made.best)
