"""The scorer that a user names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import pandas as pd

SCORER = click.option("--scorer", metavar="NAME", help="A scorer of a plugin, in place of the progress.")


def score_of(name: str | None) -> Callable[..., pd.DataFrame] | None:
    """What scores episodes; None for the progress.

    Raises:
        InputError: there is no such scorer.
    """
    if name is None:
        return None
    from harness import plugins

    score: Callable[..., pd.DataFrame] = plugins.load("scorers", name)().score
    return score
