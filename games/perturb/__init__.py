"""Perturbed variants of any game: ``babyai/goto+action_noise(0.3)+hide(carrying)``.

Plain Gymnasium wrappers with a seeded generator each, by the five types of stochasticity of the STORI
taxonomy (action, random events, concept drift, another representation, missing state). A perturbed
task has the seeds of its plain task, so that the two can be compared on the same starts.
"""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from games.perturb._wrappers import PERTURBATIONS, Perturbation

if TYPE_CHECKING:
    from games.api import GameEnv

__all__ = ["PERTURBATIONS", "Perturbation", "Spec", "apply", "format_task", "parse_task"]

_FORM = re.compile(r"([a-z_]+)(?:\(([^()]*)\))?")


@dataclass(frozen=True, slots=True)
class Spec:
    """One perturbation with its parameters, all of them."""

    name: str
    parameters: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        if not self.parameters:
            return self.name
        if len(self.parameters) == 1:
            return f"{self.name}({self.parameters[0][1]})"
        return f"{self.name}({','.join(f'{key}={value}' for key, value in self.parameters)})"


def parse_task(task: str) -> tuple[str, tuple[Spec, ...]]:
    """The plain task and its perturbations.

    Raises:
        ValueError: a perturbation does not exist, or its parameters are wrong; one clear line.
    """
    base, *parts = task.split("+")
    return base, tuple(_spec(part) for part in parts)


def format_task(base: str, specs: Sequence[Spec]) -> str:
    """The one spelling of a perturbed task's name."""
    return "+".join([base, *map(str, specs)])


def apply(env: GameEnv, specs: Sequence[Spec]) -> Any:
    """The environment with the perturbations around it, the first one innermost.

    Raises:
        ValueError: a perturbation does not suit this environment.
    """
    wrapped: Any = env
    for position, spec in enumerate(specs):
        wrapped = PERTURBATIONS[spec.name](wrapped, position=position, **dict(spec.parameters))
    return wrapped


def _spec(text: str) -> Spec:
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise ValueError(
            f"cannot read the perturbation {text!r}; the form is name(value) or name(key=value,…)"
        )
    name, inner = form.groups()
    if name not in PERTURBATIONS:
        near = difflib.get_close_matches(name, PERTURBATIONS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(PERTURBATIONS)}"
        raise ValueError(f"unknown perturbation {name!r}; {hint}")
    return Spec(name, _parameters(name, [part.strip() for part in (inner or "").split(",") if part.strip()]))


def _parameters(name: str, given: list[str]) -> tuple[tuple[str, Any], ...]:
    signature = inspect.signature(PERTURBATIONS[name], eval_str=True)
    known = [p for p in signature.parameters.values() if p.name not in ("env", "position")]
    values = {p.name: p.default for p in known}
    for at, text in enumerate(given):
        key, equals, value = text.partition("=")
        if not equals:
            if at >= len(known):
                raise ValueError(f"{name} takes {len(known)} parameters: {', '.join(values) or 'none'}")
            key, value = known[at].name, text
        if key not in values:
            raise ValueError(f"{name} has no parameter {key!r}; it has: {', '.join(values) or 'none'}")
        kind = next(p.annotation for p in known if p.name == key)
        values[key] = _value(name, key, value, kind)
    missing = [key for key, value in values.items() if value is inspect.Parameter.empty]
    if missing:
        raise ValueError(f"{name} needs {missing[0]}: {name}({missing[0]}=…)")
    return tuple(values.items())


def _value(name: str, key: str, text: str, kind: type) -> Any:
    try:
        value = kind(text)
    except ValueError:
        raise ValueError(f"{name}: {key}={text} is no {kind.__name__}") from None
    if kind is float and not 0 <= value <= 1:
        raise ValueError(f"{name}: {key}={text} is not between 0 and 1")
    if kind is int and value < 1:
        raise ValueError(f"{name}: {key}={text} is not at least 1")
    return value
