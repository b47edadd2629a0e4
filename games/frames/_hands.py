"""What is held down, and for how much longer; and the inputs that are still to come."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from games.frames._grammar import FOREVER, Segment


class Hands:
    """The buttons under a player's fingers, in frames."""

    def __init__(self) -> None:
        self._left: dict[str, int] = {}
        self._queue: deque[Segment] = deque()
        self.rest = 0  # frames that are left of the segment under way

    @property
    def held(self) -> frozenset[str]:
        """What is pressed now."""
        return frozenset(self._left)

    @property
    def waiting(self) -> int:
        """Frames of inputs that are still to come."""
        return self.rest + sum(segment.frames for segment in self._queue)

    def plan(self, segments: Iterable[Segment]) -> None:
        """Put inputs behind those that are still to come."""
        self._queue.extend(segments)

    def cut(self) -> int:
        """Forget what is still to come; the frames that are cut.

        What is held for a number of frames is let go; what is held until it is released stays.
        """
        lost = self.waiting
        self._left = {name: left for name, left in self._left.items() if left >= FOREVER // 2}
        self._queue.clear()
        self.rest = 0
        return lost

    def begin(self) -> Segment | None:
        """Go on to the next segment: its buttons are pressed now. None where there is none."""
        if not self._queue:
            return None
        segment = self._queue.popleft()
        for name in segment.releases:
            self._left.pop(name, None)
        for name, frames in segment.holds:
            self._left[name] = frames
        self.rest = segment.frames
        return segment

    def press(self, names: Iterable[str]) -> None:
        """Hold more buttons until they are released."""
        for name in names:
            self._left.setdefault(name, FOREVER)

    def release(self, names: Iterable[str]) -> None:
        """Let go of buttons."""
        for name in names:
            self._left.pop(name, None)

    def steady(self, most: int) -> int:
        """For how many frames, at most so many, what is held stays as it is."""
        return min((most, *self._left.values()))

    def passed(self, frames: int) -> None:
        """Let frames go by; what was held for long enough is let go."""
        self._left = {name: left - frames for name, left in self._left.items() if left > frames}

    def state(self) -> dict[str, Any]:
        """Everything, as JSON holds it."""
        queue = [[each.frames, each.holds, each.releases, each.point] for each in self._queue]
        return {"left": self._left, "queue": queue, "rest": self.rest}

    @classmethod
    def of(cls, state: dict[str, Any]) -> Hands:
        """What `state` gave."""
        made = cls()
        made._left = {str(name): int(frames) for name, frames in state["left"].items()}
        made._queue = deque(
            Segment(
                frames, tuple((name, count) for name, count in holds), tuple(releases), point and tuple(point)
            )
            for frames, holds, releases, point in state["queue"]
        )
        made.rest = int(state["rest"])
        return made
