"""Watches a tree of processes while it runs: CPU seconds, memory, and what the machine had left."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

MIB = 2**20


@dataclass(frozen=True)
class Sample:
    """One look. CPU seconds are since the processes began, memory is in MiB."""

    at: float  # time.monotonic
    cpu: dict[str, float]  # by role: main, workers (environments), askers (the model), beside
    idle: float  # seconds that the machine's cores have had nothing to do
    pss: float
    rss: float
    processes: int


class Watch:
    """Looks at some processes and all their children, every so many seconds, until it is left."""

    def __init__(self, mains: list[int], *, beside: tuple[int, ...] = (), every: float = 0.5) -> None:
        self.samples: list[Sample] = []
        self._mains, self._beside, self._every = mains, beside, every
        self._cpu: dict[int, float] = {}
        self._roles = dict.fromkeys(mains, "main") | dict.fromkeys(beside, "beside")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def between(self, begin: float, end: float) -> list[Sample]:
        """The looks between two times."""
        return [sample for sample in self.samples if begin <= sample.at <= end]

    def _watch(self) -> None:
        while not self._stop.wait(self._every):
            self.samples.append(self._look())

    def _look(self) -> Sample:
        pss = rss = count = 0
        for pid in list(self._tree()):
            seen = _memory(pid)
            pss, rss, count = pss + seen[0], rss + seen[1], count + 1
            self._count(pid)
        for pid in self._beside:
            self._count(pid)
        times = psutil.cpu_times()
        return Sample(
            at=time.monotonic(),
            cpu=self._by_role(),
            idle=times.idle + times.iowait,
            pss=pss / MIB,
            rss=rss / MIB,
            processes=count,
        )

    def _count(self, pid: int) -> None:
        # A process that has ended keeps what it took.
        self._cpu[pid] = max(self._cpu.get(pid, 0.0), _cpu(pid))
        if pid not in self._roles:
            self._roles[pid] = "askers" if "harness.providers._apart" in _command(pid) else "workers"

    def _by_role(self) -> dict[str, float]:
        total = dict.fromkeys(("main", "workers", "askers", "beside"), 0.0)
        for pid, seconds in self._cpu.items():
            total[self._roles[pid]] += seconds
        return total

    def _tree(self) -> Iterator[int]:
        for pid in self._mains:
            try:
                process = psutil.Process(pid)
                yield from (pid, *(child.pid for child in process.children(recursive=True)))
            except psutil.NoSuchProcess:
                continue


def _cpu(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _command(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:
        return ""


def _memory(pid: int) -> tuple[int, int]:
    """Proportional (memory that processes share counts once in all) and resident set, in bytes."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0, 0
    found = dict(line.split(":", 1) for line in text.splitlines()[1:])
    return tuple(int(found[name].split()[0]) * 1024 for name in ("Pss", "Rss"))  # type: ignore[return-value]
