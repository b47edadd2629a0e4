"""What stopping early costs: wrong verdicts when looking after every round, and rounds until a verdict.

``python benchmarks/sequential.py [--quick] [--json]``. Experiments are simulated: two agents play seeds of
several tasks, round after round, and somebody looks after each. Where the two are equal, a row says how
often a difference was ever claimed: by `scorers.sequential`, and by a t-test of the differences that is
looked at after every round from the fifth on. Where they differ, it says how often the truth was found
within the rounds, how many were needed in the mean and by half of the experiments, how often the wrong one
was called better, and how many rounds `scorers.episodes_needed` plans for one look at the end.
"""

import argparse
import json
import math

import numpy as np
from scipy.stats import t as student

ROUNDS, EXPERIMENTS = 500, 2000
QUICK = (200, 300)
TASKS = (1, 5)
DIFFERENCES = (0.05, 0.1, 0.2, 0.3)
FIRST = 5
"""The first round at which the t-test is looked at."""


def means(tasks, low=0.2, high=0.6):
    return np.linspace(low, high, tasks)


def success(rng, shape, difference):
    """Success or failure, with other rates in each task."""
    rate = means(shape[-1])
    return 1.0 * (rng.random(shape) < rate + difference), 1.0 * (rng.random(shape) < rate)


def progress(rng, shape, difference):
    """Progress from 0 to 1: half of what makes a seed easy or hard is the same for both."""
    mean = means(shape[-1])
    seed = rng.beta(2, 3, shape) - 0.4

    def play(mean):
        centre = np.clip(mean + 0.5 * seed, 0.01, 0.99)
        return rng.beta(4 * centre, 4 * (1 - centre))

    return play(mean + difference), play(mean)


def skewed(rng, shape, difference):
    """Nearly always close to 0, seldom large."""
    return rng.beta(0.3, 3, shape), rng.beta(0.3, 3, shape)


def zeros(rng, shape, difference):
    """Nothing in nine of ten episodes, else anything."""
    a, b = (rng.random(shape) * (rng.random(shape) < 0.1) for _ in "ab")
    return a, b


def opposite(rng, shape, difference):
    """Better on some tasks, worse on others, equal in the mean over tasks (of a task: equal)."""
    gap = np.linspace(-0.3, 0.3, shape[-1]) if shape[-1] > 1 else 0.0
    return 1.0 * (rng.random(shape) < 0.5 + gap), 1.0 * (rng.random(shape) < 0.5)


EQUAL = (success, progress, skewed, zeros, opposite)
DIFFERENT = (success, progress)


def decided(differences, confidence=0.95):
    """The round (from 1) of each verdict, 0 where there is none, and which half won: 1 or −1."""
    from scorers._sequential import log_money

    bar = math.log(2 / (1 - confidence))
    won = [log_money(sign * differences) >= bar for sign in (1, -1)]
    first = [np.where(half.any(axis=-1), half.argmax(axis=-1) + 1, 0) for half in won]
    up, down = (np.where(stop > 0, stop, np.inf) for stop in first)
    stops = np.minimum(up, down)
    return np.where(np.isfinite(stops), stops, 0).astype(int), np.where(up <= down, 1, -1)


def t_test(differences, confidence=0.95):
    """Whether a stratified t-test would ever have been significant, looked at after every round."""
    n = np.arange(1, differences.shape[-2] + 1)[:, None]
    total, squares = np.cumsum(differences, axis=-2), np.cumsum(differences**2, axis=-2)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (squares - total**2 / n) / (n - 1) / n
        freedom = variance.sum(axis=-1) ** 2 / (variance**2 / (n - 1)).sum(axis=-1)
        statistic = (total / n).sum(axis=-1) / np.sqrt(variance.sum(axis=-1))
        significant = np.abs(statistic) > student.ppf(0.5 + confidence / 2, freedom)
    return significant[..., FIRST - 1 :].any(axis=-1)


def experiments(model, difference, count, rounds, tasks, seed):
    """Differences of simulated experiments in batches that fit into memory."""
    rng = np.random.default_rng(seed)
    for begun in range(0, count, 100):
        a, b = model(rng, (min(100, count - begun), rounds, tasks), difference)
        yield a - b


def equal_row(model, count, rounds, tasks, seed=1):
    wrong, peeked = [], []
    for differences in experiments(model, 0.0, count, rounds, tasks, seed):
        wrong.extend(decided(differences)[0] > 0)
        peeked.extend(t_test(differences))
    return {
        "scores": model.__name__,
        "tasks": tasks,
        "difference": 0.0,
        "rounds": rounds,
        "experiments": count,
        "wrong": round(float(np.mean(wrong)), 4),
        "wrong_t_test": round(float(np.mean(peeked)), 4),
    }


def different_row(model, difference, count, rounds, tasks, seed=2):
    from scorers import episodes_needed

    stops, wins, deviations = [], [], []
    for differences in experiments(model, difference, count, rounds, tasks, seed):
        stop, win = decided(differences)
        stops.extend(stop)
        wins.extend(win)
        deviations.append(differences.std(axis=(0, 1), ddof=1))
    stops, wins = np.array(stops), np.array(wins)
    return {
        "scores": model.__name__,
        "tasks": tasks,
        "difference": difference,
        "rounds": rounds,
        "experiments": count,
        "wrong": round(float(np.mean((stops > 0) & (wins < 0))), 4),
        "found": round(float(np.mean((stops > 0) & (wins > 0))), 4),
        "mean_rounds": round(float(np.where(stops > 0, stops, rounds).mean()), 1),
        "median_rounds": float(np.median(np.where(stops > 0, stops, rounds))),
        "planned_rounds": episodes_needed(difference, np.mean(deviations, axis=0)),
    }


def measure(rounds, count):
    rows = [equal_row(model, count, rounds, tasks) for model in EQUAL for tasks in TASKS]
    return rows + [
        different_row(model, difference, count, rounds, tasks)
        for model in DIFFERENT
        for tasks in TASKS
        for difference in DIFFERENCES
    ]


def main():
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--quick", action="store_true", help="at most 45 seconds")
    options.add_argument("--json", action="store_true", help="a list of flat rows")
    chosen = options.parse_args()
    rows = measure(*(QUICK if chosen.quick else (ROUNDS, EXPERIMENTS)))
    if chosen.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'scores':10}{'tasks':>6}{'difference':>11}{'wrong':>8}{'t-test':>8}", end="")
    print(f"{'found':>8}{'mean':>8}{'median':>8}{'planned':>9}")
    for row in rows:
        print(f"{row['scores']:10}{row['tasks']:6}{row['difference']:11.2f}{row['wrong']:8.3f}", end="")
        if "wrong_t_test" in row:
            print(f"{row['wrong_t_test']:8.3f}")
        else:
            print(f"{'':8}{row['found']:8.3f}{row['mean_rounds']:8.1f}", end="")
            print(f"{row['median_rounds']:8.0f}{row['planned_rounds']:9}")


if __name__ == "__main__":
    main()
