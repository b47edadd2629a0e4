r"""From what a model wrote to one action's name: strictly where it can be, tolerantly where not.

The strict reading is the whole answer being an action's name. Everything else that still names an
action is recorded as a repair, by one of these words (`Parsed.repair`):

    case        another case, surrounding white space or a full stop
    alias       a synonym that the game declares
    reasoning   the name, after reasoning in ``<think>`` tags
    markup      markdown, quotes, code fences, ``\\boxed{}``, ``<action>`` tags, a call ``name()``
    json        a JSON object (or one in the text) with the key ``action``
    label       a line such as ``Action: go forward``; the last one counts
    article     a leading article or "I …" ("the door" → "door")
    mention     the last action named anywhere in the text, after the reasoning
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from games.api import Action
from harness.api import Completion, Decision, Outcome

_LONGEST = 20_000
"""Characters at the end of an answer that are searched; what stands before is reasoning."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read. `action` is None where no action was named; `claimed` is what stood in its place."""

    action: str | None
    repair: str = ""
    claimed: str = ""


def read_action(text: str, actions: Sequence[Action]) -> Parsed:
    """The action that an answer names."""
    names = {action.name: action.name for action in actions}
    stripped = text.strip()
    if stripped in names:
        return Parsed(stripped)
    text = stripped[-_LONGEST:]
    lookup = _Lookup(actions)
    for repair, candidate in _candidates(text):
        if found := lookup.exact(candidate):
            return Parsed(found[0], found[1] if repair == "case" else repair)
    if mentioned := lookup.last_mention(text):
        return Parsed(mentioned, "mention")
    return Parsed(None, claimed=_claim(text))


class _Lookup:
    """Actions by folded name and alias."""

    def __init__(self, actions: Sequence[Action]) -> None:
        self._names = {_fold(action.name): action.name for action in actions}
        self._aliases = {_fold(alias): action.name for action in actions for alias in action.aliases}

    def exact(self, text: str) -> tuple[str, str] | None:
        key = _fold(text)
        if key in self._names:
            return self._names[key], "case"
        if key in self._aliases:
            return self._aliases[key], "alias"
        return None

    def last_mention(self, text: str) -> str | None:
        known = {**self._aliases, **self._names}
        words = sorted((re.escape(key) for key in known if len(key) > 1), key=len, reverse=True)
        if not words:
            return None
        pattern = re.compile(r"(?<![\w-])(?:" + "|".join(words) + r")(?![\w-])")
        found = pattern.findall(re.sub(r"[\s_]+", " ", text.casefold()))
        return known[found[-1]] if found else None


def _fold(text: str) -> str:
    return re.sub(r"[\s_]+", " ", text.strip().strip(".!:;,").strip()).casefold()


_LABELS = r"(?:final\s+)?(?:action|answer|move|choice)"
_LABEL = re.compile(rf"^\W*{_LABELS}\W*[:=]\W*(.+?)\W*$", re.I | re.M)
_BOXED = re.compile(r"\\boxed\{\s*(?:\\text\{)?([^{}]*)\}")
_TAG = re.compile(r"<[\s|]*(?:action|answer|move)[\s|]*>\s*([^<]*?)\s*<", re.I)
_FENCE = re.compile(r"```\w*\s*(.*?)\s*```", re.S)
_STRONG = re.compile(r"(?:\*\*|__|`|\"|“)\s*([^*_`\"”\n]{1,80}?)\s*(?:\*\*|__|`|\"|”)")
_ARTICLE = re.compile(
    r"^(?:i\s+(?:will|would|choose(?:\s+to)?)\s+|i'll\s+|let's\s+|the\s+|an?\s+|to\s+)+", re.I
)


def _candidates(text: str) -> Iterator[tuple[str, str]]:
    """Places where an action may stand, the most explicit first; within one kind the last first."""
    yield "case", text
    for value in reversed(list(_json_actions(text))):
        yield "json", value
    for pattern in (_BOXED, _TAG, _FENCE):
        for found in reversed(pattern.findall(text)):
            yield "markup", found
    for found in reversed(_LABEL.findall(text)):
        yield "label", found
        yield "label", _ARTICLE.sub("", found)
    yield "markup", text.strip(" *_`\"'“”<>[](){}\n;")
    for found in reversed(_STRONG.findall(text)):
        yield "markup", found
    yield "article", _ARTICLE.sub("", text)


