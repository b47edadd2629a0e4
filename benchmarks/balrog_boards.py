"""BALROG's boards again from the published episodes: by its own formula, by ours, and who can be told apart.

``python benchmarks/balrog_boards.py [--json] [--quick]`` reads ``results/published/balrog_episodes.csv``
(every published episode of the 18 submissions that have them, balrog-ai/experiments, 2025-07) and prints, for
each: what the board says; the average and standard error by BALROG's formula (``balrog/utils.py``:
environments pool their episodes, population standard deviation over √n; the average's error is √ΣSE²/E); and
ours, which resamples episodes within each task and keeps the board's weights, so that the average is the same
number. Then every two submissions of the LLM board are compared, episodes exchanged within each task, and
p-values are corrected by Holm's method. No two submissions share seeds, so nothing can be paired by seed;
pairing by task asks another question: whether the difference holds for other tasks like these.
"""

import argparse
import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

import scorers
from scorers._strata import strata, stream, task_means
from scorers.published import published

PUBLISHED = Path(__file__).parents[1] / "results" / "published"


def episodes():
    return pd.read_csv(PUBLISHED / "balrog_episodes.csv")


def board():
    """The boards' averages in percent, and their errors."""
    table = pd.concat([published("balrog-llm"), published("balrog-vlm")])
    table["model"] = table["agent"].str.replace(r" \(\w+\)$", "", regex=True)  # without BALROG's agent
    return table[table["task"] == "balrog"].set_index(["board", "model"])


def by_their_formula(played):
    """Average and standard error in percent."""
    groups = played.groupby("environment")["score"]
    means, errors = groups.mean(), groups.std(ddof=0) / np.sqrt(groups.count())
    return 100 * means.mean(), 100 * np.sqrt((errors**2).sum()) / len(means)


def scores(played):
    groups = played.groupby(["environment", "task"])["score"]
    return {" ".join(key): rows.to_numpy() for key, rows in groups}


def weights(played):
    """What each task counts in the board's average: environments alike, and episodes within one."""
    counts = played.groupby(["environment", "task"]).size()
    shares = counts / counts.groupby("environment").transform("sum") / played["environment"].nunique()
    return {" ".join(key): share for key, share in shares.items()}


def stratified(played, resamples, seed=0):
    """The board's average in percent with our interval: episodes resampled within each task."""
    data = strata(scores(played))
    shares = np.array([weights(played)[task] for task in data.tasks])
    sizes, rng = data.sizes, stream(seed, played["submission"].iloc[0])
    means = task_means(data.values[None], data)[0]
    draws = np.concatenate([task_means(data.values[index], data) for index in data.indices(resamples, rng)])
    deviations = ((draws - means) * np.sqrt(sizes / (sizes - 1))) @ shares
    low, high = np.quantile(deviations, [0.025, 0.975])
    mean = float(means @ shares)
    return 100 * mean, 100 * (mean + low), 100 * (mean + high), 100 * float(deviations.std())


def rows(resamples):
    boards = board()
    for (which, _, model), played in episodes().groupby(["board", "submission", "model"]):
        average, error = by_their_formula(played)
        mean, low, high, ours = stratified(played, resamples)
        line = boards.loc[(f"balrog-{which}", model)]
        yield {
            "board": which, "model": model, "episodes": len(played),
            "published": line["score"], "published_error": line["error"],
            "again": round(average, 2), "again_error": round(error, 2),
            "ours": round(mean, 2), "low": round(low, 2), "high": round(high, 2), "our_error": round(ours, 2),
        }  # fmt: skip


def pairs(resamples):
    """Every two submissions of the LLM board, compared in three ways."""
    table = episodes()
    played = dict(iter(table[table["board"] == "llm"].groupby("model")))
    for a, b in itertools.combinations(sorted(played), 2):
        first, second = played[a], played[b]
        one, other = weights(first), weights(second)
        shares = {task: (one[task] + other[task]) / 2 for task in one}
        within = scorers.compare(
            scores(first), scores(second), paired=False, weights=shares, resamples=resamples
        )
        yield {
            "a": a, "b": b, "difference": 100 * within["estimate"][0],
            "low": 100 * within["low"][0], "high": 100 * within["high"][0],
            "p_value": within["p_value"][0],
            "z_of_board": _z(first, second), "p_by_task": _by_task(first, second),
        }  # fmt: skip


def _z(first, second):
    """The difference over the error, both by BALROG's formula."""
    (x, dx), (y, dy) = by_their_formula(first), by_their_formula(second)
    return (x - y) / np.hypot(dx, dy)


def _by_task(first, second):
    """Each task's means are a pair: whether the difference holds for other tasks like these."""
    x, y = ({task: values.mean() for task, values in scores(each).items()} for each in (first, second))
    shared = sorted(x)
    found = scorers.compare({"tasks": [x[t] for t in shared]}, {"tasks": [y[t] for t in shared]})
    return found["p_value"][0]


def apart(table):
    """How many of the pairs can be told apart, by each way."""
    by_board = 2 * norm.sf(table["z_of_board"].abs())
    return {
        "pairs": len(table),
        "board's errors, p < 0.05": int((by_board < 0.05).sum()),
        "board's errors, Holm": int((scorers.holm(by_board) < 0.05).sum()),
        "within tasks, p < 0.05": int((table["p_value"] < 0.05).sum()),
        "within tasks, Holm": int((scorers.holm(table["p_value"]) < 0.05).sum()),
        "tasks as pairs, p < 0.05": int((table["p_by_task"] < 0.05).sum()),
        "tasks as pairs, Holm": int((scorers.holm(table["p_by_task"]) < 0.05).sum()),
    }


def main():
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--quick", action="store_true", help="fewer resamples")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    resamples = 1_000 if chosen.quick else 10_000
    boards = pd.DataFrame(rows(resamples)).sort_values(["board", "ours"], ascending=[True, False])
    told = apart(pd.DataFrame(pairs(resamples)))
    if chosen.json:
        print(json.dumps({"boards": boards.to_dict("records"), "apart": told}, indent=1))
        return
    print(boards.to_string(index=False))
    for way, count in told.items():
        print(f"{way}: {count}")


if __name__ == "__main__":
    main()
