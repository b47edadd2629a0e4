"""Which episodes are exported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from harness.records import Episode, Outline, episode_files, read_episode, read_outline


@dataclass(frozen=True, slots=True)
class Selection:
    """Episodes of runs, each with its run's folder, read one at a time and in the order of their files.

    `agent` and `task` are shell patterns; an agent is found by its name (``direct``), with its settings
    (``direct(history=window)``) or with its model (``direct @ openai:…``). `least` is the least progress at
    the end. `done` leaves out what failed or was not finished.
    """

    runs: tuple[Path, ...]
    agent: str = "*"
    task: str = "*"
    least: float | None = None
    done: bool = False

    def __iter__(self) -> Iterator[tuple[Path, Episode]]:
        for run in self.runs:
            for path in episode_files(run):
                if self._takes(read_outline(path)) and (episode := read_episode(path)) is not None:
                    yield run, episode

    def _takes(self, outline: Outline | None) -> bool:
        if outline is None or (outline.end is None and (self.done or self.least is not None)):
            return False
        if self.least is not None and outline.end is not None and outline.end.progress.value < self.least:
            return False
        header = outline.header
        names = (header.agent.partition("(")[0], header.agent, header.entrant)
        return fnmatchcase(header.task, self.task) and any(fnmatchcase(name, self.agent) for name in names)
