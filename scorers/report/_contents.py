"""All that a report says, as tables of numbers: computed once, whatever form it is written in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.errors import InputError
from harness.records import RunRecord, read_record
from scorers._board import _scored, by_task, leaderboard
from scorers._pairs import pairwise, rank_sets
from scorers._pilot import comparisons, plan
from scorers._profiles import profile
from scorers.crafter import achievement_rates, crafter_scores, unlocked
from scorers.progress import OUTCOMES
from scorers.report._behaviour import Behaviour
from scorers.report._price import prices
from scorers.runs import Scorer, read_runs

THRESHOLDS = 51
"""So many thresholds of a performance profile."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a report says; every table has a row an agent, a pair, an agent and task, or a point of a plot."""

    runs: tuple[Path, ...]
    records: tuple[RunRecord, ...]
    seed: int
    resamples: int
    scorer: str | None
    episodes: pd.DataFrame
    behaviour: Behaviour
    board: pd.DataFrame
    ranks: pd.DataFrame
    pairs: pd.DataFrame
    sights: pd.DataFrame
    tasks: pd.DataFrame
    profiles: pd.DataFrame
    prices: pd.DataFrame
    outcomes: pd.DataFrame
    endings: pd.DataFrame
    notes: pd.DataFrame
    progress: pd.DataFrame
    actions: pd.DataFrame
    crafter: pd.DataFrame
    achievements: pd.DataFrame
    depths: pd.DataFrame
    levels: pd.DataFrame
    instructions: pd.DataFrame
    published: pd.DataFrame | None


def contents(
    runs: Sequence[Path],
    *,
    scorer: Scorer | None = None,
    scorer_name: str | None = None,
    published: bool = False,
    seed: int = 0,
    resamples: int = 10_000,
) -> Contents:
    """Read run folders, each once, and compute all that a report says of them.

    Args:
        runs: the run folders.
        scorer: what scores the episodes, in place of their progress.
        scorer_name: what it is called.
        published: whether what others published for the same tasks stands beside.
        seed: of the bootstrap.
        resamples: of the bootstrap.

    Raises:
        InputError: a folder is no run, or holds no episode.
    """
    behaviour = Behaviour()
    records = tuple(read_record(run) for run in runs)
    episodes = read_runs(runs, scorer, watch=behaviour)
    if episodes.empty:
        raise InputError(f"{runs[0]} holds no episode yet")
    settings: dict[str, Any] = {"resamples": resamples, "seed": seed}
    board = leaderboard(episodes, **settings)
    seen, depths = unlocked(episodes), _depths(episodes)
    return Contents(
        runs=tuple(runs),
        records=records,
        seed=seed,
        resamples=resamples,
        scorer=scorer_name,
        episodes=episodes,
        behaviour=behaviour,
        board=board,
        ranks=rank_sets(episodes, **settings),
        pairs=pairwise(episodes, **settings),
        sights=_sights(episodes),
        tasks=by_task(episodes, **settings),
        profiles=_profiles(episodes, seed),
        prices=prices(episodes, board),
        outcomes=episodes.groupby("agent")[list(OUTCOMES)].sum().reset_index(),
        endings=_endings(episodes),
        notes=_notes(episodes, board, records, behaviour, scorer_name),
        progress=behaviour.progress(episodes, seed=seed),
        actions=behaviour.actions(episodes),
        crafter=crafter_scores(seen, **settings),
        achievements=achievement_rates(seen),
        depths=depths,
        levels=_levels(depths),
        instructions=_instructions(behaviour),
        published=_published(episodes, settings) if published else None,
    )


def _sights(episodes: pd.DataFrame) -> pd.DataFrame:
    """``a, b, kind, tasks, pilot, detectable, cautious_detectable``: what could be seen of a pair."""
    columns = ["a", "b", "kind", "tasks", "pilot", "detectable", "cautious_detectable"]
    found = [
        plan(pair, None) for pair in comparisons(episodes.dropna(subset=["score"])) if pair.b is not None
    ]
    return pd.DataFrame(found, columns=columns).astype({"detectable": float, "cautious_detectable": float})


