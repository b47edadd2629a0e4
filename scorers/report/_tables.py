"""The report's tables, each as numbers and as people read it, by section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from scorers import cells
from scorers.cells import Cells
from scorers.report._contents import Contents
from scorers.report._price import PRICES

TEXT = {
    "agent", "task", "verdict", "interval", "words", "note", "mark", "front", "what could be seen", "action",
    "game", "achievement", "metric", "instructions (SHA-256)", "kind",
}  # fmt: skip
"""Columns that hold words; what stands in the others is read as a number."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: `name` is its file's, `frame` the numbers, `cells` the same as people read them."""

    name: str
    caption: str
    frame: pd.DataFrame
    cells: Cells
    long: bool = False
    """Whether it is folded away until somebody wants it."""

    def behind(self) -> list[list[tuple[str, str | None]]]:
        """The episodes behind each row: agents, each with a task or (None) all of them."""
        return [_behind(row) for row in self.frame.to_dict("records")]


def _behind(row: dict[Any, Any]) -> list[tuple[str, str | None]]:
    if row.get("mark") == "published":  # nothing of it was played here
        return []
    task = None if "mark" in row else row.get("task")
    return [(row[name], task) for name in ("agent", "a", "b") if row.get(name)]


def tables(report: Contents) -> dict[str, list[Table]]:
    """Section → its tables; those without a row are left out."""
    made = {
        "board": [_board(report), _pairs(report), _sights(report)],
        "tasks": [_tasks(report), _profiles(report), *_published(report)],
        "price": [_prices(report)],
        "honesty": [_notes(report), _outcomes(report), _endings(report), _sizes(report)],
        "behaviour": [_crafter(report), _achievements(report), _depths(report), _levels(report),
                      _progress(report),
                      _actions(report)],
        "settings": [_instructions(report)],
    }  # fmt: skip
    return {section: [table for table in found if table.cells] for section, found in made.items()}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _board(report: Contents) -> Table:
    frame = report.board.merge(report.ranks.rename(columns={"best": "rank_best", "worst": "rank_worst"}))
    shown = [
        {
            **{name: row[name] for name in ("agent", "mean", "IQM")},
            "optimality gap": cells.estimate(line, "optimality_gap"),
            "rank": cells.rank({"best": line["rank_best"], "worst": line["rank_worst"]}),
            "tasks": str(line["tasks"]),
            **{name: text for name, text in row.items() if name not in ("agent", "mean", "IQM")},
        }
        for row, line in zip(cells.board_cells(frame), _records(frame), strict=True)
    ]
    caption = (
        "The best mean first. In brackets: 95 % stratified bootstrap intervals (corrected; "
        f"{report.resamples:,} resamples, seed {report.seed}); they speak of these tasks with new seeds. "
        "Rank: the ranks that cannot be excluded, for all agents at once with 95 %. Lost: turns whose answer "
        "was no valid action."
    )
    return Table("leaderboard", caption, frame, shown)


def _pairs(report: Contents) -> Table:
    caption = (
        "Every two agents on the same seeds: the difference of their means with its 95 % interval, the "
        "probability that the first does better on a seed (ties half), the permutation test's p-value, and "
        "the same corrected for the number of pairs (Holm). Cannot be told apart does not mean equal."
    )
    return Table("pairs", caption, report.pairs, cells.pair_cells(report.pairs))


def _sights(report: Contents) -> Table:
    shown = [
        {
            "what could be seen": f"{row['a']} and {row['b']}: {_seen(row['detectable'])}",
            "detectable": "–" if pd.isna(row["detectable"]) else f"{row['detectable']:.2f}",
            "cautious": "–" if pd.isna(row["cautious_detectable"]) else f"{row['cautious_detectable']:.2f}",
            "kind": str(row["kind"]),
            "tasks": str(row["tasks"]),
            "episodes a task": str(row["pilot"]),
        }
        for row in _records(report.sights)
    ]
    caption = (
        "The smallest true difference of means that a run of this size shows in four of five tries (power "
        "80 %, 95 % confidence), by the variance within tasks; cautious: by an upper bound on that variance. "
        "What is smaller than this can have been missed."
    )
    return Table("detectable", caption, report.sights, shown)


