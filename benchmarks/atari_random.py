"""Random play on Atari against the published random scores, from a run of ours.

``python benchmarks/atari_random.py RUN [--json]`` reads the run's episodes (of the agent `random`) and
gives for each game the mean return, its 95 % interval (Student's t) and the published mean. The run is
made by ``ludometer run --suite atari26 --agent random --out RUN``.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from scipy import stats

from harness.records import Status, read_run
from scorers.tables import atari_reference


def rows(folder):
    """One row a game, in the order of their names."""
    returns = {}
    for episode in read_run(folder):
        if episode.status is Status.DONE and episode.header.entrant == "random":
            returns.setdefault(episode.header.task, []).append(episode.end.episode_return)
    return [row(task, np.array(found)) for task, found in sorted(returns.items())]


def row(task, found):
    game = task.partition("/")[2].partition("@")[0]
    mean, error = found.mean(), stats.sem(found)
    half = stats.t.ppf(0.975, len(found) - 1) * error if len(found) > 1 else float("nan")
    published = atari_reference()["random"].get(game)
    return {
        "game": game,
        "random": round(float(mean), 2),
        "low": round(float(mean - half), 2),
        "high": round(float(mean + half), 2),
        "episodes": len(found),
        "published": None if published is None else float(published),
        "within": bool(published is not None and mean - half <= published <= mean + half),
    }


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("run", type=Path)
    options.add_argument("--quick", action="store_true", help="it is always quick")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    found = rows(chosen.run)
    if chosen.json:
        print(json.dumps(found, indent=1))
        return
    print(",".join(found[0]))
    for line in found:
        print(",".join("" if value is None else str(value) for value in line.values()))


if __name__ == "__main__":
    main()