def _profiles(episodes: pd.DataFrame, seed: int) -> pd.DataFrame:
    """``agent, threshold, estimate, low, high``: the share of runs that score above each threshold."""
    scores = episodes["score"].dropna()
    tables = []
    if len(scores):
        inside = scores.min() >= 0 and scores.max() <= 1
        levels = (
            np.linspace(0, 1, THRESHOLDS) if inside else np.linspace(scores.min(), scores.max(), THRESHOLDS)
        )
        for agent, played in episodes.groupby("agent", sort=True):
            if scored := _scored(played):
                tables.append(profile(scored, levels, seed=seed, name=str(agent)).assign(agent=agent))
    columns = ["agent", "threshold", "estimate", "low", "high"]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def _endings(episodes: pd.DataFrame) -> pd.DataFrame:
    """``agent, ending, episodes``: how episodes ended; limits by their names."""
    ending = episodes["limit"].map(lambda name: f"limit: {name}", na_action="ignore")
    ending = ending.fillna(episodes["ending"]).fillna(episodes["status"])
    table = episodes.assign(ending=ending).groupby(["agent", "ending"]).size()
    return table.rename("episodes").reset_index()


def _notes(
    episodes: pd.DataFrame,
    board: pd.DataFrame,
    records: Sequence[RunRecord],
    behaviour: Behaviour,
    scorer: str | None,
) -> pd.DataFrame:
    """``agent, note``: everything that a reader has to know, in one place. No agent: of the whole report."""
    notes: list[tuple[str, str]] = []
    if scorer is not None:
        notes.append(("", f"scored by {scorer}, not by the tasks' own progress"))
    if len({json.dumps(record.versions, sort_keys=True) for record in records}) > 1:
        notes.append(("", "the runs were played by different versions of packages"))
    if behaviour.repeats:
        notes.append(
            ("", f"not deterministic, a seed does not repeat: {', '.join(sorted(behaviour.repeats))}")
        )
    for row in board.to_dict("records"):
        notes += [(row["agent"], note) for note in row["flags"]]
        if row["strict_rate"] != row["tolerant_rate"]:
            rates = f"{row['strict_rate']:.1%}, with repairs {row['tolerant_rate']:.1%}"
            notes.append((row["agent"], f"answers read strictly {rates}"))
        if row["failed"]:
            notes.append((row["agent"], f"{row['failed']} episodes failed: they are missing, not zero"))
        if np.isnan(row["cost"]):
            notes.append((row["agent"], "the price of some calls is not known"))
    spent = episodes[episodes["limit"].isin(["tokens", "dollars", "seconds"])]
    for (agent, limit), cut in spent.groupby(["agent", "limit"]):
        notes.append((str(agent), f"{len(cut)} episodes were ended by the limit of {limit}"))
    return pd.DataFrame(notes, columns=["agent", "note"])


def _depths(episodes: pd.DataFrame) -> pd.DataFrame:
    """``agent, task, index, deepest, experience_level`` of each scored episode of NetHack."""
    played = episodes[(episodes["game"] == "nethack") & episodes["score"].notna()]
    rows = [
        {name: row[name] for name in ("agent", "task", "index")} | _parts(row["parts"])
        for row in played.to_dict("records")
    ]
    columns = ["agent", "task", "index", "deepest", "experience_level"]
    return pd.DataFrame(rows, columns=columns).dropna(subset=["deepest"])


def _levels(depths: pd.DataFrame) -> pd.DataFrame:
    """``agent, level, share``: of its NetHack episodes those that came to each level."""
    rows = [
        {"agent": agent, "level": level, "share": float((played["deepest"] >= level).mean())}
        for agent, played in depths.groupby("agent")
        for level in range(1, int(depths["deepest"].max()) + 2)
    ]
    return pd.DataFrame(rows, columns=["agent", "level", "share"])


def _parts(text: str) -> dict[str, float]:
    parts: dict[str, float] = json.loads(text)
    return parts


def _instructions(behaviour: Behaviour) -> pd.DataFrame:
    """``task, instructions``: digests of what agents were told, as recorded."""
    rows = [
        {
            "task": task,
            "different": len(told),
            "sha256": ", ".join(sorted(told)[:4]) + (", …" if len(told) > 4 else ""),
        }
        for task, told in sorted(behaviour.instructions.items())
    ]
    return pd.DataFrame(rows, columns=["task", "different", "sha256"])


def _published(episodes: pd.DataFrame, settings: dict[str, Any]) -> pd.DataFrame:
    """What others published for the tasks or games of the run, and before it what was measured."""
    from scorers.published import bare, beside

    rows = beside(episodes)
    parts = []
    for task, others in rows.groupby("task", sort=True):
        same = (episodes["task"].map(bare) == task) | (episodes["game"] == task)
        board = leaderboard(episodes[same], **settings).dropna(subset=["mean"])
        board = board.rename(columns={"mean": "score", "mean_low": "low", "mean_high": "high"})
        board = board.assign(mark="measured", task=task, metric="mean (0 to 1)", runs=board["episodes"])
        parts += [board.reindex(columns=rows.columns), others]
    return pd.concat(parts, ignore_index=True) if parts else rows
