"""``name(setting=value,…)``: how agents and histories are addressed, read strictly.

Values are numbers, ``true``/``false``/``none``, bare words, quoted strings, or another
``name(…)``, which nests (``direct(history=window(turns=8))``). Nothing is evaluated.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from harness.errors import InputError
from harness.plugins import unknown

Count = Annotated[int, Field(ge=1)]
"""The type of a setting that is a number of things, at least one. Checked before anything starts."""

_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*([eE][-+]?\d+)?|\.\d+)")
_WORDS: dict[str, Any] = {"true": True, "false": False, "none": None}


@dataclass(frozen=True, slots=True)
class Named:
    """A name with settings, as the user wrote them."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.settings:
            return self.name
        inner = ",".join(f"{key}={show(value)}" for key, value in sorted(self.settings.items()))
        return f"{self.name}({inner})"


def show(value: Any) -> str:
    """A value as it is written in settings."""
    if isinstance(value, Named):
        return str(value)
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        bare = _NAME.fullmatch(value) and value.lower() not in _WORDS
        return value if bare else json.dumps(value)
    return str(value)


def parse(text: str) -> Named:
    """Read ``name`` or ``name(setting=value,…)``.

    Raises:
        InputError: the text has another form; the line shows where.
    """
    reader = _Reader(text.strip())
    named = reader.named()
    reader.end()
    return named


class _Reader:
    """A recursive-descent reader over one short text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def named(self) -> Named:
        name = self._match(_NAME, "a name")
        settings: dict[str, Any] = {}
        if self._take("("):
            while not self._take(")"):
                key = self._match(_NAME, "a setting's name")
                self._need("=")
                if key in settings:
                    raise self._error(f"the setting {key!r} stands twice")
                settings[key] = self._value()
                if not self._take(","):
                    self._need(")")
                    break
        return Named(name, settings)

    def _value(self) -> Any:
        self._space()
        if self.text[self.at : self.at + 1] in ("'", '"'):
            return self._quoted()
        if number := _NUMBER.match(self.text, self.at):
            self.at = number.end()
            found = number.group()
            return int(found) if found.lstrip("+-").isdigit() else float(found)
        named = self.named()
        if self.text[self.at : self.at + 1] not in ("", ",", ")", " "):
            raise self._error('a value with other signs than letters, digits and _.- needs quotes ("a/b.c")')
        if named.settings:
            return named
        return _WORDS.get(named.name.lower(), named.name)

    def _quoted(self) -> str:
        quote = self.text[self.at]
        close = self.text.find(quote, self.at + 1)
        if close < 0:
            raise self._error("a quote is not closed")
        inner = self.text[self.at + 1 : close]
        self.at = close + 1
        return inner

    def end(self) -> None:
        self._space()
        if self.at < len(self.text):
            raise self._error("something follows the end")

    def _space(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def _take(self, char: str) -> bool:
        self._space()
        if self.text.startswith(char, self.at):
            self.at += len(char)
            return True
        return False

    def _need(self, char: str) -> None:
        if not self._take(char):
            raise self._error(f"{char!r} is missing")

    def _match(self, pattern: re.Pattern[str], what: str) -> str:
        self._space()
        found = pattern.match(self.text, self.at)
        if not found:
            raise self._error(f"{what} is missing")
        self.at = found.end()
        return found.group()

    def _error(self, why: str) -> InputError:
        return InputError(
            f"cannot read {self.text!r} at character {self.at + 1}: {why}; the form is name(setting=value,…)"
        )


def parameters(factory: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The settings that a factory takes: its keyword parameters with a default."""
    signature = inspect.signature(factory, eval_str=True)
    return {
        name: parameter
        for name, parameter in signature.parameters.items()
        if parameter.default is not parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    }


def resolve(factory: Callable[..., Any], settings: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """All settings of a factory: the given ones checked and converted, the others at their defaults.

    Raises:
        InputError: a setting does not exist or its value has the wrong type.
    """
    known = parameters(factory)
    for name in settings:
        if name not in known:
            raise InputError(f"{owner}: {unknown('setting', name, known)}")
    return {name: _convert(p, settings.get(name, p.default), owner) for name, p in known.items()}


def changed(factory: Callable[..., Any], resolved: Mapping[str, Any]) -> dict[str, Any]:
    """The resolved settings that are not at their defaults."""
    known = parameters(factory)
    return {name: value for name, value in resolved.items() if value != known[name].default}


def _convert(parameter: inspect.Parameter, value: Any, owner: str) -> Any:
    if parameter.annotation is parameter.empty or value is parameter.default:
        return value
    try:
        return TypeAdapter(parameter.annotation).validate_python(value)
    except ValidationError as error:
        reason = error.errors(include_url=False)[0]["msg"]
        raise InputError(f"{owner}: {parameter.name}={show(value)}: {reason}") from None


def split_top(text: str, separator: str) -> Iterator[str]:
    """Split at separators outside parentheses."""
    depth, start = 0, 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == separator and depth == 0:
            yield text[start:at]
            start = at + 1
    yield text[start:]
