"""Text that somebody else wrote, made visible."""

from __future__ import annotations

import unicodedata
from typing import Any


def visible(text: str) -> str:
    r"""The text with what cannot be seen, or turns text around, shown as an escape (``\\u202e``).

    Control and format characters (bidi marks, NUL, escape sequences), lone surrogates, private-use and
    unassigned characters; line feeds and tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char in "\n\t" or not _hidden(char) else _escape(char) for char in text)


def _hidden(char: str) -> bool:
    return unicodedata.category(char).startswith("C") or char in "\u2028\u2029"


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def visible_everywhere(value: Any) -> Any:
    """The same for every text within lists and dictionaries, keys as well."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible_everywhere(key): visible_everywhere(item) for key, item in value.items()}
    return [visible_everywhere(item) for item in value] if isinstance(value, list) else value
