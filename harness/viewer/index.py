"""Which episodes a run has, how each stands, and what of them is asked for."""

from __future__ import annotations

import csv
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from harness.errors import InputError
from harness.records import Status, read_outline, read_record
from harness.viewer.lines import EpisodeFile
from harness.viewer.outline import quick_outline

UNREADABLE = "unreadable"
STATUSES = (*map(str, Status), UNREADABLE)
SORTS = ("agent", "task", "index", "status", "score", "turns")

_FRESH = 1.0
"""Seconds for which the folder is not looked at again."""


@dataclass(frozen=True, slots=True)
class Row:
    """An episode in a list. `id` stands in addresses; `file`, its path, is never made of one."""

    id: str
    file: str
    agent: str = ""
    task: str = ""
    index: int = 0
    seed: int | None = None
    status: str = UNREADABLE
    score: float | None = None
    turns: int = 0
    error: str = ""

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.file)


class _Mark(NamedTuple):
    """What of a file changes when it is written to."""

    changed: int
    size: int


class RunIndex:
    """The episodes of one run folder, looked at again when they are asked for.

    A row comes from the scores where they are newer than the episode, else from its first and last line;
    an episode that is not over is read, and from then on only what is added to it.

    Raises:
        InputError: the folder is not a run.
    """

    def __init__(self, number: int, folder: Path) -> None:
        self.number, self.folder = number, folder
        self.record = read_record(folder)
        self._lock = threading.Lock()
        self._looked = -math.inf
        self._version = 0
        self._marks: dict[str, _Mark] = {}
        self._rows: dict[str, Row] = {}
        self._open: dict[str, EpisodeFile] = {}

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.resolve().name

    def rows(self) -> list[Row]:
        """Every episode, in the order of the files."""
        with self._lock:
            if time.monotonic() - self._looked > _FRESH:
                self._look()
                self._looked = time.monotonic()
            return list(self._rows.values())

    def row(self, wanted: str) -> Row | None:
        """The episode of an id; None where the run has none."""
        return next((row for row in self.rows() if row.id == wanted), None)

    def state(self) -> dict[str, Any]:
        """How far the run is: a version that changes with every turn, and counts."""
        rows = self.rows()
        counts = Counter(row.status for row in rows)
        return {
            "version": str(self._version),
            "episodes": len(rows),
            "turns": sum(row.turns for row in rows),
            **{status: counts[status] for status in STATUSES},
        }

    def _look(self) -> None:
        found = dict(sorted(_marks(self.folder / "episodes")))
        if found == self._marks:
            return
        changed = {name for name, mark in found.items() if self._marks.get(name) != mark}
        scores = _scores(self.folder / "scores.csv", changed, found)
        rows = {
            name: self._again(name, mark.size, scores) if name in changed else self._rows[name]
            for name, mark in found.items()
        }
        self._rows, self._marks = rows, found
        self._version += 1

    def _again(self, name: str, size: int, scores: Mapping[str, Row]) -> Row:
        if name in scores:
            return scores[name]
        file = os.path.join(self.folder, "episodes", name)  # noqa: PTH118 - ten thousand times
        if name not in self._open and (quick := quick_outline(file, size)) is not None:
            head, tail = quick
            return Row(
                episode_id(name), file, head.entrant, head.task, head.index, head.seed, Status.DONE.value,
                tail.progress.value, tail.turns,
            )  # fmt: skip
        try:
            return self._read(name, Path(file))
        except InputError as error:
            return Row(episode_id(name), file, error=str(error))

    def _read(self, name: str, path: Path) -> Row:
        outline = None if name in self._open else read_outline(path)
        if outline is None or outline.end is None:
            file = self._opened(name, path)
            header, end, status, turns = file.header, file.end, file.status, len(file.turns)
        else:
            header, end, status, turns = outline.header, outline.end, Status.DONE, outline.end.turns
        if end is not None:
            self._open.pop(name, None)
        score = end.progress.value if end else None
        return Row(
            episode_id(name),
            str(path),
            header.entrant,
            header.task,
            header.index,
            header.seed,
            str(status),
            score,
            turns,
        )

    def _opened(self, name: str, path: Path) -> EpisodeFile:
        if name in self._open:
            self._open[name].refresh()
        else:
            self._open[name] = EpisodeFile(path)
        return self._open[name]


def episode_id(name: str) -> str:
    """What names the episode of a file in addresses; `name` is its path below ``episodes``."""
    return blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def _marks(folder: Path, above: str = "") -> Iterator[tuple[str, _Mark]]:
    """The episode files below a folder. Links are not followed: a run's files are its own."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from _marks(Path(entry.path), f"{above}{entry.name}/")
                elif entry.name.endswith(".jsonl") and entry.is_file(follow_symlinks=False):
                    state = entry.stat(follow_symlinks=False)
                    yield above + entry.name, _Mark(state.st_mtime_ns, state.st_size)
    except FileNotFoundError:
        return


def _scores(path: Path, wanted: set[str], marks: Mapping[str, _Mark]) -> dict[str, Row]:
    """The rows of the table of scores, of those files that it is newer than; none where it cannot be used."""
    rows = {}
    try:
        made = path.stat().st_mtime_ns
        with path.open(encoding="utf-8", newline="") as stream:
            for line in csv.DictReader(stream):
                name = line["path"].replace("\\", "/").rpartition("episodes/")[2]
                if name in wanted and marks[name].changed < made and line["status"] == Status.DONE:
                    rows[name] = _scored(name, os.path.join(path.parent, "episodes", name), line)  # noqa: PTH118
    except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error):
        return {}
    return rows


def _scored(name: str, file: str, line: Mapping[str, str]) -> Row:
    score = float(line["score"])
    return Row(
        episode_id(name), file, line["agent"], line["task"], int(line["index"]), int(line["seed"]),
        line["status"], score if math.isfinite(score) else None, int(line["turns"]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which episodes to list, and in which order (the name of a column, with ``-`` before it: downwards)."""

    agent: str = ""
    task: str = ""
    status: str = ""
    least: float | None = None
    most: float | None = None
    sort: str = ""

    def of(self, rows: list[Row]) -> list[Row]:
        """Those of the rows that are wanted. What has no value in the sorted column comes last."""
        chosen = [row for row in rows if self._takes(row)]
        column = self.sort.removeprefix("-")
        if column not in SORTS:
            return chosen
        valued = [row for row in chosen if getattr(row, column) is not None]
        valued.sort(key=lambda row: getattr(row, column), reverse=self.sort.startswith("-"))
        return valued + [row for row in chosen if getattr(row, column) is None]

    def _takes(self, row: Row) -> bool:
        return (
            self.agent in ("", row.agent)
            and self.task in ("", row.task)
            and self.status in ("", row.status)
            and (self.least is None or (row.score is not None and row.score >= self.least))
            and (self.most is None or (row.score is not None and row.score <= self.most))
        )
