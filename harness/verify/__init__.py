"""Whether a run folder is what it says it is: every episode executed again, all books added up again.

No model is asked. What is recorded of each step is compared with what the game gives for the recorded actions
now; what is recorded of the whole with what the steps and answers add up to.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from os import cpu_count
from pathlib import Path

from harness.terminal import hush
from harness.verify._episode import check_episode
from harness.verify._evidence import Checked, Difference, Report
from harness.verify._planned import Planned, read_planned
from harness.verify._worlds import Worlds

__all__ = ["Checked", "Difference", "Report", "verify"]

_SMALL = 4_000_000
"""Bytes of episodes that are checked sooner than further processes have started."""


def verify(
    run: Path,
    *,
    workers: int | None = None,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Verify a run folder.

    Args:
        run: the folder.
        workers: processes, by default as many as cores; a small run is done in this one.
        told: is told how many episodes are done, of how many.

    Raises:
        InputError: the folder is not a run.
    """
    planned = read_planned(run)
    files = sorted((run / "episodes").rglob("*.jsonl"))
    checked: list[Checked] = []
    for found in _checked(run, files, planned, workers):
        checked.append(found)
        told(len(checked), len(files))
    there = {_name(run, file) for file in files}
    return Report(
        run=run,
        episodes=tuple(sorted(checked, key=lambda each: each.episode)),
        differences=planned.differences,
        missing=tuple(sorted(set(planned.specs) - there)),
    )


def _checked(run: Path, files: list[Path], planned: Planned, workers: int | None) -> Iterator[Checked]:
    many = workers or cpu_count() or 1
    small = workers is None and sum(file.stat().st_size for file in files) < _SMALL
    if many == 1 or small or len(files) < 2:
        worker = _Worker(run, planned)
        yield from map(worker.check, files)
        worker.close()
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(many, mp_context=context, initializer=_begin, initargs=(run,)) as pool:
        for future in as_completed([pool.submit(_check, file) for file in files]):
            yield future.result()


class _Worker:
    """Checks one episode after the other."""

    def __init__(self, run: Path, planned: Planned) -> None:
        self._run = run
        self._planned = planned
        self._worlds = Worlds()

    def check(self, file: Path) -> Checked:
        return check_episode(file, _name(self._run, file), self._planned, self._worlds)

    def close(self) -> None:
        self._worlds.close()


_worker: _Worker | None = None


def _begin(run: Path) -> None:
    """In a process of the pool: plan the run once."""
    global _worker  # noqa: PLW0603 - one a process
    hush()
    _worker = _Worker(run, read_planned(run))


def _check(file: Path) -> Checked:
    assert _worker is not None  # noqa: S101 - `_begin` made it
    return _worker.check(file)


def _name(run: Path, file: Path) -> str:
    """The id of the episode whose file stands there."""
    return file.relative_to(run / "episodes").with_suffix("").as_posix()
