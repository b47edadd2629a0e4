"""The report's plots, as Vega-Lite specifications made by Altair from the report's tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import altair

_WIDTH = "container"
_BLUE = "#4c78a8"  # readable on white and on near-black
_ROW = 26
"""Pixels an agent takes in an interval plot."""


def charts(board: pd.DataFrame, tasks: pd.DataFrame, episodes: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Every plot by name, as JSON-ready dictionaries; those that would be empty are left out."""
    made: dict[str, Callable[[], altair.Chart | altair.LayerChart | None]] = {
        "aggregates": lambda: _aggregates(board),
        "tasks": lambda: _tasks(tasks),
        "outcomes": lambda: _outcomes(episodes),
        "price": lambda: _price(board),
    }
    drawn = {name: draw() for name, draw in made.items()}
    return {name: _plain(chart) for name, chart in drawn.items() if chart is not None}


def _plain(chart: Any) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(chart.to_json())
    return spec


def _intervals(data: pd.DataFrame, *, row: str, title: str) -> Any:
    import altair as alt

    x = alt.X("estimate:Q", title=title, scale=alt.Scale(domain=[0, 1]))
    y = alt.Y(f"{row}:N", title=None, sort=None, axis=alt.Axis(labelLimit=260))
    base = alt.Chart(data).encode(y=y, tooltip=[row, "estimate", "low", "high"])
    bars = base.mark_rule(strokeWidth=2, color=_BLUE).encode(
        x=alt.X("low:Q", title=title, scale=alt.Scale(domain=[0, 1])), x2="high:Q"
    )
    return (bars + base.mark_point(filled=True, size=70, color=_BLUE, opacity=1).encode(x=x)).properties(
        width=_WIDTH, height=alt.Step(_ROW)
    )


def _aggregates(board: pd.DataFrame) -> Any:
    data = board.dropna(subset=["mean"])[["agent", "mean", "mean_low", "mean_high"]]
    if data.empty:
        return None
    data = data.set_axis(["agent", "estimate", "low", "high"], axis=1)
    return _intervals(data, row="agent", title="mean progress, with its 95 % interval")


def _tasks(tasks: pd.DataFrame) -> Any:
    import altair as alt

    data = tasks.dropna(subset=["mean"])
    if data.empty:
        return None
    colour = alt.Color("agent:N", title=None, scale=alt.Scale(scheme="tableau10"), legend=_legend())
    y = alt.Y("task:N", title=None, axis=alt.Axis(labelLimit=260))
    base = alt.Chart(data).encode(
        y=y,
        yOffset="agent:N",
        color=colour,
        tooltip=["agent", "task", "mean", "low", "high", "runs"],
    )
    domain = alt.Scale(domain=[0, 1])
    bars = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title="mean progress, with its 95 % interval", scale=domain), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=60).encode(x=alt.X("mean:Q", scale=domain))
    return (bars + points).properties(width=_WIDTH, height=alt.Step(16))


def _outcomes(episodes: pd.DataFrame) -> Any:
    import altair as alt

    from scorers.progress import OUTCOMES

    counts = episodes.groupby("agent")[list(OUTCOMES)].sum().reset_index()
    data = counts.melt("agent", var_name="outcome", value_name="turns")
    if data["turns"].sum() == 0:
        return None
    return (
        alt.Chart(data[data["turns"] > 0])
        .mark_bar()
        .encode(
            y=alt.Y("agent:N", title=None, axis=alt.Axis(labelLimit=260)),
            x=alt.X("turns:Q", stack="normalize", title="share of turns", axis=alt.Axis(format="%")),
            color=alt.Color("outcome:N", title=None, sort=list(OUTCOMES), legend=_legend()),
            tooltip=["agent", "outcome", "turns"],
        )
        .properties(width=_WIDTH, height=alt.Step(_ROW))
    )


def _price(board: pd.DataFrame) -> Any:
    import altair as alt

    data = board[(board["tokens"] > 0) & board["mean"].notna()]
    if data.empty:
        return None
    x = alt.X("tokens:Q", title="tokens", scale=alt.Scale(type="log"))
    base = alt.Chart(data).encode(x=x, color=alt.Color("agent:N", title=None, legend=_legend()),
                                  tooltip=["agent", "mean", "tokens"])  # fmt: skip
    bars = base.mark_rule(strokeWidth=2).encode(
        y=alt.Y("mean_low:Q", title="mean progress", scale=alt.Scale(domain=[0, 1])), y2="mean_high:Q"
    )
    return (bars + base.mark_point(filled=True, size=80).encode(y="mean:Q")).properties(
        width=_WIDTH, height=260
    )


def _legend() -> Any:
    import altair as alt

    return alt.Legend(orient="top", columns=1, labelLimit=600)
