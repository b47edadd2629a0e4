"""Options behind a task's name: ``doom/freedoom1-e1m1@skill=4,turbo``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

SHARED = {
    "turbo": "skip the frames in which the game does not listen",
    "frames": "so many pictures in one (2 to 8)",
}
"""The options that every game with frames has."""


def split(task: str, own: Mapping[str, str] | None = None) -> tuple[str, dict[str, str]]:
    """The name behind the game's, and the options; a bare option is ``1``.

    Raises:
        ValueError: there is no such option.
    """
    name, _, text = task.partition("/")[2].partition("@")
    known = {**SHARED, **(own or {})}
    found: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        option, _, value = part.partition("=")
        if option not in known or option in found:
            told = "; ".join(f"{each} ({about})" for each, about in known.items())
            raise ValueError(f"{task}: {option!r} is no option, or stands twice; there are: {told}")
        found[option] = value or "1"
    return name, found


class Shared(TypedDict):
    """What `FrameGame` takes of the options."""

    frames: int
    turbo: bool


def shared(task: str, options: Mapping[str, str]) -> Shared:
    """What `FrameGame` takes of them.

    Raises:
        ValueError: a number is out of its range.
    """
    return {"frames": number(task, options, "frames", 1, 8), "turbo": "turbo" in options}


def number(task: str, options: Mapping[str, str], name: str, least: int, most: int) -> int:
    """An option that is a whole number; `least` where it is not given.

    Raises:
        ValueError: it is none, or out of range.
    """
    text = options.get(name, str(least))
    if not text.isascii() or not text.isdecimal() or not least <= int(text) <= most:
        raise ValueError(f"{task}: {name} is a whole number from {least} to {most}, not {text!r}")
    return int(text)
