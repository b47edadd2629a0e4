"""What rliable itself says, as JSON: run by the interpreter that has it, written for ours to compare with.

``.venv-rliable/bin/python tests/scorers/rliable/make_fixtures.py [--seed N] [--out FILE]``. Of each matrix it
writes the scores (or, for the published tables, their names), the point estimates, and percentile intervals
with the number of resamples they rest on. `--seed` goes to ``np.random.seed``, the only seed rliable heeds;
it moves the intervals and nothing else.
"""

import argparse
import csv
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
from rliable import library, metrics

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PUBLISHED = ("diamond", "iris", "simple")
RESAMPLES = {"aggregates": 5_000, "profiles": 1_000, "improvement": 1_000}
"""rliable makes them one by one: these take about a minute in all."""

METRICS = {
    "mean": metrics.aggregate_mean,
    "median": metrics.aggregate_median,
    "iqm": metrics.aggregate_iqm,
    "optimality_gap": metrics.aggregate_optimality_gap,
}


def matrices():
    """Runs × tasks: sizes that four does and does not divide, skewed, negative, with ties, constant tasks."""
    rng = np.random.default_rng(20_240)
    made = {
        "3x1": rng.random((3, 1)),
        "3x5": rng.lognormal(size=(3, 5)),
        "5x7": rng.normal(0.5, 1.0, (5, 7)),
        "7x3": rng.random((7, 3)) * np.array([0.1, 1.0, 30.0]),
        "10x8-ties": rng.integers(0, 3, (10, 8)) / 2,
        "12x6-successes": (rng.random((12, 6)) < np.linspace(0, 1, 6)).astype(float),
        "20x10-skewed": rng.pareto(1.5, (20, 10)),
        "50x4": rng.beta(0.5, 2.0, (50, 4)),
    }
    return {name: np.round(matrix, 6) for name, matrix in made.items()}


def published(name):
    """Runs × games of Atari 100k, by human and random scores."""
    with (ROOT / "scorers/data/atari_human_random.csv").open() as file:
        reference = {row["game"]: (float(row["random"]), float(row["human"])) for row in csv.DictReader(file)}
    columns = defaultdict(dict)
    with (ROOT / f"results/published/atari100k_{name}.csv").open() as file:
        for row in csv.DictReader(file):
            low, high = reference[row["game"]]
            columns[row["game"]][int(row["run"])] = (float(row["score"]) - low) / (high - low)
    games = sorted(columns)
    return np.array([[columns[game][run] for game in games] for run in sorted(columns[games[0]])])


def aggregates(matrix):
    def every(scores):
        return np.array([metric(scores) for metric in METRICS.values()])

    points, intervals = library.get_interval_estimates({"": matrix}, every, reps=RESAMPLES["aggregates"])
    return {
        name: {"estimate": points[""][place], "low": intervals[""][0, place], "high": intervals[""][1, place]}
        for place, name in enumerate(METRICS)
    }


def profiles(matrix):
    """On thresholds some of which are scores or means: above is strict."""
    levels = np.unique(np.round(np.quantile(matrix, np.linspace(0, 1, 9), method="nearest"), 6))
    thresholds = np.sort(np.append(levels, [matrix.min() - 1, 0.25, 0.5]))
    made = {"thresholds": thresholds.tolist()}
    for kind in ("runs", "average"):
        points, bands = library.create_performance_profile(
            {"": matrix}, thresholds, use_score_distribution=kind == "runs", reps=RESAMPLES["profiles"]
        )
        made[kind] = {
            "estimate": points[""].tolist(), "low": bands[""][0].tolist(), "high": bands[""][1].tolist(),
        }  # fmt: skip
    return made


def improvement(x, y):
    def of(a, b):
        return np.array([metrics.probability_of_improvement(a, b)])

    points, intervals = library.get_interval_estimates({"": [x, y]}, of, reps=RESAMPLES["improvement"])
    low, high = intervals[""].ravel()
    return {"estimate": points[""][0], "low": low, "high": high}


def pairs(made):
    rng = np.random.default_rng(7)
    other = np.round(rng.normal(0.7, 1.0, (9, 7)), 6)
    return {
        "5x7 against 9x7": (made["5x7"], other),
        "ties": (made["10x8-ties"], rng.integers(0, 3, (6, 8)) / 2),
        "itself": (made["3x5"], made["3x5"]),
        "successes": (made["12x6-successes"], made["12x6-successes"][:5, ::-1]),
    }


def fixtures(seed):
    np.random.seed(seed)
    made = matrices()
    return {
        "rliable": "1.2.0",
        "seed": seed,
        "resamples": RESAMPLES,
        "matrices": [
            {
                "name": name,
                "scores": matrix.tolist(),
                "aggregates": aggregates(matrix),
                "profiles": profiles(matrix),
            }
            for name, matrix in made.items()
        ],
        "published": [
            {"name": name, "aggregates": aggregates(matrix), "profiles": profiles(matrix)}
            for name, matrix in ((name, published(name)) for name in PUBLISHED)
        ],
        "improvement": [
            {"name": name, "x": x.tolist(), "y": y.tolist(), **improvement(x, y)}
            for name, (x, y) in pairs(made).items()
        ],
    }


def main():
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--out", type=Path, default=HERE / "fixtures.json")
    chosen = options.parse_args()
    chosen.out.write_text(json.dumps(fixtures(chosen.seed)) + "\n")


if __name__ == "__main__":
    main()
