"""Puts the report together: tables by Jinja with everything escaped, plots by Vega-Lite, one file."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.errors import InputError
from harness.records import read_record
from scorers._board import by_task, leaderboard
from scorers._pairs import pairwise, rank_sets
from scorers.progress import OUTCOMES
from scorers.runs import Scorer, read_runs


def write_html(
    runs: Sequence[Path],
    out: Path,
    *,
    title: str | None = None,
    scorer: Scorer | None = None,
    seed: int = 0,
    resamples: int = 10_000,
) -> Path:
    """Write the report of one or more run folders.

    Args:
        runs: the run folders.
        out: the file to write.
        title: its heading.
        scorer: what scores the episodes, in place of their progress.
        seed: of the bootstrap.
        resamples: of the bootstrap.

    Raises:
        InputError: a folder is no run, holds no episode, or the extra `report` is not installed.
    """
    for module in ("altair", "vl_convert"):
        if find_spec(module) is None:
            raise InputError(f'the report needs {module}: pip install "ludometer[report]"')
    episodes = read_runs(runs, scorer)
    if episodes.empty:
        raise InputError(f"{runs[0]} holds no episode yet")
    from scorers.report._charts import charts

    board = leaderboard(episodes, resamples=resamples, seed=seed)
    tasks = by_task(episodes, resamples=resamples, seed=seed)
    page = _environment().get_template("report.html.j2")
    text = page.render(
        title=title or f"Ludometer: {', '.join(sorted(set(episodes['suite'])))}",
        board=board.to_dict("records"),
        tasks=tasks.to_dict("records"),
        pairs=pairwise(episodes, resamples=resamples, seed=seed).to_dict("records"),
        ranks={row["agent"]: row for row in _ranks(episodes, resamples, seed)},
        episodes=_links(episodes, out),
        outcomes=OUTCOMES,
        totals=_totals(episodes),
        settings=[_settings(run) for run in runs],
        charts=_json(charts(board, tasks, episodes)),
        runtime=Markup(_runtime()),  # noqa: S704 - our own dependency's script
        style=Markup((files(__package__) / "report.css").read_text(encoding="utf-8")),  # noqa: S704
        resamples=resamples,
        seed=seed,
    )
    # What UTF-8 cannot hold (a lone surrogate) must not keep the whole report from being written.
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(text.encode("utf-8", "backslashreplace"))
    return out


def _ranks(episodes: pd.DataFrame, resamples: int, seed: int) -> list[dict[str, Any]]:
    rows = rank_sets(episodes, resamples=resamples, seed=seed).to_dict("records")
    return [{str(key): value for key, value in row.items()} for row in rows]


@cache
def _environment() -> Environment:
    made = Environment(loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined)
    made.filters["number"] = _number
    made.filters["interval"] = interval
    return made


def _number(value: Any, form: str = ".2f") -> str:
    return "–" if pd.isna(value) else format(value, form)


def interval(row: dict[str, Any], metric: str) -> str:
    """The same text as the terminal's: ``0.42 [0.31, 0.55]``."""
    value, low, high = row[metric], row[f"{metric}_low"], row[f"{metric}_high"]
    if pd.isna(value):
        return "–"
    return f"{value:.2f} [–]" if pd.isna(low) else f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _json(value: Any) -> Markup:
    r"""JSON that can stand inside a script element: no ``<``, ``>``, ``&`` or line separators in it."""
    text = json.dumps(value, ensure_ascii=True)
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # noqa: S704 - nothing in it can end the element


@cache
def _runtime() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script, with nothing in it that ends the element."""
    import vl_convert

    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script")


def _links(episodes: pd.DataFrame, out: Path) -> list[dict[str, Any]]:
    """The episodes with the way to each file from where the report stands."""
    here = out.parent.resolve()
    rows = episodes.sort_values(["agent", "task", "index"]).to_dict("records")
    return [
        {**{str(k): v for k, v in row.items()}, "path": os.path.relpath(Path(row["path"]).resolve(), here)}
        for row in rows
    ]


def _totals(episodes: pd.DataFrame) -> dict[str, Any]:
    return {
        "episodes": len(episodes),
        "scored": int(episodes["score"].notna().sum()),
        "failed": int((episodes["status"] == "failed").sum()),
        "unfinished": int((episodes["status"] == "unfinished").sum()),
        "agents": int(episodes["agent"].nunique()),
        "tasks": int(episodes["task"].nunique()),
    }


def _settings(run: Path) -> dict[str, Any]:
    record = read_record(run)
    return {
        "folder": str(run),
        "hash": record.config_hash,
        "versions": record.versions,
        "config": json.dumps(record.config, indent=2, sort_keys=True),
    }
