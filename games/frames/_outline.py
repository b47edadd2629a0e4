"""What listing tasks needs of their specs: the files as they stand, unchecked; nothing heavy is imported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from types import SimpleNamespace
from typing import Any

import yaml

SUFFIX = ".yaml"


def spec_names(package: str) -> tuple[str, ...]:
    """The tasks that a package has specs of, by name."""
    files = (resources.files(package) / "specs").iterdir()
    return tuple(sorted(file.name.removesuffix(SUFFIX) for file in files if file.name.endswith(SUFFIX)))


def spec_text(package: str, name: str) -> str:
    """The file of a spec."""
    return (resources.files(package) / "specs" / f"{name}{SUFFIX}").read_text(encoding="utf-8")


@cache
def outline(package: str, name: str) -> Mapping[str, Any]:
    """A spec's file as it stands. A test holds every shipped one to be right (`games.frames.read_spec`)."""
    found: Mapping[str, Any] = load(spec_text(package, name))
    return found


def content(outlined: Mapping[str, Any]) -> Any:
    """The ``content`` of an outline, as `games.roms` takes it."""
    return SimpleNamespace(rom=[SimpleNamespace(**rom) for rom in outlined.get("rom", ())])


def load(text: str) -> Any:
    """The value of a YAML text.

    Raises:
        yaml.YAMLError: it is none, or a key stands twice.
    """
    return yaml.load(text, _Loader)  # noqa: S506 - a safe loader


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe, and by the C library where it is there: dozens of files are read to list the tasks."""


def _no_repeats(loader: Any, node: Any) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    if len(set(map(str, keys))) < len(keys):
        raise yaml.YAMLError(f"a key stands twice among {', '.join(map(str, keys))}")
    return dict(_pairs(loader, node))


def _pairs(loader: Any, node: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in node.value:
        yield loader.construct_object(key), loader.construct_object(value, deep=True)


# Of all the words that YAML 1.1 takes for yes and no only these two: a milestone may be called "off".
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool"]
    for first, found in _Loader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), list("tf"))
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _no_repeats)
