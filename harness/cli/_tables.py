"""The tables of a comparison in the terminal."""

from __future__ import annotations

from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.terminal import safe_text
from scorers.cells import board_cells, interval, p_value


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