def _json_actions(text: str) -> Iterator[str]:
    decoder = json.JSONDecoder()
    for start in [found.start() for found in re.finditer(r"\{", text)][-20:]:
        try:
            value, _ = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        named = value.get("action") if isinstance(value, dict) else None
        if isinstance(named, str):
            yield named


def _claim(text: str) -> str:
    """What stands where the action should: a JSON value, a label's text, or a short answer."""
    explicit = [found for kind, found in _candidates(text) if kind in ("json", "label")]
    if explicit:
        return explicit[0][:80]
    return text if len(text.split()) <= 5 and "\n" not in text else ""


def labelled(text: str, label: str = "action") -> str:
    """What stands behind the last line that begins with a label (``Action: …``); else the whole text."""
    found = re.findall(rf"^([\W_]*){label}([*_` ]*)[:=](.+)$", text, re.I | re.M)
    return _unmarked(*found[-1]) if found else text


def _unmarked(before: str, after: str, value: str) -> str:
    """What stands behind a label, without the marks that were opened before it: ``**Action: x**``."""
    value = value.strip()
    for mark in ("**", "__", "*", "_", "`"):
        if before.endswith(mark) and mark not in after:
            value = value.removeprefix(mark) if value.startswith(mark) else value.removesuffix(mark)
            break
    return _bare(value.strip())


def _bare(text: str) -> str:
    """The text without marks that stand around the whole of it."""
    for mark in ("**", "__", "`"):
        if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark):
            return text[len(mark) : -len(mark)].strip()
    return text


_THOUGHT = re.compile(r"^.*</\s*think(?:ing)?\s*>", re.I | re.S)
_THINKING = re.compile(r"^\s*<\s*think(?:ing)?\s*>", re.I)


def after_thinking(text: str) -> str:
    """What stands after the reasoning that some models write in ``<think>`` tags.

    Nothing, where the tag was not closed: the model was still thinking, and what it weighs is no choice.
    """
    if _THOUGHT.match(text):
        return _THOUGHT.sub("", text)
    return "" if _THINKING.match(text) else text


def decide(
    completion: Completion,
    actions: Sequence[Action],
    *,
    free_text: bool = False,
    extract: Callable[[str], str] | None = None,
) -> Decision:
    """The decision that a completion amounts to.

    Where the game takes free text the answer is the action as it stands: its last line that is not
    empty, or what stands behind its last label, without marks around the whole of it. The game itself says
    whether it can be executed; nothing else is mended, since a full stop or a capital letter may be a key.
    `extract` cuts the part of the answer that holds the action, where an agent asks for more than the action.
    """
    text = completion.text
    if completion.finish == "refusal":
        return Decision((), Outcome.REFUSAL, text)
    answer = after_thinking(text)
    part = extract(answer) if extract else answer
    if not part.strip():
        if completion.finish == "length":
            return Decision((), Outcome.TRUNCATED, text)
        return Decision((), Outcome.PARSE_ERROR if text.strip() else Outcome.EMPTY, text)
    if free_text:
        return _free(part, text)
    parsed = read_action(part, actions)
    if completion.finish == "length" and parsed.repair in ("mention", "article"):
        # A cut answer that only mentions actions while reasoning has not chosen one.
        return Decision((), Outcome.TRUNCATED, text)
    if parsed.action is not None:
        repair = parsed.repair or ("" if answer == text else "reasoning")
        return Decision((parsed.action,), Outcome.REPAIRED if repair else Outcome.OK, text, repair)
    if completion.finish == "length":
        return Decision((), Outcome.TRUNCATED, text)
    if parsed.claimed:
        return Decision((), Outcome.INVALID_ACTION, text)
    return Decision((), Outcome.PARSE_ERROR, text)


def _free(part: str, text: str) -> Decision:
    lines = [line.strip() for line in labelled(part, _LABELS).splitlines() if line.strip()]
    action = _bare(lines[-1]) if lines else ""
    if not action:
        return Decision((), Outcome.PARSE_ERROR, text)
    exact = action == part.strip()
    return Decision((action,), Outcome.OK if exact else Outcome.REPAIRED, text, "" if exact else "label")
