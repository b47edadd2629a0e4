"""Paths on the command line, which may be URLs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.storage import place


class Place(click.ParamType[Path]):
    """A path, or a URL such as ``s3://bucket/run``."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Make the path."""
        return place(value) if isinstance(value, str) else value


RUNS = click.argument("runs", nargs=-1, required=True, type=Place(), metavar="RUN…")
"""Run folders."""