def _seen(difference: float) -> str:
    if pd.isna(difference):
        return "their scores did not vary, so it cannot be said"
    return f"a difference of {difference:.2f} would mostly have been seen, a smaller one often not"


def _tasks(report: Contents) -> Table:
    caption = (
        "Every agent on every task: Wilson's interval where the measure is success, else the corrected "
        "bootstrap's. Missing episodes are no zeros."
    )
    return Table("tasks", caption, report.tasks, cells.task_cells(report.tasks), long=len(report.tasks) > 60)


def _profiles(report: Contents) -> Table:
    shown = [
        {
            "agent": str(row["agent"]),
            "above": f"{row['threshold']:.2f}",
            "share of runs": f"{row['estimate']:.2f} {cells.interval(row['low'], row['high'])}",
        }
        for row in _records(report.profiles)
    ]
    caption = (
        "The performance profile in numbers: the share of runs and tasks with a score above a threshold."
    )
    return Table("profiles", caption, report.profiles, shown, long=True)


def _published(report: Contents) -> list[Table]:
    if report.published is None:
        return []
    told = [_told(row) for row in _records(report.published)]
    numbers = {note: f"[{place}]" for place, note in enumerate(dict.fromkeys(filter(None, told)), 1)}
    shown = [
        row | {"note": numbers.get(note, "")}
        for row, note in zip(cells.published_cells(report.published), told, strict=True)
    ]
    caption = (
        "What others published for these tasks or games, beside what was measured here. No published number "
        "is in a test; the notes below say what it can be compared with, and where it is from."
    )
    notes = [{"note": number, "words": note} for note, number in numbers.items()]
    return [
        Table("published", caption, report.published, shown, long=len(shown) > 60),
        Table(
            "published-notes", "Protocols and sources of the published numbers.", pd.DataFrame(notes), notes
        ),
    ]


def _told(row: dict[str, Any]) -> str:
    """What has to be known to read a published number."""
    if row["mark"] == "measured":
        return ""
    spread = f" After ±: {row['error_kind']}." if row["error_kind"] and not pd.isna(row["error"]) else ""
    return f"{row['protocol']}.{spread} Source: {row['source']}"


def _prices(report: Contents) -> Table:
    shown = [
        {
            "agent": str(row["agent"]),
            "mean": cells.estimate(row, "mean"),
            "dollars": cells.dollars(row["dollars"]),
            "tokens": "–" if pd.isna(row["tokens"]) else f"{row['tokens']:,.0f}",
            "seconds": "–" if pd.isna(row["seconds"]) else f"{row['seconds']:.2f}",
            "front": _dominated(row),
        }
        for row in _records(report.prices)
    ]
    caption = (
        "What one scored episode costs on average; seconds are the model's and the environment's, without "
        "waiting. Beaten: another agent's mean is as high or higher for the same price or less, by the means "
        "as measured, among agents that ask a model (where there are any)."
    )
    return Table("price", caption, report.prices.map(_joined), shown)


def _joined(value: Any) -> Any:
    return "; ".join(value) if isinstance(value, list) else value


def _dominated(row: dict[str, Any]) -> str:
    """On which fronts an agent is, and who beats it on the others."""
    found = []
    for name in PRICES:
        if row[f"{name}_front"]:
            found.append(f"{name}: nobody is better for less")
        elif row[f"{name}_beaten_by"]:
            found.append(f"{name}: beaten by {', '.join(row[f'{name}_beaten_by'])}")
    return "; ".join(found)


def _notes(report: Contents) -> Table:
    shown = [
        {"agent": str(row["agent"]) or "(all)", "note": str(row["note"])} for row in _records(report.notes)
    ]
    return Table("notes", "Everything that has to be known to read the numbers.", report.notes, shown)


