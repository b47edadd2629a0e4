"""What changed from one observation to the next, section by section, and how to apply it.

The diff of a section is a unified diff of its lines without context lines and without the two file
header lines, as in diff History (Piterbarg et al. 2023, arXiv 2312.07540, ``get_diff``). Other than
there, a section that did not change costs nothing, and one that is shorter in full is given in full.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from games.api import Section

_KEPT = 2048
"""Pairs of observations whose delta is kept: a conversation is written again at every turn."""

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@$")


@dataclass(frozen=True, slots=True)
class Change:
    """One section that is not as it was: `text` is the diff, the new text, or nothing where it is gone.

    `at` is the place of a section that was not there before; `words` do not tell it.
    """

    name: str
    kind: Literal["diff", "full", "gone"]
    text: str = ""
    at: int | None = None

    @property
    def words(self) -> str:
        """The change as the model reads it."""
        if self.kind == "gone":
            return f"[{self.name}] is gone"
        return f"[{self.name}]{' changed:' if self.kind == 'diff' else ''}\n{self.text}"


@lru_cache(_KEPT)
def delta(old: tuple[Section, ...], new: tuple[Section, ...]) -> tuple[Change, ...] | None:
    """The changes that lead from one list of sections to another.

    None where changes cannot tell it: a name stands twice, or sections changed their order.
    """
    before = {section.name: section for section in old}
    after = {section.name: section for section in new}
    if len(before) < len(old) or len(after) < len(new):
        return None
    if [name for name in before if name in after] != [name for name in after if name in before]:
        return None
    changes = [Change(name, "gone") for name in before if name not in after]
    for at, (name, section) in enumerate(after.items()):
        if name not in before:
            changes.append(Change(name, "full", section.text, at))
        elif section.text != before[name].text:
            changes.append(_changed(name, before[name].text, section.text))
    return tuple(changes)


def _changed(name: str, old: str, new: str) -> Change:
    patch = diff(old, new)
    return (
        Change(name, "diff", patch) if len(patch) + len(" changed:") < len(new) else Change(name, "full", new)
    )


def apply(sections: Sequence[Section], changes: Sequence[Change]) -> tuple[Section, ...]:
    """The sections after changes. The inverse of `delta`, but for the stability of new sections.

    Raises:
        ValueError: the changes do not belong to these sections.
    """
    gone = {change.name for change in changes if change.kind == "gone"}
    changed = {change.name: change for change in changes if change.at is None}
    now = [_applied(old, changed.get(old.name)) for old in sections if old.name not in gone]
    for change in changes:
        if change.at is not None:
            now.insert(change.at, Section(change.name, change.text))
    return tuple(now)


def _applied(old: Section, change: Change | None) -> Section:
    if change is None:
        return old
    text = change.text if change.kind == "full" else patched(old.text, change.text)
    return Section(old.name, text, old.stability)


def diff(old: str, new: str) -> str:
    """The unified diff of two texts, line by line, without context and file headers."""
    lines = difflib.unified_diff(old.split("\n"), new.split("\n"), n=0, lineterm="")
    return "\n".join(list(lines)[2:])


def patched(old: str, patch: str) -> str:
    """The text that `diff` leads to.

    Raises:
        ValueError: the patch is not one, or is of another text.
    """
    lines, result, at = old.split("\n"), [], 0
    rows = iter(patch.split("\n"))
    for row in rows:
        found = _HUNK.match(row)
        if not found:
            raise ValueError(f"not the head of a hunk: {row!r}")
        start, removed, _, added = (1 if group is None else int(group) for group in found.groups())
        # A hunk that removes nothing names the line after which it inserts.
        first = start if removed == 0 else start - 1
        gone = [next(rows, "")[1:] for _ in range(removed)]
        if lines[first : first + removed] != gone:
            raise ValueError(f"{row} does not fit the text")
        result += lines[at:first] + [next(rows, "")[1:] for _ in range(added)]
        at = first + removed
    return "\n".join(result + lines[at:])
