"""Keys: read from the environment, and kept out of everything that is written or shown.

Whoever reads a key with `read_key` has it remembered, and `scrub` takes it out of any text, in every
form in which servers and libraries are known to give it back: as it is, URL-quoted, in base64 (a Basic
header), in hex, and masked in the middle (``sk-abc*****wxyz``).
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from urllib.parse import quote

from harness.errors import MissingKey

_MARK = "[key]"
_SHORTEST = 8
"""Shorter values are no keys; taking them out would spoil ordinary words."""

_CALLED_KEYS = ("_API_KEY", "_ACCESS_KEY", "_TOKEN", "_SECRET")
"""How environment variables that hold keys are named."""

_known: set[str] = set()
_pattern: re.Pattern[str] | None = None


def read_key(variable: str) -> str:
    """The key in an environment variable, remembered for `scrub`.

    Raises:
        MissingKey: the variable is not set, or is empty.
    """
    value = os.environ.get(variable, "").strip()
    if not value:
        raise MissingKey(f"the environment variable {variable} is not set")
    remember(value)
    return value


def remember(secret: str) -> None:
    """Have `scrub` take a secret out from now on."""
    global _pattern  # noqa: PLW0603 - one process, one set of secrets
    if len(secret) >= _SHORTEST and secret not in _known:
        _known.add(secret)
        forms = sorted({form for known in _known for form in _forms(known)}, key=len, reverse=True)
        _pattern = re.compile("|".join(forms))


def remember_environment() -> None:
    """Have `scrub` take out whatever the environment calls a key, also before anybody reads it."""
    for name, value in os.environ.items():
        if name.endswith(_CALLED_KEYS):
            remember(value.strip())


def known() -> frozenset[str]:
    """All that is remembered: for a process of ours that has to keep it secret too."""
    return frozenset(_known)


def scrub(text: str) -> str:
    """The text without any remembered secret, in whatever form it stands there."""
    return text if _pattern is None else _pattern.sub(_MARK, text)


def _forms(secret: str) -> Iterator[str]:
    """Regular expressions that match a secret as it is and as others write it."""
    data = secret.encode()
    plain = {secret, quote(secret, safe=""), secret.encode("unicode_escape").decode(), data.hex()}
    plain |= {data.hex().upper(), *_base64(data)}
    yield from map(re.escape, plain)
    # Vendors echo a refused key with its middle masked: the ends are parts of the key all the same.
    yield re.escape(secret[:4]) + r"[\w+/=-]*(?:\*{3,}|\.{3,}|…)[\w+/=-]*"


def _base64(data: bytes) -> Iterator[str]:
    """What is in common to every base64 text that holds the data, at each of three alignments."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data).decode()
        first, last = -(-8 * offset // 6), 8 * (offset + len(data)) // 6
        yield encoded[first:last]
        yield encoded[first:last].replace("+", "-").replace("/", "_")
