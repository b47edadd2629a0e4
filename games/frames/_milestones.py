"""Progress by state: how many of a task's milestones were reached, in their order, by weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from games.api import Progress
from games.frames._conditions import Numbers, compiled
from games.frames._spec import Milestone


class Tracker:
    """The milestones of one episode. `reached` are the frames at which the first ones were."""

    def __init__(self, milestones: Sequence[Milestone]) -> None:
        self._milestones = milestones
        self._tests = [compiled(milestone.when) for milestone in milestones]
        self._whole = sum(milestone.weight for milestone in milestones)
        self.reached: list[int] = []

    def look(self, numbers: Numbers, frame: int) -> None:
        """Note what holds now. Several may be reached in one frame, each after the one before."""
        while len(self.reached) < len(self._tests) and self._tests[len(self.reached)](numbers):
            self.reached.append(frame)

    @property
    def value(self) -> float:
        """The share of the weights that was reached, from 0 to 1; 0 without milestones."""
        if not self._milestones:
            return 0.0
        return sum(each.weight for each in self._milestones[: len(self.reached)]) / self._whole

    def progress(self, parts: Mapping[str, float]) -> Progress:
        """The value, with the number reached and the frame of each.

        Without milestones progress is not measured: 0, and ``measured`` says so.
        """
        if not self._milestones:
            return Progress(0.0, {**parts, "measured": 0.0})
        named = {
            f"frame of {milestone.name}": float(frame)
            for milestone, frame in zip(self._milestones, self.reached, strict=False)
        }
        return Progress(self.value, {"milestones": float(len(self.reached)), **named, **parts})


def faults(milestones: Sequence[Milestone], start: Numbers) -> list[str]:
    """What is wrong with a set at the start of an episode, a line each: nothing may be reached already.

    Every condition is looked at by itself, whatever its order, and so are names that are not there.
    """
    found = []
    for milestone in milestones:
        try:
            if compiled(milestone.when)(start):
                found.append(f'the milestone "{milestone.name}" holds at the start')
        except KeyError as error:
            found.append(f'the milestone "{milestone.name}" speaks of {error}, which the game does not tell')
    return found
