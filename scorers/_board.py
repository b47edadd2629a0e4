"""The leaderboard and the per-task table of a table of episodes (`scorers.progress`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorers._aggregate import METRICS, Method, aggregates
from scorers._population import Population
from scorers._rates import rate_words, wilson

_LOST = ["parse_error", "invalid_action", "empty", "truncated", "refusal"]


def leaderboard(
    table: pd.DataFrame,
    *,
    resamples: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
    method: Method = "corrected",
    population: Population = "these tasks",
) -> pd.DataFrame:
    """One row an agent, the best mean first: aggregates with intervals, sample sizes, failures, price.

    An agent that has not played every task of the table is flagged: its aggregates are over its own
    tasks and do not compare with the others'.
    """
    tasks = table["task"].nunique()
    rows = []
    for agent, played in table.groupby("agent", sort=True):
        row: dict[str, Any] = {"agent": agent, **_counts(played)}
        flags: list[str] = []
        if row["tasks"] < tasks:
            flags.append(f"{row['tasks']} of {tasks} tasks")
        scored = _scored(played)
        if scored:
            result = aggregates(
                scored,
                resamples=resamples,
                seed=seed,
                confidence=confidence,
                method=method,
                population=population,
                name=str(agent),
            )
            for line in result.itertuples(index=False):
                row |= {
                    str(line.metric): line.estimate,
                    f"{line.metric}_low": line.low,
                    f"{line.metric}_high": line.high,
                }
            _clip(row, scored)
            flags += [flag for flag in result.attrs["flags"] if not flag.endswith("missing")]
        if row["missing"]:
            flags.append(f"{row['missing']} missing")
        if copies := _copies(played):
            flags.append(f"{copies} episodes are the same as another, step for step")
        row["flags"] = flags
        rows.append(row)
    return pd.DataFrame(rows, columns=_COLUMNS).sort_values(
        ["mean", "agent"], ascending=[False, True], ignore_index=True, na_position="last"
    )


def _clip(row: dict[str, Any], scored: dict[str, Any]) -> None:
    """Keep intervals within [0, 1] where scores are: the correction can widen them beyond."""
    values = np.concatenate(list(scored.values()))
    if np.nanmin(values) >= 0 and np.nanmax(values) <= 1:
        for metric in METRICS:
            for end in ("_low", "_high"):
                row[metric + end] = float(np.clip(row[metric + end], 0.0, 1.0))


def _scored(played: pd.DataFrame) -> dict[str, Any]:
    """Task → scores of its seeds; tasks without any score left out (they are counted as missing)."""
    columns = {str(task): seed_scores(rows) for task, rows in played.groupby("task", sort=True)}
    return {task: scores for task, scores in columns.items() if not np.isnan(scores).all()}


def seed_scores(rows: pd.DataFrame) -> NDArray[np.float64]:
    """The scores of one agent on one task, one a seed: NaN where no episode of a seed has one.

    Episodes of one seed (trials) are no independent evidence of how an agent does on other seeds. Their
    mean is one score, as when two agents are compared.
    """
    keys = [
        name for name in ("suite", "suite_version", "seed" if "seed" in rows else "index") if name in rows
    ]
    return rows.groupby(keys, sort=False, dropna=False)["score"].mean().to_numpy(dtype=np.float64)


def _copies(played: pd.DataFrame) -> int:
    """Episodes of other seeds in which all the same was seen and done: no further evidence."""
    if "trajectory" not in played:
        return 0
    first = played.dropna(subset=["score"]).drop_duplicates(["task", "seed"])
    return int(first.duplicated(["task", "trajectory"]).sum())


def _counts(played: pd.DataFrame) -> dict[str, Any]:
    turns = int(played["turns"].sum())
    return {
        "tasks": int(played["task"].nunique()),
        "episodes": len(played),
        "missing": int(played["score"].isna().sum()),
        "failed": int((played["status"] == "failed").sum()),
        "turns": turns,
        "invalid_rate": _rate(played[_LOST].to_numpy().sum(), turns),
        "strict_rate": _rate(played["ok"].sum(), turns),
        "tolerant_rate": _rate((played["ok"] + played["repaired"]).sum(), turns),
        "tokens": int((played["input_tokens"] + played["output_tokens"]).sum()),
        "cost": float(played["cost"].sum(skipna=False)),
        "seconds": float(played["seconds"].sum()),
    }


def _rate(part: Any, whole: int) -> float:
    return float(part) / whole if whole else 0.0


def by_task(
    table: pd.DataFrame, *, resamples: int = 10_000, seed: int = 0, confidence: float = 0.95
) -> pd.DataFrame:
    """One row an agent and task: the mean score with its interval and how many runs it rests on.

    Where the task's measure is success the interval is Wilson's, else the corrected bootstrap's;
    `method` says which, and `words` how many successes there were and what none or
    all exclude. One run, or runs that are all equal, of another measure have no interval.
    """
    rows = []
    for (agent, task), played in table.groupby(["agent", "task"], sort=True):
        scores = seed_scores(played)
        scores = scores[~np.isnan(scores)]
        row = {
            "agent": agent,
            "task": task,
            "runs": len(scores),
            "missing": int(played["score"].isna().sum()),
        }
        settings = {"resamples": resamples, "seed": seed, "confidence": confidence}
        # Of trials of one seed there are means, which are no successes.
        binary = all(value is True for value in played["binary"].dropna()) and {*scores} <= {0.0, 1.0}
        rows.append({**row, **_task_interval(scores, f"{agent}/{task}", binary=binary, **settings)})
    return pd.DataFrame(
        rows, columns=["agent", "task", "mean", "low", "high", "runs", "missing", "method", "words"]
    )


def _task_interval(scores: Any, name: str, *, binary: bool, **settings: Any) -> dict[str, Any]:
    if not len(scores):
        return {"words": "", "mean": np.nan, "low": np.nan, "high": np.nan, "method": "no scores"}
    if binary:
        counts = int(scores.sum()), len(scores), settings["confidence"]
        (low, high), words = wilson(*counts), rate_words(*counts)
        return {"mean": float(scores.mean()), "low": low, "high": high, "method": "Wilson", "words": words}
    if np.ptp(scores) == 0:
        # Resampling equal scores would give an interval of no width, as if there were no doubt.
        return {
            "mean": float(scores[0]),
            "low": np.nan,
            "high": np.nan,
            "method": "all equal: none",
            "words": "",
        }
    mean = aggregates({name: scores}, name=name, **settings).iloc[0]
    inside = scores.min() >= 0 and scores.max() <= 1
    low, high = np.clip([mean["low"], mean["high"]], *((0, 1) if inside else (-np.inf, np.inf)))
    return {"mean": mean["estimate"], "low": low, "high": high, "method": "bootstrap", "words": ""}


_COLUMNS = [
    "agent",
    *(f"{metric}{end}" for metric in METRICS for end in ("", "_low", "_high")),
    "tasks", "episodes", "missing", "failed", "turns", "invalid_rate", "strict_rate",
    "tolerant_rate", "tokens", "cost",
    "seconds", "flags",
]  # fmt: skip
