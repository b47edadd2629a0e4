"""Where a large evaluation bends: episodes, harness processes and model servers as a simulation.

``python benchmarks/scale_simulation.py [--quick] [--json]``. One event at a time, seeded. Episodes have
lognormal lengths (a median and a long tail up to the limit of turns). A turn waits for a place among the
harness process's requests, takes CPU time of that process (one core each), and is answered by the server
with the fewest requests: a server answers `served` requests at once at full speed, and shares its
throughput among more (batched decoding that is saturated). Rows vary one thing each around a base case.
`harness_busy` and `servers_busy` are shares of the time in which at least half of the places are taken;
`tail_share` is the rest of the time. The bound is ``tail`` where that rest is more than 40 %, else
``harness`` or ``servers`` where they are busy more than 85 % of the time before, else ``latency``: more
episodes at once would help.

Assumptions, not measurements: lengths, the server's latency and what it serves at once. Measured: the
harness's CPU a turn (`benchmarks/scale.py`).
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True)
class Case:
    """One cluster. Times in seconds."""

    name: str
    episodes: int = 8000
    processes: int = 4  # of the harness: shards, or Ray tasks
    servers: int = 8
    concurrency: int = 512  # episodes at once, over all processes
    latency: float = 0.8  # of an answer where the server is not saturated
    served: int = 64  # requests at once that a server answers at that speed
    cpu: float = 0.003  # of a harness process a turn
    median: int = 60
    spread: float = 1.0  # of the logarithm of the length
    limit: int = 1000
    longest_first: bool = True


def lengths(case: Case, dice: random.Random) -> list[int]:
    """Turns of each episode."""
    drawn = [max(1, round(case.median * dice.lognormvariate(0.0, case.spread))) for _ in range(case.episodes)]
    cut = [min(case.limit, turns) for turns in drawn]
    return sorted(cut, reverse=True) if case.longest_first else cut


def simulate(case: Case, seed: int = 0) -> dict[str, object]:
    """Play it; what it came to."""
    dice = random.Random(seed)
    waiting = [lengths(case, dice)[n :: case.processes] for n in range(case.processes)]
    total = sum(map(sum, waiting))
    places = case.concurrency // case.processes
    free_at = [0.0] * case.processes  # when each harness process has done what it was given
    busy = [0.0] * case.processes
    load = [0] * case.servers
    worked, alive = 0.0, 0
    full: tuple[float, float, float] | None = (
        None  # when half of the places were empty: time and work until then
    )
    events: list[tuple[float, int, int, int, int]] = []  # when, order, process, turns left, server or -1
    order = 0

    def push(when: float, process: int, left: int, server: int) -> None:
        nonlocal order
        order += 1
        heapq.heappush(events, (when, order, process, left, server))

    def think(now: float, process: int, left: int) -> None:
        """The harness's work before a request; one core a process."""
        free_at[process] = max(now, free_at[process]) + case.cpu
        busy[process] += case.cpu
        push(free_at[process], process, left, -1)

    for process, queue in enumerate(waiting):
        for _ in range(min(places, len(queue))):
            think(0.0, process, queue.pop(0))
            alive += 1
    now = 0.0
    while events:
        now, _, process, left, server = heapq.heappop(events)
        if full is None and alive < case.concurrency / 2 and not any(waiting):
            full = (now, sum(busy), worked)
        if server < 0:  # the request goes out
            server = load.index(min(load))
            load[server] += 1
            slower = max(1.0, load[server] / case.served)
            worked += case.latency / case.served
            push(now + case.latency * slower * dice.uniform(0.8, 1.2), process, left, server)
            continue
        load[server] -= 1
        if left > 1:
            think(now, process, left - 1)
        elif waiting[process]:
            think(now, process, waiting[process].pop(0))
        else:
            alive -= 1
    until, by_harness, by_servers = full or (now, sum(busy), worked)
    harness = by_harness / (until * case.processes)
    servers = by_servers / (until * case.servers)
    tail = 1 - until / now
    bound = "latency"
    if tail > 0.4:
        bound = "tail"
    elif max(harness, servers) > 0.85:
        bound = "harness" if harness > servers else "servers"
    return {
        **asdict(case),
        "turns": total,
        "hours": round(now / 3600, 3),
        "calls_per_s": round(total / now, 1),
        "harness_busy": round(harness, 3),
        "servers_busy": round(servers, 3),
        "tail_share": round(tail, 3),
        "bound": bound,
    }


BASE = Case("base")
CASES = [
    BASE,
    replace(BASE, name="concurrency 128", concurrency=128),
    replace(BASE, name="concurrency 256", concurrency=256),
    replace(BASE, name="concurrency 1024", concurrency=1024),
    replace(BASE, name="1 harness process", processes=1),
    replace(BASE, name="2 harness processes", processes=2),
    replace(BASE, name="8 harness processes", processes=8),
    replace(BASE, name="4 servers", servers=4),
    replace(BASE, name="16 servers", servers=16),
    replace(BASE, name="16 servers, 1024", servers=16, concurrency=1024),
    replace(BASE, name="any order", longest_first=False),
    replace(BASE, name="any order, long tail", longest_first=False, spread=1.5, limit=5000),
    replace(BASE, name="longest first, long tail", spread=1.5, limit=5000),
    replace(BASE, name="twice the CPU a turn", cpu=0.006),
    replace(BASE, name="CPU 1 ms a turn", cpu=0.001),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the episodes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cases = [replace(case, episodes=case.episodes // 10) if options.quick else case for case in CASES]
    rows = [simulate(case) for case in cases]
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    shown = ("name", "calls_per_s", "harness_busy", "servers_busy", "tail_share", "hours", "bound")
    print("  ".join(f"{name:>12}" if name != "name" else f"{name:<26}" for name in shown))
    for row in rows:
        print("  ".join(f"{row[k]:>12}" if k != "name" else f"{row[k]:<26}" for k in shown))


if __name__ == "__main__":
    main()
