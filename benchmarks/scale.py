"""How much one machine plays, and what of its time and memory goes where.

``python benchmarks/scale.py [--quick] [--json] [--part NAME]…`` runs the real command line against a fake
server on this machine (`_chat_server.py`) that answers after a latency. Three parts:

``throughput``  BabyAI in words, 256 episodes at once, 200 ms a call; once as one run, once as two shards.
``blocking``    16 episodes of 20 steps, a model that takes 50 ms and an environment that blocks for 50 ms.
``many``        thousands of short episodes from end to end: does memory grow?

What a row of ``throughput`` says. All figures are of the steady part of a run: from when 15 % of the calls
were answered until 65 % were, by the server's own clock.

calls_per_s       answers a second.
by_latency        concurrency ÷ latency: no run at this concurrency can be faster.
by_cores          what the cores could give to calls that cost what these cost: the cores, less what others
                  took of them, ÷ the CPU seconds of a call in all processes (main, workers, server). A run
                  reaches less where a core stands idle.
by_floor          the same with the least that a call costs: the bare provider and the bare environment
                  (`_bare.py`: same requests, same actions, nothing of ours around them) and the server.
first, share      which of by_latency and by_cores is less, and calls_per_s as a share of it.
main_ms …         CPU milliseconds a call of the run's own process, of those that ask the model (`askers`),
                  of those with environments (`workers`), and of the fake server. gross_ms is the first three,
                  harness_ms is that less the bare provider.
pss_mib           the most memory of all processes of the run together, what they share counted once.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from bisect import bisect_left
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import _bare  # noqa: E402
from _watching import Sample, Watch  # noqa: E402

STEADY = (0.15, 0.65)
"""Later the last episodes end and fewer are at once; earlier processes and connections are made."""

CORES = len(os.sched_getaffinity(0))
Row = dict[str, Any]


# ------------------------------------------------------------------------------------------ the pieces


@dataclass
class Server:
    """The fake server, a process of its own."""

    pid: int
    url: str

    def books(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/stats") as reply:
            return dict(json.load(reply))


@contextlib.contextmanager
def serving(latency: float) -> Iterator[Server]:
    command = [sys.executable, str(HERE / "_chat_server.py"), "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(process.pid, f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.kill()


@contextlib.contextmanager
def playing(url: str, out: Path, *flags: object) -> Iterator[subprocess.Popen[bytes]]:
    """``ludometer run``, as from a shell; killed where the benchmark is."""
    command = [sys.executable, "-c", "from harness.cli import main; main()", "run", "-a", "direct"]
    command += ["-m", "openai:fake", "--base-url", f"{url}/v1", "--no-report", "--out", str(out)]
    path = os.pathsep.join([str(HERE.parent), str(HERE), os.environ.get("PYTHONPATH", "")])
    with (out.parent / f"{out.name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *map(str, flags)],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": path},
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@dataclass
class Played:
    """One run or several at once: how it went, by the server's books and by watching the processes."""

    began: float
    ended: float
    came: list[float]
    answered: list[float]
    watch: Watch
    folders: list[Path]

    @property
    def start_up(self) -> float:
        return self.came[0] - self.began

    @property
    def steady(self) -> list[Sample]:
        begin, end = (self.answered[int(len(self.answered) * share)] for share in STEADY)
        return self.watch.between(begin, end)


def play(server: Server, folder: Path, runs: list[tuple[object, ...]]) -> Played:
    """Play runs side by side, each with its flags, and wait for them all."""
    folders = [folder / f"run-{number}" for number in range(len(runs))]
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(playing(server.url, out, *flags))
            for out, flags in zip(folders, runs, strict=True)
        ]
        watch = Watch([process.pid for process in started], beside=(server.pid,))
        with watch:
            for process, out in zip(started, folders, strict=True):
                if process.wait() != 0:
                    raise click.ClickException((out.parent / f"{out.name}.log").read_text()[-2000:])
    ended, books = time.monotonic(), server.books()
    return Played(began, ended, books["came"], books["answered"], watch, folders)


