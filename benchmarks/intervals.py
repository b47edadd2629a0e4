"""How often nominal 95 % intervals hold the truth: simulated experiments, aggregates and differences.

``python benchmarks/intervals.py [--quick] [--json] [--experiments N]``. An experiment is ten tasks with
n runs each, drawn from known distributions; its intervals are made by `scorers.aggregates` (both methods) and
`scorers.compare`, and held against the true value. With 1,000 experiments a coverage of 0.95 is known to
± 0.014 (95 %).

- **success**: Bernoulli, chances from 0.05 to 0.95.
- **skewed**: exponential, means from 0.2 to 1.1.
- **heavy**: Pareto with tail index 2.5 (its fourth moment and its skewness are infinite), means as before.
- **ragged**: skewed, and tasks have n, 2 n or 3 n runs.

Differences are simulated up to ten runs a task.
"""

import argparse
import json

import numpy as np
import pandas as pd

import scorers

TASKS = 10
RUNS = (3, 5, 10, 50)
COMPARED = 10
"""Runs up to which differences are simulated."""
METHODS = ("rliable", "corrected")
MEANS = np.linspace(0.2, 1.1, TASKS)
CHANCES = np.linspace(0.05, 0.95, TASKS)
TAIL = 2.5


def success(rng, task, size):
    return (rng.random(size) < CHANCES[task]).astype(float)


def skewed(rng, task, size):
    return rng.exponential(MEANS[task], size)


def heavy(rng, task, size):
    return (rng.pareto(TAIL, size) + 1) * MEANS[task] * (TAIL - 1) / TAIL


SHAPES = {"success": success, "skewed": skewed, "heavy": heavy, "ragged": skewed}


def sizes(shape, runs):
    return [runs * (1 + task % 3) if shape == "ragged" else runs for task in range(TASKS)]


def experiment(rng, shape, runs):
    return {f"t{task}": SHAPES[shape](rng, task, size) for task, size in enumerate(sizes(shape, runs))}


def truth(shape):
    """The four aggregates of the whole population, by a sample of 200,000 a task (means in closed form)."""
    rng = np.random.default_rng(0)
    pooled = {f"t{task}": SHAPES[shape](rng, task, 200_000) for task in range(TASKS)}
    exact = CHANCES if shape == "success" else MEANS
    found = scorers.aggregates(pooled, resamples=2).set_index("metric")["estimate"].to_dict()
    return found | {"mean": exact.mean(), "median": np.median(exact)}


def aggregates_cover(shape, runs, experiments, resamples):
    """Share of experiments whose interval holds the truth, by method and metric."""
    rng, true = np.random.default_rng([runs, len(shape)]), truth(shape)
    held = {(method, metric): 0 for method in METHODS for metric in scorers.METRICS}
    for number in range(experiments):
        scores = experiment(rng, shape, runs)
        for method in METHODS:
            found = scorers.aggregates(scores, resamples=resamples, seed=number, method=method)
            for metric, low, high in zip(found["metric"], found["low"], found["high"], strict=True):
                held[method, metric] += low <= true[metric] <= high
    return {f"{method} {metric}": count / experiments for (method, metric), count in held.items()}


def compare_covers(shape, runs, experiments, resamples):
    """The same for a difference that is zero: agents of the same distributions, paired and not.

    `errs` is how often `compare` says that one is better.
    """
    rng, found = np.random.default_rng([runs, len(shape), 1]), {}
    for paired in (True, False):
        held = errs = 0
        for number in range(experiments):
            a, b = (experiment(rng, shape, runs) for _ in range(2))
            table = scorers.compare(
                a, b, paired=paired, resamples=resamples, permutations=resamples, seed=number
            )
            held += table["low"][0] <= 0 <= table["high"][0]
            errs += table.attrs["words"] != "cannot be told apart"
        name = "paired" if paired else "unpaired"
        found |= {f"difference, {name}": held / experiments, f"errs, {name}": errs / experiments}
    return found


def rows(experiments, resamples, runs=RUNS, shapes=tuple(SHAPES)):
    for shape in shapes:
        for count in runs:
            yield {
                "shape": shape, "runs": count,
                **aggregates_cover(shape, count, experiments, resamples),
                **(compare_covers(shape, count, experiments, resamples) if count <= COMPARED else {}),
            }  # fmt: skip


def main():
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--quick", action="store_true", help="few experiments: a look only")
    options.add_argument("--experiments", type=int, default=1_000)
    options.add_argument("--resamples", type=int, default=1_000)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    experiments = 50 if chosen.quick else chosen.experiments
    table = pd.DataFrame(rows(experiments, chosen.resamples))
    if chosen.json:
        print(json.dumps(table.to_dict("records"), indent=1))
    else:
        print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
