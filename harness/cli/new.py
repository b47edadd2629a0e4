"""``ludometer new``: a complete small package to start a plugin from."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from typing import Any

import click
from jinja2 import Environment, PackageLoader, StrictUndefined

from harness import plugins
from harness.errors import InputError
from harness.providers.http import checked_url


@click.group()
def new() -> None:
    """Write a package that holds a plugin of your own, with its test."""


@new.command()
@click.argument("name")
@click.option(
    "--base-url", metavar="URL", help="Of a server that speaks OpenAI's protocol: no code to write."
)
@click.option("--key", "key_env", metavar="VARIABLE", help="The environment variable that holds its key.")
@click.option("--out", type=click.Path(path_type=Path), help="Its folder (default: ludometer-NAME).")
def provider(name: str, base_url: str | None, key_env: str | None, out: Path | None) -> None:
    """Write a model provider called NAME: module, pyproject, test that runs the contract kit.

    With --base-url it is a preset of a server that speaks OpenAI's protocol; else a class whose
    method `complete` is yours to fill.
    """
    _check(name)
    folder = out or Path(f"ludometer-{name}")
    identifier = name.replace("-", "_")
    class_name = "".join(part.title() for part in name.split("-"))
    kind = "preset" if base_url else "provider"
    facts = {
        "name": name,
        "identifier": identifier,
        "class_name": class_name,
        "object": identifier if base_url else class_name,
        "base_url": checked_url(base_url),
        "key_env": key_env,
    }
    if key_env and not base_url:
        raise InputError("--key needs --base-url; a class of your own reads it with harness.keys.read_key")
    _write(folder, kind, identifier, facts)
    click.echo(f"wrote {folder}; next: cd {folder} && pip install -e . && pytest")


def _check(name: str) -> None:
    """Refuse a name that cannot be a provider's, a package's and a module's.

    Raises:
        InputError: it has another form, or is taken.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise InputError(
            f"{name!r} cannot be a provider's name: lower-case letters, digits and single hyphens"
        )
    if name in plugins.names("providers"):
        raise InputError(f"there is a provider {name!r} already; choose another name")


def _write(folder: Path, kind: str, identifier: str, facts: dict[str, Any]) -> None:
    """Render the templates of a kind into a new folder."""
    if folder.exists():
        raise InputError(f"{folder} exists already; choose another --out")
    templates = Environment(
        loader=PackageLoader("harness", "scaffold"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - Python and TOML, not HTML
        keep_trailing_newline=True,
        trim_blocks=True,
    )
    templates.filters["repr"] = repr
    files = {
        f"ludometer_{identifier}.py": f"{kind}/module.py.j2",
        f"test_{identifier}.py": f"{kind}/test_module.py.j2",
        "pyproject.toml": "pyproject.toml.j2",
        "README.md": "README.md.j2",
    }
    try:
        folder.mkdir(parents=True)
        for name, template in files.items():
            text = templates.get_template(template).render(**facts)
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {folder}: {error.strerror}") from None
