"""The leaderboard in the terminal, and in forms for machines and papers: the same numbers in each."""

from __future__ import annotations

import json
import math
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
    return f"{value:.2f} [–]" if pd.isna(low) else f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _short(count: int) -> str:
    """``653k``."""
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count / size:.3g}{letter}"
    return str(count)


def rows(board: pd.DataFrame) -> list[dict[str, str]]:
    """The leaderboard as people read it."""
    return [
        {
            "agent": str(row["agent"]),
            "mean": estimate(row, "mean"),
            "IQM": estimate(row, "iqm"),
            "scored": f"{row['episodes'] - row['missing']}/{row['episodes']}",
            "failed": str(row["failed"]),
            "lost": f"{row['invalid_rate']:.1%}",
            "tokens": _short(row["tokens"]),
            "cost": "unknown" if pd.isna(row["cost"]) else f"${row['cost']:.2f}",
        }
        for _, row in board.iterrows()
    ]


def print_leaderboard(board: pd.DataFrame, console: Console | None = None) -> None:
    """Print the leaderboard and what has to be known to read it; right in 80 columns."""
    console = console or Console(highlight=False)
    shown = _columns(board)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for name in shown:
        table.add_column(name, overflow="fold", justify="left" if name == "agent" else "right",
                         no_wrap=name != "agent")  # fmt: skip
    for cells in rows(board):
        table.add_row(*(Text(safe_text(cells[name])) for name in shown))
    console.print(table)
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
    for row in pairs.to_dict("records"):
        numbers = f"{row['difference']:+.2f} [{row['low']:+.2f}, {row['high']:+.2f}]"
        rests = f"Holm p {p_value(row['p_holm'])}, {row['pairs']} seeds on {row['tasks']} tasks"
        console.print(Text(f"  {safe_text(str(row['words']))}: {numbers}, {rests}"), soft_wrap=True)


def _columns(board: pd.DataFrame) -> list[str]:
    """Tokens and cost are shown where a model was asked."""
    asked = bool((board["tokens"] > 0).any())
    return [name for name in _SHOWN if asked or name not in ("tokens", "cost")]


def to_json(board: pd.DataFrame) -> str:
    """A list of objects; what is not a number is null."""
    records = [
        {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in r.items()
        }
        for r in board.to_dict("records")
    ]
    return json.dumps(records, indent=2)


def csv(board: pd.DataFrame) -> str:
    """CSV that a spreadsheet takes as text and numbers, never as formulas."""
    safe = board.copy()
    safe["agent"] = [_no_formula(text) for text in safe["agent"]]
    safe["flags"] = ["; ".join(flags) for flags in safe["flags"]]
    return str(safe.to_csv(index=False)).rstrip("\n")


def _no_formula(text: str) -> str:
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def markdown(board: pd.DataFrame) -> str:
    """A Markdown table of what the terminal shows."""
    shown = _columns(board)
    lines = ["| " + " | ".join(shown) + " |", "|" + "|".join(" --- " for _ in shown) + "|"]
    for row in rows(board):
        cells = (safe_text(row[name]).replace("|", "\\|").replace("<", "&lt;") for name in shown)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def latex(board: pd.DataFrame) -> str:
    """A LaTeX tabular of what the terminal shows."""
    shown = _columns(board)
    lines = [
        "\\begin{tabular}{l" + "r" * (len(shown) - 1) + "}",
        " & ".join(shown) + " \\\\ \\hline",
        *(" & ".join(_tex(row[name]) for name in shown) + " \\\\" for row in rows(board)),
        "\\end{tabular}",
    ]
    return "\n".join(lines)


_TEX = {"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "–": "--"}


def _tex(text: str) -> str:
    special = {**_TEX, **{char: "\\" + char for char in "&%$#_{}"}}
    return "".join(special.get(char, char) for char in safe_text(text))
