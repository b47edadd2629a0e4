"""What the stratified bootstrap costs, beside rliable: wall and CPU time, and memory, one process each.

``python benchmarks/bootstrap.py [--quick] [--json] [--rliable-python PYTHON]``. rliable does not import
beside pandas 3, so it runs in an environment of its own (`.venv-rliable`, made by ``make test-rliable``;
LUDOMETER_RLIABLE_PYTHON names another); without one the rows have our times only. Both get the same scores
and draw their own resamples. Ours is the shortest of several times, rliable's of as many as its slowness
lets. Times are of the call, without imports. The memory is by how much the peak of the resident memory of a
fresh fork grows.
"""

import argparse
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import scorers

ENVIRONMENT = Path(__file__).parents[1] / ".venv-rliable/bin/python"
ROUNDS = 20
THRESHOLDS = np.linspace(0, 4, 201)
AGENTS = {"runs": 10, "tasks": 100, "resamples": 10_000, "threads": 2}


def scores(seed):
    return np.random.default_rng(seed).lognormal(size=(10, 26))


def aggregates(x, resamples, **_):
    return scorers.aggregates(x, resamples=resamples, method="rliable")[["low", "high"]].to_numpy().T


def profile(x, resamples, thresholds, **_):
    found = scorers.profile(x, thresholds, resamples=resamples, method="rliable")
    return found[["low", "high"]].to_numpy().T


def improvement(x, y, resamples, **_):
    _, draws = scorers.probability_of_improvement(x, y, resamples=resamples)
    return np.quantile(draws, [[0.025], [0.975]])


OURS = {"aggregates": aggregates, "profile": profile, "improvement": improvement}


def jobs(quick):
    """What is done, and how often rliable does it."""
    x, y = scores(0), scores(1)
    yield "four aggregates, 10 × 26", {"what": "aggregates", "x": x, "resamples": 2_000}, 5
    if not quick:
        yield "four aggregates, 10 × 26", {"what": "aggregates", "x": x, "resamples": 50_000}, 1
    thresholds = {"what": "profile", "x": x, "thresholds": THRESHOLDS, "resamples": 2_000}
    yield "profile, 201 thresholds, 10 × 26", thresholds, 1
    pair = {"what": "improvement", "x": x, "y": y, "resamples": 200 if quick else 2_000}
    yield "probability of improvement, 10 × 26 each", pair, 1


def grown(function):
    """MiB by which the peak of a fork's memory grows."""

    def child():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        function()
        sender.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)

    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    sender.close()
    kib = receiver.recv()
    process.join()
    return kib / (1 if sys.platform == "linux" else 1024) / 1024


def clocked(function):
    wall, cpu = time.perf_counter(), time.process_time()
    result = function()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def ours(function, rounds):
    memory = grown(function)
    times = [clocked(function) for _ in range(rounds)]
    return {
        "wall_seconds": min(wall for wall, _, _ in times),
        "cpu_seconds": min(cpu for _, cpu, _ in times),
        "memory_mib": round(memory, 1),
    }, times[0][2]


def theirs(python, job, rounds):
    line = json.dumps(job, default=np.ndarray.tolist)
    script = Path(__file__).with_name("_rliable.py")
    said = subprocess.run(
        [python, script], input="\n".join([line] * rounds), capture_output=True, text=True, check=True
    )
    times = [json.loads(each) for each in said.stdout.splitlines()]
    return {
        "rliable_wall_seconds": min(each["wall"] for each in times),
        "rliable_cpu_seconds": min(each["cpu"] for each in times),
    }, np.array(times[0]["ends"])


def beside(label, job, python, rounds):
    row, ends = ours(lambda: OURS[job["what"]](**job), ROUNDS)
    row = {"what": label, "resamples": job["resamples"], **row}
    if python:
        other, expected = theirs(python, job, rounds)
        row |= other
        row["wall_ratio"] = other["rliable_wall_seconds"] / row["wall_seconds"]
        row["cpu_ratio"] = other["rliable_cpu_seconds"] / row["cpu_seconds"]
        row["largest_difference"] = float(np.abs(ends - expected).max())
    return row


def many(agents):
    """Every agent of a large table: all four aggregates, each from the agent's own stream."""
    shape = (AGENTS["runs"], AGENTS["tasks"])
    tables = {f"agent {n}": np.random.default_rng(n).lognormal(size=shape) for n in range(agents)}

    def one(name):
        return scorers.aggregates(tables[name], resamples=AGENTS["resamples"], name=name)

    def every():
        with ThreadPoolExecutor(AGENTS["threads"]) as pool:
            return list(pool.map(one, tables))

    # Once for the memory, once for the time.
    row, _ = ours(every, 1)
    what = f"four aggregates, {shape[0]} × {shape[1]}, {agents} agents, {AGENTS['threads']} threads"
    return {"what": what, "resamples": AGENTS["resamples"], **row}


def interpreter(named):
    found = named or os.environ.get("LUDOMETER_RLIABLE_PYTHON") or (ENVIRONMENT.exists() and str(ENVIRONMENT))
    if not found:
        print("rliable: no environment has it (make test-rliable makes one): our times only", file=sys.stderr)
    return found


def show(rows):
    print(
        "| what | resamples | ours: wall, CPU s | rliable: wall, CPU s | times faster: wall, CPU | memory |"
    )
    print("|---|---:|---:|---:|---:|---:|")
    for row in rows:
        other = faster = "–"
        if "wall_ratio" in row:
            other = f"{row['rliable_wall_seconds']:.2f}, {row['rliable_cpu_seconds']:.2f}"
            faster = f"{row['wall_ratio']:,.0f}, {row['cpu_ratio']:,.0f}"
        print(
            f"| {row['what']} | {row['resamples']:,} | {row['wall_seconds']:.4f}, {row['cpu_seconds']:.4f} "
            f"| {other} | {faster} | {row['memory_mib']:.1f} MiB |"
        )
    differences = [row["largest_difference"] for row in rows if "largest_difference" in row]
    if differences:
        print(
            f"\nThe ends of the intervals differ by at most {max(differences):.4f}: the chance of the draws."
        )


def main():
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--quick", action="store_true", help="at most 45 seconds")
    options.add_argument("--json", action="store_true", help="a list of flat rows")
    options.add_argument("--rliable-python", metavar="PYTHON", help="an interpreter that has rliable")
    chosen = options.parse_args()
    python = interpreter(chosen.rliable_python)
    scorers.aggregates(scores(0), resamples=10)  # what is loaded once is in no row
    rows = [beside(label, job, python, rounds) for label, job, rounds in jobs(chosen.quick)]
    rows.append(many(20 if chosen.quick else 200))
    if chosen.json:
        print(json.dumps(rows, indent=1))
        return
    show(rows)


if __name__ == "__main__":
    main()
