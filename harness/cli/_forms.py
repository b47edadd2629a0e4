"""Tables as JSON, CSV, Markdown and LaTeX: the same numbers in each, and nothing that a reader executes."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from harness.terminal import safe_text

Cells = Sequence[dict[str, str]]
"""Rows as people read them, by column; the first column is text, the others are numbers."""


def to_json(table: pd.DataFrame) -> str:
    """A list of objects; what is not a number is null."""
    records = [
        {key: None if _no_number(value) else value for key, value in row.items()}
        for row in table.to_dict("records")
    ]
    return json.dumps(records, indent=2)


def _no_number(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def csv(table: pd.DataFrame) -> str:
    """CSV that a spreadsheet takes as text and numbers, never as formulas."""
    return str(table.map(_plain).to_csv(index=False)).rstrip("\n")


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return "; ".join(value)
    return no_formula(value) if isinstance(value, str) else value


def no_formula(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def markdown(cells: Cells) -> str:
    """A Markdown table."""
    names = list(cells[0]) if cells else []
    lines = ["| " + " | ".join(names) + " |", "|" + "|".join(" --- " for _ in names) + "|"]
    for row in cells:
        safe = (safe_text(row[name]).replace("|", "\\|").replace("<", "&lt;") for name in names)
        lines.append("| " + " | ".join(safe) + " |")
    return "\n".join(lines)


def latex(cells: Cells) -> str:
    """A LaTeX tabular."""
    names = list(cells[0]) if cells else []
    lines = [
        "\\begin{tabular}{l" + "r" * (len(names) - 1) + "}",
        " & ".join(names) + " \\\\ \\hline",
        *(" & ".join(_tex(row[name]) for name in names) + " \\\\" for row in cells),
        "\\end{tabular}",
    ]
    return "\n".join(lines)


_TEX = {"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "–": "--"}


def _tex(text: str) -> str:
    special = {**_TEX, **{char: "\\" + char for char in "&%$#_{}"}}
    return "".join(special.get(char, char) for char in safe_text(text))
