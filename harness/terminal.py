"""Text that somebody else wrote, made safe for a terminal."""

from __future__ import annotations

import unicodedata
import warnings

_KEEP = {"\n", "\t"}
_LONGEST = 20_000


def safe_text(text: str) -> str:
    r"""The text with everything that could steer a terminal shown as an escape (``\\x1b``, ``\\u202e``).

    Control characters, invisible format characters (bidi marks among them), surrogates, private-use
    and unassigned characters are escaped; what is longer than 20,000 characters is cut, and says so.
    """
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + f"… [{len(text) - _LONGEST:,} characters more]"
    return "".join(char if char in _KEEP or not _steers(char) else _escape(char) for char in text)


def _steers(char: str) -> bool:
    return unicodedata.category(char).startswith("C") or char in "\u2028\u2029"


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def hush() -> None:
    """Leave out what packages say of themselves that no user can mend."""
    # pygame and minihack still read their files through pkg_resources.
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)