def _outcomes(report: Contents) -> Table:
    frame = report.outcomes.merge(
        report.board[["agent", "turns", "strict_rate", "tolerant_rate", "invalid_rate"]]
    )
    shown = [
        {
            "agent": str(row["agent"]),
            "turns": str(row["turns"]),
            "read strictly": cells.rate_text(row["strict_rate"]),
            "with repairs": cells.rate_text(row["tolerant_rate"]),
            "lost": cells.rate_text(row["invalid_rate"]),
            **{name.replace("_", " "): str(row[name]) for name in report.outcomes.columns if name != "agent"},
        }
        for row in _records(frame)
    ]
    return Table("outcomes", "How turns ended. Only ok and repaired ones moved the game.", frame, shown)


def _endings(report: Contents) -> Table:
    wide = report.endings.pivot(index="agent", columns="ending", values="episodes").fillna(0).astype(int)
    frame = wide.reset_index().rename_axis(columns=None)
    shown = [{name: str(value) for name, value in row.items()} for row in _records(frame)]
    caption = (
        "How episodes ended: terminated is the game's own end, a limit is named. What failed or was not "
        "finished has no score."
    )
    return Table("endings", caption, frame, shown)


def _sizes(report: Contents) -> Table:
    names = ["agent", "tasks", "episodes", "missing", "failed", "turns", "tokens"]
    frame = report.board[names]
    shown = [
        {"agent": str(row["agent"]), **{name: f"{row[name]:,}" for name in names[1:]}}
        for row in _records(frame)
    ]
    return Table("sizes", "How much the numbers rest on.", frame, shown)


def _crafter(report: Contents) -> Table:
    caption = (
        "Crafter's own score: the geometric mean of its achievements' rates (Hafner 2022); it depends on how "
        "many episodes it is over."
    )
    return Table("crafter", caption, report.crafter, cells.crafter_cells(report.crafter))


def _achievements(report: Contents) -> Table:
    shown = cells.achievement_cells(report.achievements)
    return Table(
        "achievements", "How often each achievement was unlocked.", report.achievements, shown, long=True
    )


def _depths(report: Contents) -> Table:
    groups = report.depths.groupby(["agent", "task"])
    frame = groups.agg(
        runs=("deepest", "size"),
        deepest_mean=("deepest", "mean"),
        deepest_median=("deepest", "median"),
        deepest_most=("deepest", "max"),
        experience_mean=("experience_level", "mean"),
    ).reset_index()
    shown = [
        {
            "agent": str(row["agent"]),
            "task": str(row["task"]),
            "runs": str(row["runs"]),
            "deepest level, mean": f"{row['deepest_mean']:.2f}",
            "median": f"{row['deepest_median']:g}",
            "most": f"{row['deepest_most']:g}",
            "experience level, mean": f"{row['experience_mean']:.2f}",
        }
        for row in _records(frame)
    ]
    return Table("nethack-depth", "The deepest level of NetHack's dungeon that was reached.", frame, shown)


def _levels(report: Contents) -> Table:
    shown = [
        {"agent": str(row["agent"]), "level": str(row["level"]), "share": cells.rate_text(row["share"])}
        for row in _records(report.levels)
    ]
    caption = "The share of NetHack's episodes that reached each level."
    return Table("nethack-levels", caption, report.levels, shown, long=True)


def _progress(report: Contents) -> Table:
    shown = [
        {
            "agent": str(row["agent"]),
            "step": str(row["step"]),
            "mean progress": f"{row['estimate']:.2f} {cells.interval(row['low'], row['high'])}",
        }
        for row in _records(report.progress)
    ]
    return Table("progress", "Mean progress after so many steps.", report.progress, shown, long=True)


def _actions(report: Contents) -> Table:
    shown = [
        {
            "agent": str(row["agent"]),
            "game": str(row["game"]),
            "action": str(row["action"]),
            "steps": f"{row['steps']:,}",
            "share": cells.rate_text(row["share"]),
        }
        for row in _records(report.actions)
    ]
    return Table("actions", "The twelve commonest actions of each agent in each game.", report.actions, shown,
                 long=True)  # fmt: skip


def _instructions(report: Contents) -> Table:
    shown = [
        {
            "task": str(row["task"]),
            "instructions (SHA-256)": str(row["sha256"]),
            "different": str(row["different"]),
        }
        for row in _records(report.instructions)
    ]
    caption = (
        "What agents were told of each task: the first digits of the digest of the recorded instructions."
    )
    return Table("instructions", caption, report.instructions, shown)
