"""The report's plots, as Vega-Lite specifications made by Altair from the report's tables.

Colours are those of Okabe and Ito, which colour-blind people can tell apart; every agent has a shape and a
dash of its own as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pandas as pd

from scorers.progress import OUTCOMES
from scorers.report._contents import Contents
from scorers.report._price import PRICES

_WIDTH = "container"
_ROW = 26
"""Pixels an agent takes in an interval plot."""

_COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c8c8c"]
_SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right"]
_DASHES = [[1, 0], [6, 2], [2, 2], [8, 2, 2, 2], [10, 4]]
_OUTCOME_COLOURS = ["#009e73", "#56b4e9", "#d55e00", "#e69f00", "#cc79a7", "#8c8c8c", "#0072b2"]
_GREY = "#8c8c8c"

LABELS = {
    "aggregates": "Mean and interquartile mean of each agent, with intervals",
    "pairs": "Difference of means of every two agents; grey where they cannot be told apart",
    "tasks": "Mean of each agent on each task, with intervals",
    "profiles": "Performance profiles: the share of runs above each score, with bands",
    "price-dollars": "Mean against US dollars an episode; filled marks are on the Pareto front",
    "price-tokens": "Mean against tokens an episode; filled marks are on the Pareto front",
    "price-seconds": "Mean against seconds an episode; filled marks are on the Pareto front",
    "outcomes": "How turns ended, by agent",
    "endings": "How episodes ended, by agent",
    "progress": "Mean progress along the steps, by agent, with bands",
    "achievements": "Crafter: how often each agent unlocked each achievement",
    "depths": "NetHack: the share of episodes that reached each dungeon level",
    "actions": "The share of steps that each agent spent on its twelve commonest actions; blank: others",
}
"""What each plot shows, in words."""


def charts(report: Contents) -> dict[str, dict[str, Any]]:
    """Every plot by name, as JSON-ready dictionaries; those that would be empty are left out."""
    made: dict[str, Callable[[Contents], Any]] = {
        "aggregates": _aggregates,
        "pairs": _pairs,
        "tasks": _tasks,
        "profiles": _profiles,
        **{f"price-{name}": _price(name) for name in PRICES},
        "outcomes": _outcomes,
        "endings": _endings,
        "progress": _progress,
        "achievements": _achievements,
        "depths": _depths,
        "actions": _actions,
    }
    drawn = {name: draw(report) for name, draw in made.items()}
    return {name: _plain(chart) for name, chart in drawn.items() if chart is not None}


def _plain(chart: Any) -> dict[str, Any]:
    # Against the schema they are held by the tests, which draw every one; here that would take a second.
    spec: dict[str, Any] = json.loads(chart.to_json(validate=False))
    return spec


def _measure(report: Contents) -> str:
    return "progress" if report.scorer is None else "score"


def _span(report: Contents) -> Any:
    """From 0 to 1, unless scores are something else."""
    import altair as alt

    scores = report.episodes["score"].dropna()
    inside = bool(len(scores)) and scores.min() >= 0 and scores.max() <= 1
    return alt.Scale(domain=[0, 1]) if inside else alt.Scale(zero=False)


def _agents(report: Contents) -> list[str]:
    """All agents as the leaderboard has them, so that a colour is the same agent in every plot."""
    return [str(agent) for agent in report.board["agent"]]


def _cycled(values: list[Any], count: int) -> list[Any]:
    return [values[place % len(values)] for place in range(count)]


def _colour(report: Contents, **legend: Any) -> Any:
    import altair as alt

    names = _agents(report)
    scale = alt.Scale(domain=names, range=_cycled(_COLOURS, len(names)))
    return alt.Color("agent:N", title=None, scale=scale, legend=_legend(**legend))


def _shape(report: Contents) -> Any:
    import altair as alt

    names = _agents(report)
    scale = alt.Scale(domain=names, range=_cycled(_SHAPES, len(names)))
    return alt.Shape("agent:N", title=None, scale=scale, legend=_legend())


def _dash(report: Contents) -> Any:
    import altair as alt

    names = _agents(report)
    scale = alt.Scale(domain=names, range=_cycled(_DASHES, len(names)))
    return alt.StrokeDash("agent:N", title=None, scale=scale, legend=_legend(**_LINES))


def _legend(**settings: Any) -> Any:
    import altair as alt

    return alt.Legend(orient="top", columns=1, labelLimit=600, symbolLimit=200, symbolOpacity=1, **settings)


_LINES = {"symbolType": "stroke", "symbolSize": 400, "symbolStrokeWidth": 2}


def _rows(**settings: Any) -> Any:
    import altair as alt

    return alt.Axis(labelLimit=260, **settings)


def _aggregates(report: Contents) -> Any:
    import altair as alt

    board = report.board.dropna(subset=["mean"])
    if board.empty:
        return None
    parts = [
        board[["agent", name, f"{name}_low", f"{name}_high"]]
        .set_axis(["agent", "estimate", "low", "high"], axis=1)
        .assign(aggregate=shown)
        for name, shown in (("mean", "mean"), ("iqm", "interquartile mean"))
    ]
    order = [str(part["aggregate"].iloc[0]) for part in parts]
    colour = alt.Scale(domain=order, range=_COLOURS[:2])
    base = alt.Chart(pd.concat(parts)).encode(
        y=alt.Y("agent:N", title=None, sort=_agents(report), axis=_rows()),
        yOffset=alt.YOffset("aggregate:N", sort=order),
        color=alt.Color("aggregate:N", title=None, sort=order, scale=colour, legend=_legend()),
        tooltip=["agent", "aggregate", *_numbers("estimate", "low", "high")],
    )
    title = f"{_measure(report)}, with its 95 % interval"
    bars = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title=title, scale=_span(report)), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=alt.X("estimate:Q", title=title, scale=_span(report)),
        shape=alt.Shape(
            "aggregate:N", title=None, sort=order, scale=alt.Scale(domain=order), legend=_legend()
        ),
    )
    return (bars + points).properties(width=_WIDTH, height=alt.Step(_ROW // 2))


def _numbers(*names: str) -> list[Any]:
    import altair as alt

    return [alt.Tooltip(f"{name}:Q", format=".2f") for name in names]


def _pairs(report: Contents) -> Any:
    import altair as alt

    pairs = report.pairs[["a", "b", "difference", "low", "high", "words"]]
    if pairs.empty:
        return None
    turned = pairs.rename(columns={"a": "b", "b": "a", "low": "high", "high": "low"})
    turned[["difference", "low", "high"]] = 0.0 - turned[["difference", "low", "high"]]  # and no −0.00
    both = pd.concat([pairs, turned])
    both["apart"] = ~both["words"].str.endswith("cannot be told apart")
    names = _agents(report)
    most = float(both["difference"].abs().max()) or 1.0
    base = alt.Chart(both).encode(
        y=alt.Y("a:N", title=None, sort=names, axis=_rows()),
        x=alt.X("b:N", title="against", sort=names, axis=alt.Axis(labelLimit=160, labelAngle=-40)),
        tooltip=["words", *_numbers("difference", "low", "high")],
    )
    scale = alt.Scale(scheme="purpleorange", domain=[-most, most], domainMid=0, reverse=True)
    apart = base.transform_filter("datum.apart").mark_rect().encode(
        color=alt.Color("difference:Q", title="row − column", scale=scale, legend=alt.Legend(orient="top"))
    )  # fmt: skip
    same = base.transform_filter("!datum.apart").mark_rect(color="#d9d9d9")
    # White on the deep ends of the scale.
    deep = f"datum.apart && abs(datum.difference) > {0.6 * most}"
    text = base.mark_text(fontSize=11).encode(
        text=alt.Text("difference:Q", format="+.2f"),
        color=alt.condition(deep, alt.value("#fff"), alt.value("#111")),
    )
    return (same + apart + text).properties(width=_WIDTH, height=alt.Step(_ROW))


def _tasks(report: Contents) -> Any:
    import altair as alt

    data = report.tasks.dropna(subset=["mean"])
    if data.empty:
        return None
    base = alt.Chart(data[["agent", "task", "mean", "low", "high", "runs", "words"]]).encode(
        y=alt.Y("task:N", title=None, axis=_rows()),
        yOffset=alt.YOffset("agent:N", sort=_agents(report)),
        color=_colour(report),
        tooltip=["agent", "task", *_numbers("mean", "low", "high"), "runs", "words"],
    )
    title = f"mean {_measure(report)}, with its 95 % interval"
    bars = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title=title, scale=_span(report)), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=50, opacity=1).encode(
        x=alt.X("mean:Q", title=title, scale=_span(report)), shape=_shape(report)
    )
    return (bars + points).properties(width=_WIDTH, height=alt.Step(13))


def _profiles(report: Contents) -> Any:
    import altair as alt

    if report.profiles.empty:
        return None
    x = alt.X("threshold:Q", title=f"{_measure(report)} τ", scale=_span(report))
    return _band(report, report.profiles, x, "share of runs with a score above τ")


def _progress(report: Contents) -> Any:
    import altair as alt

    if report.progress.empty:
        return None
    return _band(report, report.progress, alt.X("step:Q", title="steps"), "mean progress")


def _band(report: Contents, data: pd.DataFrame, x: Any, title: str) -> Any:
    import altair as alt

    whole = alt.Scale(domain=[0, 1])
    base = alt.Chart(data).encode(x=x, color=_colour(report, **_LINES))
    band = base.mark_area(opacity=0.18, interpolate="step-after").encode(
        y=alt.Y("low:Q", title=title, scale=whole), y2="high:Q"
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=2).encode(
        y=alt.Y("estimate:Q", title=title, scale=whole),
        strokeDash=_dash(report),
        tooltip=["agent", *_numbers("estimate", "low", "high")],
    )
    return (band + line).properties(width=_WIDTH, height=280)


def _price(name: str) -> Callable[[Contents], Any]:
    return lambda report: _against(report, name)


def _against(report: Contents, name: str) -> Any:
    import altair as alt

    # What costs nothing (an agent without a model) has no place on a logarithmic axis; the table has it.
    data = report.prices[report.prices[name] > 0]
    if data.empty:
        return None
    data = data[["agent", "mean", "mean_low", "mean_high", name, f"{name}_front"]]
    data = data.rename(columns={name: "price", f"{name}_front": "front"})
    x = alt.X("price:Q", title=f"{name} an episode", scale=alt.Scale(type="log", padding=20))
    y = alt.Y("mean:Q", title=f"mean {_measure(report)}", scale=_span(report))
    base = alt.Chart(data).encode(
        x=x,
        tooltip=["agent", *_numbers("mean", "mean_low", "mean_high"), alt.Tooltip("price:Q", format=",.4~g")],
    )
    bars = base.mark_rule(strokeWidth=2).encode(
        y=alt.Y("mean_low:Q", title=f"mean {_measure(report)}", scale=_span(report)),
        y2="mean_high:Q", color=_colour(report),
    )  # fmt: skip
    front = base.transform_filter("datum.front").mark_line(
        interpolate="step-after", strokeDash=[4, 3], color=_GREY
    ).encode(y=y)  # fmt: skip
    points = base.mark_point(size=90, strokeWidth=2, opacity=1).encode(
        y=y, color=_colour(report), shape=_shape(report)
    )
    filled = base.transform_filter("datum.front").mark_point(filled=True, size=90, opacity=1).encode(
        y=y, color=_colour(report), shape=_shape(report)
    )  # fmt: skip
    return (front + bars + points + filled).properties(width=_WIDTH, height=260)


def _outcomes(report: Contents) -> Any:
    import altair as alt

    data = report.outcomes.melt("agent", var_name="outcome", value_name="turns")
    data["place"] = data["outcome"].map({name: place for place, name in enumerate(OUTCOMES)})
    data = data[data["turns"] > 0]
    colour = alt.Scale(domain=list(OUTCOMES), range=_OUTCOME_COLOURS)
    return _stack(
        report, data, "outcome", "turns", alt.Color("outcome:N", title=None, scale=colour, legend=_legend())
    )


def _endings(report: Contents) -> Any:
    import altair as alt

    names = sorted(report.endings["ending"].unique())
    data = report.endings.assign(place=report.endings["ending"].map(names.index))
    colour = alt.Scale(domain=names, range=_cycled(_COLOURS, len(names)))
    return _stack(
        report, data, "ending", "episodes", alt.Color("ending:N", title=None, scale=colour, legend=_legend())
    )


def _stack(report: Contents, data: pd.DataFrame, what: str, count: str, colour: Any) -> Any:
    import altair as alt

    if data.empty:
        return None
    return (
        alt.Chart(data)
        .mark_bar()
        .encode(
            y=alt.Y("agent:N", title=None, sort=_agents(report), axis=_rows()),
            x=alt.X(f"{count}:Q", stack="normalize", title=f"share of {count}", axis=alt.Axis(format="%")),
            color=colour,
            order="place:Q",
            tooltip=["agent", what, count],
        )
        .properties(width=_WIDTH, height=alt.Step(_ROW))
    )


def _achievements(report: Contents) -> Any:
    data = report.achievements
    if data.empty:
        return None
    if data["task"].nunique() > 1:
        data = data.assign(agent=data["agent"] + ", " + data["task"])
    shown = data[["agent", "achievement", "rate", "low", "high", "words"]]
    return _heat(report, shown, "achievement", "rate", ["words", *_numbers("low", "high")])


def _actions(report: Contents) -> Any:
    data = report.actions
    if data.empty:
        return None
    if data["game"].nunique() > 1:
        data = data.assign(action=data["action"] + " (" + data["game"] + ")")
    return _heat(report, data[["agent", "action", "share", "steps"]], "action", "share", ["steps"])


def _heat(report: Contents, data: pd.DataFrame, row: str, value: str, more: list[Any]) -> Any:
    import altair as alt

    scale = alt.Scale(scheme="viridis", domain=[0, 1])
    order = data.groupby(row)[value].sum().sort_values(ascending=False).index.tolist()
    return (
        alt.Chart(data)
        .mark_rect()
        .encode(
            y=alt.Y(f"{row}:N", title=None, sort=order, axis=_rows()),
            x=alt.X(
                "agent:N", title=None, sort=_agents(report), axis=alt.Axis(labelLimit=160, labelAngle=-40)
            ),
            color=alt.Color(
                f"{value}:Q", title=value, scale=scale, legend=alt.Legend(orient="top", format="%")
            ),
            tooltip=["agent", row, alt.Tooltip(f"{value}:Q", format=".1%"), *more],
        )
        .properties(width=_WIDTH, height=alt.Step(16))
    )


def _depths(report: Contents) -> Any:
    import altair as alt

    if report.levels.empty:
        return None
    return (
        alt.Chart(report.levels)
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=alt.X("level:Q", title="dungeon level", axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y("share:Q", title="share of episodes that reached it", scale=alt.Scale(domain=[0, 1])),
            color=_colour(report, **_LINES),
            strokeDash=_dash(report),
            tooltip=["agent", "level", *_numbers("share")],
        )
        .properties(width=_WIDTH, height=240)
    )
