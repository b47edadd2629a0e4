"""The tables of a comparison as people read them, and in the terminal."""

from __future__ import annotations

from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.terminal import safe_text

_SHOWN = ("agent", "mean", "IQM", "scored", "failed", "lost", "tokens", "cost")


def estimate(row: Any, metric: str) -> str:
    """``0.42 [0.31, 0.55]``; without an interval ``0.42 [–]``."""
    value, low, high = row[metric], row[f"{metric}_low"], row[f"{metric}_high"]
    if pd.isna(value):
        return "–"
    return f"{value:.2f} {interval(low, high)}"


def _short(count: int) -> str:
    """``653k``."""
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count / size:.3g}{letter}"
    return str(count)


def interval(low: float, high: float, sign: str = "") -> str:
    """``[0.31, 0.55]``; where there is none ``[–]``."""
    return "[–]" if pd.isna(low) else f"[{low:{sign}.2f}, {high:{sign}.2f}]"


def board_cells(board: pd.DataFrame) -> list[dict[str, str]]:
    """The leaderboard."""
    shown = _columns(board)
    return [{name: cells[name] for name in shown} for cells in map(_board_row, board.to_dict("records"))]


def _board_row(row: dict[Any, Any]) -> dict[str, str]:
    return {
        "agent": str(row["agent"]),
        "mean": estimate(row, "mean"),
        "IQM": estimate(row, "iqm"),
        "scored": f"{row['episodes'] - row['missing']}/{row['episodes']}",
        "failed": str(row["failed"]),
        "lost": f"{row['invalid_rate']:.1%}",
        "tokens": _short(row["tokens"]),
        "cost": "unknown" if pd.isna(row["cost"]) else f"${row['cost']:.2f}",
    }


def task_cells(tasks: pd.DataFrame) -> list[dict[str, str]]:
    """Every agent on every task."""
    return [
        {
            "agent": str(row["agent"]),
            "task": str(row["task"]),
            "mean": "–" if pd.isna(row["mean"]) else f"{row['mean']:.2f} {interval(row['low'], row['high'])}",
            "runs": str(row["runs"]),
            "missing": str(row["missing"]),
            "interval": str(row["words"] or row["method"]),
        }
        for row in tasks.to_dict("records")
    ]


def pair_cells(pairs: pd.DataFrame) -> list[dict[str, str]]:
    """Every pair of agents: in all, or task by task."""
    return [
        {
            "verdict": str(row["words"]),
            **({"task": str(row["task"])} if "task" in row else {}),
            "difference": f"{row['difference']:+.2f} {interval(row['low'], row['high'], '+')}",
            "P(better)": f"{row['probability']:.2f} "
            f"{interval(row['probability_low'], row['probability_high'])}",
            "p": p_value(row["p_value"]),
            "p (Holm)": p_value(row["p_holm"]),
            "seeds": str(row["pairs"]),
        }
        for row in pairs.to_dict("records")
    ]


def crafter_cells(scores: pd.DataFrame) -> list[dict[str, str]]:
    """Crafter's score of every agent, in percent."""
    return [
        {
            "agent": str(row["agent"]),
            "task": str(row["task"]),
            "Crafter score %": f"{row['score']:.1f} {interval(row['low'], row['high'])}",
            "episodes": str(row["episodes"]),
        }
        for row in scores.to_dict("records")
    ]


def achievement_cells(rates: pd.DataFrame) -> list[dict[str, str]]:
    """How often each achievement of Crafter was unlocked."""
    return [
        {
            "agent": str(row["agent"]),
            "task": str(row["task"]),
            "achievement": str(row["achievement"]),
            "rate": f"{row['rate']:.2f} {interval(row['low'], row['high'])}",
            "unlocked": str(row["words"]),
        }
        for row in rates.to_dict("records")
    ]


def print_crafter(scores: pd.DataFrame, console: Console | None = None) -> None:
    """Print Crafter's score, a line an agent."""
    console = console or Console(highlight=False)
    for row in scores.to_dict("records"):
        number = f"{row['score']:.1f} % {interval(row['low'], row['high'])}"
        what = f"geometric mean of its achievements' rates, over {row['episodes']} episodes"
        name = safe_text(f"{row['agent']}: Crafter score of {row['task']}")
        console.print(Text(f"{name}: {number}, {what}"), soft_wrap=True)


def print_cells(cells: list[dict[str, str]], console: Console | None = None) -> None:
    """Print rows that people read; columns fold rather than run out of the terminal."""
    console = console or Console(highlight=False)
    if not cells:
        console.print("nothing to show")
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    texts = ("agent", "task")
    for name in cells[0]:
        text = name in texts
        table.add_column(name, overflow="fold", justify="left" if text else "right", no_wrap=not text)
    for row in cells:
        table.add_row(*(Text(safe_text(value)) for value in row.values()))
    console.print(table)


def print_leaderboard(board: pd.DataFrame, console: Console | None = None) -> None:
    """Print the leaderboard and what has to be known to read it; right in 80 columns."""
    console = console or Console(highlight=False)
    print_cells(board_cells(board), console)
    console.print(
        "Mean and interquartile mean (IQM) of progress, with 95 % stratified bootstrap intervals "
        "(corrected); these tasks, new seeds. Lost: turns whose answer was no valid action.",
        style="dim",
    )
    for _, row in board.iterrows():
        if notes := [*_repairs(row), *row["flags"]]:
            note = safe_text(f"note: {row['agent']}: {', '.join(notes)}")
            console.print(Text(note), style="yellow", soft_wrap=True)


def _repairs(row: Any) -> list[str]:
    """How many answers were actions to the letter, and how many after repairs, where that differs."""
    if row["strict_rate"] == row["tolerant_rate"]:
        return []
    return [f"answers read strictly {row['strict_rate']:.1%}, with repairs {row['tolerant_rate']:.1%}"]


def p_value(value: float) -> str:
    """Three digits; what is smaller is told as such, never as zero."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def print_pairs(pairs: pd.DataFrame, ranks: pd.DataFrame, console: Console | None = None) -> None:
    """Print what ranks are open, and what can be said of each pair."""
    console = console or Console(highlight=False)
    if pairs.empty:
        return
    console.print("Ranks that cannot be excluded (95 %, all at once):", style="bold")
    for row in ranks.to_dict("records"):
        span = str(row["best"]) if row["best"] == row["worst"] else f"{row['best']} to {row['worst']}"
        console.print(Text(f"  {safe_text(str(row['agent']))}: {span}"), soft_wrap=True)
    console.print("Pairs, on the same seeds:", style="bold")
    print_verdicts(pairs, console)


def print_verdicts(pairs: pd.DataFrame, console: Console | None = None) -> None:
    """Print what can be said of each pair, in all or task by task, a line each."""
    console = console or Console(highlight=False)
    for row in pairs.to_dict("records"):
        numbers = f"{row['difference']:+.2f} {interval(row['low'], row['high'], '+')}"
        where = f" on {row['tasks']} tasks" if "tasks" in row else ""
        task = f"{row['task']}: " if "task" in row else ""
        rests = f"Holm p {p_value(row['p_holm'])}, {row['pairs']} seeds{where}"
        console.print(Text(f"  {safe_text(task + row['words'])}: {numbers}, {rests}"), soft_wrap=True)


def _columns(board: pd.DataFrame) -> list[str]:
    """Tokens and cost are shown where a model was asked."""
    asked = bool((board["tokens"] > 0).any())
    return [name for name in _SHOWN if asked or name not in ("tokens", "cost")]
