"""`doctor` tells of every extra, and promises nothing that is not there."""

import tomllib
from pathlib import Path

from harness import plugins
from harness.cli.doctor import _EXTRAS

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]


def test_every_extra_is_told():
    extras = set(PROJECT["optional-dependencies"]) - {"all", "dev", "browser"}
    assert extras == set(_EXTRAS)


def test_what_is_promised_is_registered():
    known = {*plugins.names("games"), *plugins.names("providers")}
    for extra, (_, enables) in _EXTRAS.items():
        if extra not in ("report", "video", "parquet", "view", "cloud", "ray"):
            assert any(name in enables for name in known), extra
