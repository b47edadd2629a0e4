"""What a score cost: per-episode prices, and which agents another one beats for less."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

PRICES = {"dollars": "cost", "tokens": "tokens", "seconds": "seconds"}
"""What is paid with, and the column of the episodes that holds it."""


def prices(episodes: pd.DataFrame, board: pd.DataFrame) -> pd.DataFrame:
    """``agent, mean, mean_low, mean_high, dollars, tokens, seconds`` and ``…_front, …_beaten_by``.

    A price is the mean over the scored episodes; NaN where one of them has none. An agent is on the front
    (``…_front``) unless another has at least its mean for at most its price, and is better in one of the
    two; ``…_beaten_by`` names them. Where some agents ask a model, the others (an oracle, chance) are no
    rivals. These are the means as measured: the intervals say how sure they are.
    """
    scored = episodes[episodes["score"].notna()]
    scored = scored.assign(tokens=scored["input_tokens"] + scored["output_tokens"])
    means = scored.groupby("agent")[list(PRICES.values())].mean(skipna=False)
    table = board.loc[board["mean"].notna(), ["agent", "mean", "mean_low", "mean_high"]]
    for name, column in PRICES.items():
        table = table.assign(**{name: means[column].reindex(table["agent"]).to_numpy(dtype=np.float64)})
    rivals = table[table["tokens"] > 0] if (table["tokens"] > 0).any() else table
    for name in PRICES:
        priced = table["agent"].isin(rivals["agent"]) & table[name].notna()
        beaten = [_beaten_by(row, rivals, name) for row in table.to_dict("records")]
        table[f"{name}_beaten_by"] = [by if own else [] for by, own in zip(beaten, priced, strict=True)]
        table[f"{name}_front"] = priced & ~table[f"{name}_beaten_by"].map(bool).astype(bool)
    return table.reset_index(drop=True)


def _beaten_by(row: dict[Any, Any], table: pd.DataFrame, price: str) -> list[str]:
    no_worse = (table["mean"] >= row["mean"]) & (table[price] <= row[price])
    better = (table["mean"] > row["mean"]) | (table[price] < row[price])
    return [str(name) for name in table.loc[no_worse & better, "agent"]]
