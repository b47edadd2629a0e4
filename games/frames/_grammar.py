"""The grammar of inputs: from a line such as ``hold right 30 then a+b 4`` to segments of frames.

A line is parts, joined by ``then``, a comma or a semicolon:

    right               press a button: held for the task's hold, released for the rest of its step
    a+b                 several at once
    a 4                 held for 4 frames (also ``hold a 4``, ``press a 4``)
    hold right          held from here on, also through the turns that follow, until it is released
    release right       let go of one, or of everything (``release``)
    wait 20             20 frames with nothing new pressed (without a number: one step)
    move 120 80         the mouse goes there; ``click``, ``rightclick`` and ``drag`` where there is one
    click 120 80
    drag 10 10 60 40
    type north          keys one after the other, where there is a keyboard

Nothing of a line is carried out unless the whole of it is understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from games.api import UnknownAction

FOREVER = 1 << 40
"""Frames of a hold that lasts until it is released."""

_LONGEST = 2_000  # characters of a line: more is no input
_MOST_PARTS = 100
_CLICKED = 3  # frames that a mouse button is down for a click
_MOUSE = {"move": "move", "click": "click", "rightclick": "rightclick", "drag": "click"}
"""What is done with the mouse, and the button that it takes."""
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Segment:
    """Some frames with buttons pressed anew.

    `holds` are the frames that a button stays pressed from the beginning: as long as the segment, or
    longer. `releases` are buttons that are let go first. `point` is where the mouse goes first.
    """

    frames: int
    holds: tuple[tuple[str, int], ...] = ()
    releases: tuple[str, ...] = ()
    point: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a task understands.

    Args:
        buttons: the names that can be pressed.
        hold: frames that a bare name is held.
        frames: frames that a bare name takes in all.
        most: frames that one line may take.
        pointer: width and height of the mouse's screen, None without a mouse.
    """

    buttons: tuple[str, ...]
    hold: int = 8
    frames: int = 16
    most: int = 300
    pointer: tuple[int, int] | None = None

    def parse(self, text: str) -> tuple[Segment, ...]:
        """The segments of a line.

        Raises:
            UnknownAction: it is not understood; the message says what of it, and what there is.
        """
        if len(text) > _LONGEST:
            raise UnknownAction(f"an input of {len(text)} characters; at most {_LONGEST}")
        parts = [part for part in re.split(r"\bthen\b|[,;\n]", _plain(text)) if part.strip()]
        if not parts:
            raise UnknownAction("the input is empty")
        if len(parts) > _MOST_PARTS:
            raise UnknownAction(f"{len(parts)} parts in one input; at most {_MOST_PARTS}")
        found = [segment for part in parts for segment in self._part(part.split())]
        return self._bounded(found)

    def _bounded(self, segments: list[Segment]) -> tuple[Segment, ...]:
        """A last hold that is longer than a line may be goes on into what follows; nothing else may."""
        before, last = sum(segment.frames for segment in segments[:-1]), segments[-1]
        if before + last.frames > self.most and before < self.most and last.holds:
            segments[-1] = Segment(self.most - before, last.holds, last.releases, last.point)
        total = sum(segment.frames for segment in segments)
        if total > self.most:
            raise UnknownAction(f"{total} frames in one input; at most {self.most}")
        return tuple(segments)

    def _part(self, words: list[str]) -> Iterator[Segment]:
        verb, rest = words[0], words[1:]
        if verb in ("wait", "noop") and verb not in self.buttons:
            yield Segment(self._count(rest, self.frames, "wait 20"))
        elif verb == "release":
            yield Segment(1, releases=self._named(" ".join(rest)) if rest else self.buttons)
        elif self.pointer is not None and _MOUSE.get(verb, "") in ("move", *self.buttons):
            yield from self._mouse(verb, rest)
        elif verb == "type" and rest:
            yield from self._typed(" ".join(rest))
        else:
            yield from self._pressed(words)

    def _pressed(self, words: list[str]) -> Iterator[Segment]:
        held = words[0] == "hold"
        if words[0] in ("hold", "press") and len(words) > 1:
            words = words[1:]
        count = [word for word in words if word not in ("for", "frames", "frame")]
        number = count.pop() if len(count) > 1 and _NUMBER.fullmatch(count[-1]) else None
        names = self._named(" ".join(count))
        if number is not None:
            frames = _positive(number)
            yield Segment(frames, tuple((name, frames) for name in names))
        elif held:
            yield Segment(self.frames, tuple((name, FOREVER) for name in names))
        else:
            yield from self._tap(names)

    def _tap(self, names: Sequence[str], point: tuple[int, int] | None = None) -> Iterator[Segment]:
        """Held for the task's hold, released for the rest of its step."""
        yield Segment(self.hold, tuple((name, self.hold) for name in names), point=point)
        if self.frames > self.hold:
            yield Segment(self.frames - self.hold, releases=tuple(names))

    def _typed(self, text: str) -> Iterator[Segment]:
        for character in text:
            yield from self._tap(self._named("space" if character == " " else character))

    def _mouse(self, verb: str, words: list[str]) -> Iterator[Segment]:
        numbers = [int(word) for word in words if _NUMBER.fullmatch(word)]
        wanted = (4,) if verb == "drag" else (2,) if verb == "move" else (0, 2)
        if len(numbers) != len(words) or len(numbers) not in wanted:
            raise UnknownAction(f'"{verb}" needs whole numbers, such as "{_EXAMPLES[verb]}"')
        points = [self._on_screen(x, y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
        if verb == "move":
            yield Segment(self.frames, point=points[0])
        elif verb == "drag":
            yield Segment(_CLICKED, (("click", FOREVER),), point=points[0])
            yield Segment(self.hold, point=points[1])
            yield Segment(_CLICKED, releases=("click",))
        else:
            yield Segment(_CLICKED, ((verb, _CLICKED),), point=points[0] if points else None)
            yield Segment(max(1, self.frames - _CLICKED), releases=(verb,))

    def _on_screen(self, x: int, y: int) -> tuple[int, int]:
        assert self.pointer is not None  # noqa: S101 - the caller looked
        width, height = self.pointer
        if x >= width or y >= height:
            raise UnknownAction(
                f"{x} {y} is off the screen: x from 0 to {width - 1}, y from 0 to {height - 1}"
            )
        return x, y

    def _named(self, text: str) -> tuple[str, ...]:
        """The buttons of ``a+b``."""
        names = tuple(dict.fromkeys(" ".join(name.split()) for name in text.split("+")))
        for name in names:
            if name not in self.buttons:
                there = ", ".join(self.buttons)
                raise UnknownAction(f'"{name[:40]}" is nothing that can be pressed here; there are: {there}')
        return names

    @staticmethod
    def _count(words: list[str], usual: int, example: str) -> int:
        words = [word for word in words if word not in ("for", "frames", "frame")]
        if not words:
            return usual
        if len(words) > 1 or not _NUMBER.fullmatch(words[0]):
            raise UnknownAction(f'a whole number of frames is missing, as in "{example}"')
        return _positive(words[0])


_EXAMPLES = {
    "move": "move 120 80",
    "click": "click 120 80",
    "rightclick": "rightclick 120 80",
    "drag": "drag 10 10 60 40",
}


def _positive(number: str) -> int:
    if int(number) == 0:
        raise UnknownAction("0 frames is no time at all; at least 1")
    return int(number)


def _plain(text: str) -> str:
    """In small letters, without the marks that models put around what they say."""
    return text.strip().strip("`*\"'“”.").casefold()
