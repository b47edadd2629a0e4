"""Numbers as people read them: the same text in the terminal, the report, Markdown and LaTeX."""

from __future__ import annotations

from typing import Any

import pandas as pd

Cells = list[dict[str, str]]
"""Rows as people read them, by column; the first column is text."""

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


def board_cells(board: pd.DataFrame) -> Cells:
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


def task_cells(tasks: pd.DataFrame) -> Cells:
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


def rank(row: Any) -> str:
    """``2 to 4``: the ranks of an agent that cannot be excluded."""
    return str(row["best"]) if row["best"] == row["worst"] else f"{row['best']} to {row['worst']}"


def pair_cells(pairs: pd.DataFrame) -> Cells:
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


def crafter_cells(scores: pd.DataFrame) -> Cells:
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


def achievement_cells(rates: pd.DataFrame) -> Cells:
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


def p_value(value: float) -> str:
    """Three digits; what is smaller is told as such, never as zero."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _columns(board: pd.DataFrame) -> list[str]:
    """Tokens and cost are shown where a model was asked."""
    asked = bool((board["tokens"] > 0).any())
    return [name for name in _SHOWN if asked or name not in ("tokens", "cost")]


def rate_text(value: float) -> str:
    """``12.5%``."""
    return "–" if pd.isna(value) else f"{value:.1%}"


def dollars(value: float) -> str:
    """``$0.0123``: two digits behind the point, four where it is less than a dollar."""
    return "unknown" if pd.isna(value) else f"${value:.2f}" if value >= 1 or value == 0 else f"${value:.4f}"


def published_cells(rows: pd.DataFrame) -> Cells:
    """What others published, each row marked (`scorers.published.beside`), and what was measured beside."""
    return [
        {
            "agent": str(row["agent"]),
            "mark": str(row["mark"]),
            "task": str(row["task"]),
            "metric": str(row["metric"]),
            "score": _published_score(row),
            "runs": "" if pd.isna(row["runs"]) else f"{row['runs']:g}",
            "date": "" if pd.isna(row["date"]) else str(row["date"]),
        }
        for row in rows.to_dict("records")
    ]


def _published_score(row: dict[Any, Any]) -> str:
    if row["mark"] == "measured":
        return f"{row['score']:.2f} {interval(row['low'], row['high'])}"
    value = _four_digits(row["score"])
    if not pd.isna(row["error"]):
        return f"{value} ± {_four_digits(row['error'])}"
    if not pd.isna(row["low"]):
        return f"{value} [{_four_digits(row['low'])}, {_four_digits(row['high'])}]"
    return value


def _four_digits(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
