"""Conditions over named numbers, as specs write them: ``{room: 3, hp: "> 0"}``.

A mapping means all of its entries. The value of an entry is a number (equal), a list of numbers (any of
them), or a text: a comparison (``>= 3``), ``bit 3`` or ``not bit 3``. Three entries are no names:
``any`` and ``all`` take lists of conditions, ``not`` one condition.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

Numbers = Mapping[str, float]
Test = Callable[[Numbers], bool]

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
_COMPARISON = re.compile(r"(==|!=|>=|>|<=|<)\s*(-?\d+(?:\.\d+)?)")
_BIT = re.compile(r"(not )?bit (\d{1,2})")


def compiled(condition: Any) -> Test:
    """The condition as a function of the numbers; it raises `KeyError` where one is not there.

    Raises:
        ValueError: it is no condition, in one line.
    """
    if not isinstance(condition, Mapping) or not condition:
        raise ValueError(f"a condition is a mapping such as {{room: 3}}, not {condition!r}")
    tests = [_entry(str(name), value) for name, value in condition.items()]
    if len(tests) == 1:
        return tests[0]
    return lambda numbers: all(test(numbers) for test in tests)


def names(condition: Any) -> set[str]:
    """The names that a condition speaks of."""
    found: set[str] = set()
    for name, value in condition.items():
        if name in ("any", "all"):
            found |= set().union(*map(names, value))
        else:
            found |= names(value) if name == "not" else {str(name)}
    return found


def _entry(name: str, value: Any) -> Test:
    if name == "not":
        test = compiled(value)
        return lambda numbers: not test(numbers)
    if name in ("any", "all"):
        return _several(name, value)
    compare = _value(name, value)
    return lambda numbers: compare(numbers[name])


def _several(name: str, value: Any) -> Test:
    if not isinstance(value, list) or not value:
        raise ValueError(f"{name} takes a list of conditions, not {value!r}")
    tests = [compiled(each) for each in value]
    if name == "any":
        return lambda numbers: any(test(numbers) for test in tests)
    return lambda numbers: all(test(numbers) for test in tests)


def _value(name: str, value: Any) -> Callable[[float], bool]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return lambda number: number == value
    if isinstance(value, list) and value and all(type(each) in (int, float) for each in value):
        return lambda number: number in value
    if isinstance(value, str) and (found := _COMPARISON.fullmatch(value)):
        compare, bound = _COMPARE[found[1]], float(found[2])
        return lambda number: compare(number, bound)
    if isinstance(value, str) and (found := _BIT.fullmatch(value)):
        wanted, mask = found[1] is None, 1 << int(found[2])
        return lambda number: bool(int(number) & mask) == wanted
    raise ValueError(f'{name}: {value!r} is no test; write a number, a list of numbers, ">= 3" or "bit 3"')
