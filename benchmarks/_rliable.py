"""Jobs for rliable, in the environment that has it: a JSON list on stdin, times and ends on stdout."""

import json
import sys
import time

import numpy as np
from rliable import library, metrics

AGGREGATES = (
    metrics.aggregate_mean,
    metrics.aggregate_median,
    metrics.aggregate_iqm,
    metrics.aggregate_optimality_gap,
)


def estimates(scores, of, resamples):
    return library.get_interval_estimates({"": scores}, of, reps=resamples)[1][""]


def aggregates(job):
    def every(scores):
        return np.array([metric(scores) for metric in AGGREGATES])

    return estimates(np.array(job["x"]), every, job["resamples"])


def profile(job):
    scores, thresholds = {"": np.array(job["x"])}, np.array(job["thresholds"])
    return library.create_performance_profile(scores, thresholds, reps=job["resamples"])[1][""]


def improvement(job):
    def of(x, y):
        return np.array([metrics.probability_of_improvement(x, y)])

    return estimates([np.array(job["x"]), np.array(job["y"])], of, job["resamples"])


DO = {"aggregates": aggregates, "profile": profile, "improvement": improvement}


def timed(job):
    np.random.seed(0)
    wall, cpu = time.perf_counter(), time.process_time()
    ends = DO[job["what"]](job)
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "ends": np.asarray(ends).tolist(),
    }


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(timed(json.loads(line))), flush=True)