def apart(function: Any, *arguments: Any) -> Any:
    """Call a function of a module in a process of its own, so that its CPU time is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


# --------------------------------------------------------------------------------------------- throughput


def throughput(*, quick: bool, concurrency: int = 256, latency: float = 0.2) -> Iterator[Row]:
    rounds, tasks = (1 if quick else 5), 5
    common = ("-t", "babyai/*", "-n", -(-concurrency * rounds // tasks), "--steps", 20)
    half = ("--concurrency", concurrency // 2)
    runs: dict[str, list[tuple[object, ...]]] = {
        "one run": [(*common, "--concurrency", concurrency)],
        "two shards": [(*common, *half, "--shard", "1/2"), (*common, *half, "--shard", "2/2")],
    }
    if quick:
        del runs["two shards"]
    for setup, flags in runs.items():
        with tempfile.TemporaryDirectory() as folder:
            with serving(latency) as server:
                played = play(server, Path(folder), flags)
            yield {"part": "throughput", "setup": setup, **pace(played, concurrency, latency, quick=quick)}


def pace(played: Played, concurrency: int, latency: float, *, quick: bool) -> Row:
    """What the steady part of a run says."""
    first, last = played.steady[0], played.steady[-1]
    calls = bisect_left(played.answered, last.at) - bisect_left(played.answered, first.at)
    seconds = last.at - first.at
    ms = {role: 1000 * (last.cpu[role] - first.cpu[role]) / calls for role in last.cpu}
    idle = (last.idle - first.idle) / seconds
    taken = max(0.0, CORES - idle - sum(ms.values()) / 1000 * calls / seconds)
    recorded = (str(played.folders[0]), 60 if quick else 250)
    with serving(latency) as server:
        bare = apart(_bare.provider, server.url, concurrency, *recorded)
    world = apart(_bare.world, *recorded)
    floor = bare["ms"] + world + ms["beside"]
    bounds = {
        "by_latency": concurrency / latency,
        "by_cores": 1000 * (CORES - taken) / sum(ms.values()),
        "by_floor": 1000 * (CORES - taken) / floor,
    }
    rate = calls / seconds
    first_bound = min(("by_latency", "by_cores"), key=bounds.__getitem__)
    return {
        "concurrency": concurrency,
        "latency_s": latency,
        "calls": len(played.answered),
        "calls_per_s": rate,
        **bounds,
        "first": first_bound,
        "share": rate / bounds[first_bound],
        "cores": CORES,
        "taken_by_others": taken,
        "main_ms": ms["main"],
        "askers_ms": ms["askers"],
        "workers_ms": ms["workers"],
        "server_ms": ms["beside"],
        "bare_provider_ms": bare["ms"],
        "bare_world_ms": world,
        "harness_ms": sum(ms.values()) - ms["beside"] - bare["ms"],
        "gross_ms": sum(ms.values()) - ms["beside"],
        "bare_calls_per_s": bare["calls_per_s"],
        **memory(played.watch.samples),
        "start_up_s": played.start_up,
        "seconds": played.ended - played.began,
    }


def memory(samples: list[Sample]) -> Row:
    """The most memory of all processes together."""
    return {
        "pss_mib": max(sample.pss for sample in samples),
        "rss_mib": max(sample.rss for sample in samples),
        "processes": max(sample.processes for sample in samples),
    }


# ----------------------------------------------------------------------------------------------- blocking


def blocking(*, quick: bool) -> Iterator[Row]:
    """How long 20 steps take where model and environment wait 50 ms each: the ideal is 2.0 s."""
    from _waiting import SECONDS

    episodes, steps, latency = 16, 20, 0.05
    flags = ("-t", "gymnasium:_waiting:Waiting-v0", "-n", episodes, "--steps", steps)
    with tempfile.TemporaryDirectory() as folder, serving(latency) as server:
        played = play(server, Path(folder), [(*flags, "--concurrency", episodes)])
        files = list((played.folders[0] / "episodes").rglob("*.jsonl"))
        # Files have the time of day, the server the monotonic clock.
        since = time.time() - time.monotonic()
        written = max(path.stat().st_mtime for path in files) - since
        assert len(files) == episodes
        assert len(played.answered) == episodes * steps
    yield {
        "part": "blocking",
        "setup": f"{episodes} episodes × {steps} steps",
        "seconds_after_start": written - played.came[0],
        "ideal_s": steps * (latency + SECONDS),
        "goal_s": 2.3,
        "start_up_s": played.start_up,
        **memory(played.watch.samples),
    }


# --------------------------------------------------------------------------------------------------- many


def many(*, quick: bool) -> Iterator[Row]:
    """Short episodes by the thousand, and whether memory grows with their number."""
    episodes, steps, concurrency, latency = 400 if quick else 10_000, 3, 64, 0.02
    flags = ("-t", "babyai/*", "-n", episodes // 5, "--steps", steps, "--concurrency", concurrency)
    with tempfile.TemporaryDirectory() as folder, serving(latency) as server:
        played = play(server, Path(folder), [flags])
        out = played.folders[0]
        sizes = [path.stat().st_size for path in (out / "episodes").rglob("*.jsonl")]
        log = (out.parent / f"{out.name}.log").read_text()
    assert re.search(rf"{episodes} of {episodes} episodes done", log), log[-500:]
    yield {"part": "many", "setup": f"{episodes:,} episodes × {steps} steps", **growth(played, episodes), **{
        "calls": len(played.answered),
        "bytes_an_episode": sum(sizes) / len(sizes),
        **memory(played.watch.samples),
        "start_up_s": played.start_up,
        "play_s": played.answered[-1] - played.came[0],
        "end_s": played.ended - played.answered[-1],
    }}  # fmt: skip


def growth(played: Played, episodes: int) -> Row:
    """Memory after a quarter of the play and at its end, and the slope between by least squares."""
    import numpy as np

    begin = played.answered[len(played.answered) // 4]
    samples = played.watch.between(begin, played.answered[-1])
    done = [bisect_left(played.answered, sample.at) / len(played.answered) for sample in samples]
    slope = np.polyfit(np.array(done) * episodes / 1000, [sample.pss for sample in samples], 1)[0]
    after = [sample.pss for sample in played.watch.samples if sample.at > played.answered[-1]]
    return {
        "pss_mib_at_a_quarter": samples[0].pss,
        "pss_mib_at_the_end": samples[-1].pss,
        "mib_per_1000_episodes": float(slope),
        "pss_mib_concluding": max(after, default=0.0),
    }


# ---------------------------------------------------------------------------------------------------------

PARTS = {"throughput": throughput, "blocking": blocking, "many": many}


def told(row: Row) -> str:
    """A row for a person: a line for each figure."""
    head = f"{row['part']}: {row['setup']}"
    lines = [f"  {name:22} {_number(value)}" for name, value in row.items() if name not in ("part", "setup")]
    return "\n".join([head, *lines])


def _number(value: Any) -> str:
    return f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


@click.command()
@click.option("--quick", is_flag=True, help="At most 45 s, with smaller numbers.")
@click.option("--json", "as_json", is_flag=True, help="A list of flat rows.")
@click.option("--part", "parts", multiple=True, type=click.Choice(list(PARTS)), help="This part only.")
def main(quick: bool, as_json: bool, parts: tuple[str, ...]) -> None:
    """Throughput, waiting and memory of runs on this machine."""
    rows = []
    for name in parts or PARTS:
        for row in PARTS[name](quick=quick):
            rows.append({key: round(v, 4) if isinstance(v, float) else v for key, v in row.items()})
            if not as_json:
                click.echo(told(rows[-1]))
    if as_json:
        click.echo(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
