"""Text that somebody else wrote, for a page: escaped, made visible, cut where it is long, compared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from markupsafe import Markup, escape

from harness.terminal import safe_text

LONGEST = 20_000
"""Characters of a text that a page shows; there is a link to all of it."""

_COMPARED = 10_000
"""Characters up to which two texts are compared, which takes more than the square of their lines."""

_WORDS = 400
"""Characters up to which two lines are compared word by word."""

_TOKEN = re.compile(r"\w+|\s+|.", re.DOTALL)


def visible(value: object) -> object:
    """What a template puts into a page: text with everything invisible shown as an escape."""
    return safe_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@dataclass(frozen=True, slots=True)
class Block:
    """A text on a page, up to `limit` characters. `part` is its name in the address of the whole of it."""

    part: str
    title: str
    text: str
    before: str | None = None
    limit: int = LONGEST

    @property
    def shown(self) -> Markup | str:
        """The text, with what changed since `before` marked where there is one; cut where it is long."""
        if self.before is None or max(len(self.text), len(self.before)) > _COMPARED:
            return self.text[: self.limit]
        return compared(self.before, self.text)

    @property
    def longer(self) -> bool:
        """Whether not all of it is shown."""
        return len(self.text) > self.limit


def compared(before: str, after: str) -> Markup:
    """The text after, with ``<ins>`` around what is new and ``<del>`` around what is gone.

    Line by line; where as many lines came as went, word by word within them.
    """
    old, new = before.split("\n"), after.split("\n")
    pieces = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new).get_opcodes():
        if tag == "replace" and j - i == m - k:
            pieces += [_within(*pair) for pair in zip(old[i:j], new[k:m], strict=True)]
        else:
            gone = [] if tag == "equal" else old[i:j]
            pieces += [_marked("del", line) for line in gone]
            pieces += [_marked("" if tag == "equal" else "ins", line) for line in new[k:m]]
    return Markup("\n").join(pieces)


def _within(old: str, new: str) -> Markup:
    if max(len(old), len(new)) > _WORDS:
        return Markup("\n").join((_marked("del", old), _marked("ins", new)))
    was, now = _TOKEN.findall(old), _TOKEN.findall(new)
    pieces = []
    for tag, i, j, k, m in SequenceMatcher(None, was, now).get_opcodes():
        if tag != "equal" and j > i:
            pieces.append(_marked("del", "".join(was[i:j])))
        if m > k:
            pieces.append(_marked("" if tag == "equal" else "ins", "".join(now[k:m])))
    return Markup("").join(pieces)


def _marked(tag: str, text: str) -> Markup:
    words = escape(safe_text(text))
    return Markup(f"<{tag}>{{}}</{tag}>").format(words) if tag else words  # noqa: S704 - tags of ours
