"""The report as one HTML file: everything escaped by Jinja, plots by Vega-Lite, nothing fetched."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.errors import InputError
from scorers import cells
from scorers.report._contents import Contents
from scorers.report._tables import TEXT, tables
from scorers.report._text import visible, visible_everywhere

SECTIONS = {
    "board": ("Who is better, by how much, how sure", "Leaderboard", ["aggregates", "pairs"]),
    "tasks": ("Where", "Tasks", ["tasks", "profiles"]),
    "price": ("At what price", "Price", ["price-dollars", "price-tokens", "price-seconds"]),
    "honesty": ("How honest", "Failures", ["outcomes", "endings"]),
    "behaviour": ("How it behaves", "Behaviour", ["progress", "achievements", "depths", "actions"]),
}
"""Heading, name in the menu, and plots of each section that shows numbers."""


def report_html(report: Contents, folder: Path, title: str | None = None, command: str = "") -> str:
    """The report as the text of an HTML file.

    Args:
        report: what it says.
        folder: where the file will stand; links to records start there.
        title: its heading.
        command: what makes it again.

    Raises:
        InputError: the extra `report` is not installed.
    """
    for module in ("altair", "vl_convert"):
        if find_spec(module) is None:
            raise InputError(f'the report needs {module}: pip install "ludometer[report]"')
    from scorers.report._charts import LABELS, charts

    anchors = _anchors(report.episodes)
    page = _environment().get_template("report.html.j2")
    return page.render(
        title=heading(report, title),
        command=command,
        report=report,
        answer=answer(report),
        sections=SECTIONS,
        tables=tables(report),
        text_columns=TEXT,
        labels=LABELS,
        anchors=anchors,
        agents=_by_agent(report, folder, anchors),
        told=told(report),
        settings=_settings(report),
        charts=_json(visible_everywhere(charts(report))),
        runtime=Markup(_runtime()),  # noqa: S704 - our own dependency's script
        style=Markup(_own("report.css")),  # noqa: S704
        script=Markup(_own("report.js")),  # noqa: S704
    )


def heading(report: Contents, title: str | None) -> str:
    """The title, or one of the suites."""
    return title or f"Ludometer: {', '.join(sorted(set(report.episodes['suite'])))}"


def answer(report: Contents) -> list[str]:
    """Who is better, by how much and how sure, in a sentence or two."""
    if report.board["mean"].isna().all():
        return ["No episode has a score yet."]
    best = str(report.board["agent"].iloc[0])
    partly = [flag for flag in report.board["flags"].iloc[0] if flag.endswith(" tasks")]
    mean = cells.estimate(report.board.iloc[0], "mean")
    found = [f"{best} has the highest mean, {mean}{f' ({partly[0]})' if partly else ''}."]
    pairs = report.pairs[(report.pairs["a"] == best) | (report.pairs["b"] == best)]
    unclear = pairs["words"].str.endswith("cannot be told apart")
    for words, rows in (
        ("It is better than", pairs[~unclear]),
        ("It cannot be told apart from", pairs[unclear]),
    ):
        others = [_lead(best, row) for row in rows.to_dict("records")]
        if others:
            found.append(f"{words} {'; '.join(others)}.")
    return [*found, "In brackets: 95 % intervals."]


def _lead(best: str, row: Mapping[Any, Any]) -> str:
    """Another agent, and how far the best one is ahead of it."""
    ahead = row["a"] == best
    ends = (row["low"], row["high"]) if ahead else (-row["high"], -row["low"])
    gap = row["difference"] if ahead else -row["difference"]
    sure = "" if any(math.isnan(end) for end in ends) else f" [{ends[0]:.2f}, {ends[1]:.2f}]"
    return f"{row['b'] if ahead else row['a']} by {gap:.2f}{sure}"


def told(report: Contents) -> str:
    """How much was played, in a sentence."""
    played = report.episodes
    counts = [
        f"{played['agent'].nunique()} agents on {played['task'].nunique()} tasks",
        f"{played['score'].notna().sum()} of {len(played)} episodes scored",
    ]
    status = played["status"].value_counts()
    if failed := status.get("failed", 0):
        counts.append(f"{failed} failed and are missing, not zero")
    if unfinished := status.get("unfinished", 0):
        counts.append(f"{unfinished} not finished")
    return "; ".join(counts) + "."


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(__package__, "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _own(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _json(value: Any) -> Markup:
    r"""JSON that can stand inside a script element: no ``<``, ``>``, ``&`` or line separators in it."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # noqa: S704 - nothing in it can end the element


@cache
def _runtime() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script, with nothing in it that ends the element."""
    import vl_convert

    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script")


def _anchors(episodes: pd.DataFrame) -> dict[tuple[str, str | None], str]:
    """(agent, task) → the anchor of their episodes; (agent, None) → that of all of the agent's."""
    found: dict[tuple[str, str | None], str] = {}
    for place, (agent, played) in enumerate(episodes.groupby("agent", sort=True)):
        found[str(agent), None] = f"e{place}"
        for number, task in enumerate(sorted(played["task"].unique())):
            found[str(agent), str(task)] = f"e{place}-{number}"
    return found


def _by_agent(
    report: Contents, folder: Path, anchors: dict[tuple[str, str | None], str]
) -> list[dict[str, Any]]:
    """Every episode with the way to its record, by agent and task."""
    found = []
    for agent, played in report.episodes.groupby("agent", sort=True):
        tasks = [
            {
                "task": task,
                "anchor": anchors[str(agent), str(task)],
                "episodes": [
                    _episode(report, folder, row) for row in rows.sort_values("index").to_dict("records")
                ],
            }
            for task, rows in played.groupby("task", sort=True)
        ]
        found.append(
            {"agent": agent, "anchor": anchors[str(agent), None], "count": len(played), "tasks": tasks}
        )
    return found


def _episode(report: Contents, folder: Path, row: dict[Any, Any]) -> dict[str, Any]:
    notes = report.behaviour
    limit = None if pd.isna(row["limit"]) else f"limit: {row['limit']}"
    return {
        "index": row["index"],
        "seed": row["seed"],
        "score": "–" if pd.isna(row["score"]) else f"{row['score']:g}",
        "steps": row["steps"],
        "turns": row["turns"],
        "ending": limit or (row["status"] if pd.isna(row["ending"]) else row["ending"]),
        "failure": notes.failures.get(row["path"], "") if row["status"] == "failed" else "",
        "lost": notes.first_lost.get(row["path"]),
        "href": _href(str(row["path"]), folder),
        "path": row["path"],
    }


def _href(path: str, folder: Path) -> str | None:
    """The way from the report to a record; none to or from a store behind a network."""
    if "://" in path or "://" in str(folder):
        return None
    return quote(os.path.relpath(Path(path).resolve(), folder.resolve()).encode("utf-8", "surrogateescape"))


def _settings(report: Contents) -> list[dict[str, Any]]:
    return [
        {
            "folder": str(run),
            "hash": record.config_hash,
            "schema": record.schema_version,
            "versions": record.versions,
            "config": json.dumps(record.config, indent=2, sort_keys=True, ensure_ascii=False),
        }
        for run, record in zip(report.runs, report.records, strict=True)
    ]
