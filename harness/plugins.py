"""Finding plugins: five entry-point groups, read lazily.

Names are listed from package metadata alone: nothing is imported until a plugin is asked for by
name. One plugin that does not import cannot take the others down: whoever walks over all of them
(`load_all`) skips it with one warning line.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from harness.errors import InputError

GROUPS = ("games", "providers", "agents", "histories", "scorers")
"""The five plug points; the entry-point group of each is ``ludometer.<plural>``."""

_SINGULAR = {
    "games": "game",
    "providers": "provider",
    "agents": "agent",
    "histories": "history",
    "scorers": "scorer",
}


@cache
def _entries(group: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in sorted(entry_points(group=f"ludometer.{group}"))}


def names(group: str) -> list[str]:
    """The names registered in a group, sorted. Imports none of them."""
    return list(_entries(group))


def load(group: str, name: str) -> Any:
    """The object that an entry point names.

    Raises:
        InputError: no plugin has that name, or its import fails; one line with the mend.
    """
    entry = _entries(group).get(name)
    if entry is None:
        raise InputError(unknown(_SINGULAR[group], name, names(group)))
    try:
        return entry.load()
    except Exception as error:  # a plugin may fail in any way; the user needs its name and the mend
        raise InputError(_broken(group, entry, error)) from error


def load_all(group: str, warn: Callable[[str], None]) -> Iterator[tuple[str, Any]]:
    """Every plugin of a group that imports, by name; `warn` gets one line for each that does not."""
    for name in names(group):
        try:
            yield name, load(group, name)
        except InputError as error:
            warn(f"skipped: {error}")


def _broken(group: str, entry: EntryPoint, error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else ""
    said = f"{_SINGULAR[group]} {entry.name!r} does not load ({type(error).__name__}: {text})"
    distribution = entry.dist.name if entry.dist else entry.value
    if distribution == "ludometer":
        return f'{said}; pip install "ludometer[{entry.extras[0] if entry.extras else entry.name}]"'
    return f"{said}; mend or uninstall the package {distribution}"


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """One line for a name that does not exist, with the nearest that does."""
    known = list(known)
    near = nearest(name, known)
    if near:
        return f"unknown {what} {name!r}; did you mean {near!r}?"
    listed = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"unknown {what} {name!r}; there are: {listed or 'none'}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, None where nothing is near."""
    folded = {other.casefold(): other for other in known}
    found = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None
