"""A task of an engine with frames, as its YAML file describes it. Read strictly."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    field_validator,
    model_validator,
)

from games.frames import _conditions, _memory
from games.frames._grammar import Grammar
from games.frames._outline import SUFFIX, load, spec_text

Sha1 = Annotated[str, Field(pattern="^[0-9a-f]{40}$")]


def _condition(value: dict[str, Any]) -> dict[str, Any]:
    _conditions.compiled(value)
    return value


Condition = Annotated[dict[str, Any], AfterValidator(_condition)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rom(_Strict):
    """A file that the player has to bring, by the SHA-1 of its bytes."""

    sha1: Sha1
    name: str
    why: str = ""


class File(_Strict):
    """A file of a game in a folder of its own."""

    path: str
    sha1: Sha1 | None = None


class Content(_Strict):
    """What is played: exactly one of the first six, where the engine needs any."""

    bundled: str = ""
    rom: tuple[Rom, ...] = ()
    wad: str = ""
    target: str = ""
    integration: str = ""
    folder: str = ""
    others: tuple[Rom, ...] = Field((), description="Known files that are not what is wanted, and why.")
    files: tuple[File, ...] = ()


class Variable(_Strict):
    """Where a number is in memory."""

    address: int = Field(ge=0)
    type: str = "u8"
    mask: int | None = None

    @field_validator("type")
    @classmethod
    def _known(cls, value: str) -> str:
        _memory.size(value)
        return value


class Milestone(_Strict):
    """Something that is reached once. In order: it counts after those before it only."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 '.,()-]*$")
    when: Condition
    weight: float = Field(1.0, gt=0)
    source: str = ""


class Start(_Strict):
    """How the start of an episode is reached: frames of nothing, then inputs in the grammar."""

    wait: int = Field(0, ge=0)
    inputs: str = ""


class Seeds(_Strict):
    """How a seed gets into the game: as bytes of memory, or as up to so many frames of waiting."""

    address: int | None = None
    bytes: PositiveInt = 2
    waits: int = Field(0, ge=0)


class Step(_Strict):
    """What a bare button name is worth, in frames; and what one line may take in all."""

    hold: PositiveInt = 8
    frames: PositiveInt = 16
    most: PositiveInt = 300

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"hold": value, "frames": value} if isinstance(value, int) else value


class Limits(_Strict):
    """What ends an episode in any case."""

    steps: PositiveInt
    frames: PositiveInt


class Spec(_Strict):
    """One task. See `docs/frame-games.md` for each field."""

    title: str
    source: str | tuple[str, ...]
    tested: bool
    objective: str
    controls: dict[str, str] = Field(min_length=1)
    limits: Limits
    content: Content = Content()
    engine: dict[str, Any] = {}
    start: Start = Start()
    seeds: Seeds = Seeds()
    variables: dict[str, Variable] = {}
    shown: tuple[str, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    ends: dict[Literal["won", "lost"], Condition] = {}
    busy: Condition | None = None
    step: Step = Step()
    actions: tuple[str, ...] = Field((), description="Further lines of the vocabulary, such as clicks.")
    check: PositiveInt = Field(8, description="Milestones are looked for after so many frames.")
    thinking: Literal["release", "hold"] = "release"
    scale: PositiveInt = 3

    @model_validator(mode="after")
    def _fits(self) -> Spec:
        """Names are unique, and what is used is there. Engines have variables of their own beside these."""
        named = [milestone.name for milestone in self.milestones]
        if len(set(named)) < len(named):
            raise ValueError("two milestones have one name")
        tests = [str(milestone.when) for milestone in self.milestones]
        if len(set(tests)) < len(tests):
            raise ValueError("two milestones have one condition, so they would be reached as one")
        return self

    def grammar(self, pointer: tuple[int, int] | None = None) -> Grammar:
        """What lines the task understands. Places are told in pixels of the picture, as it is enlarged."""
        step = self.step
        size = pointer and (pointer[0] * self.scale, pointer[1] * self.scale)
        return Grammar(tuple(self.controls), step.hold, step.frames, step.most, size)

    def names(self) -> set[str]:
        """Every name that its conditions speak of, and that it shows."""
        conditions = [each.when for each in self.milestones] + list(self.ends.values())
        if self.busy is not None:
            conditions.append(self.busy)
        return set(self.shown).union(*map(_conditions.names, conditions))


@cache
def read_spec(package: str, name: str) -> Spec:
    """The spec of a task.

    Raises:
        ValueError: the file breaks a rule: which, in one line.
    """
    return parse_spec(spec_text(package, name), f"{package}/specs/{name}{SUFFIX}")


def parse_spec(text: str, where: str) -> Spec:
    """A spec of the text of a file.

    Raises:
        ValueError: as `read_spec`.
    """
    try:
        return Spec.model_validate(load(text))
    except yaml.YAMLError as error:
        raise ValueError(f"{where}: not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {field}: {first['msg']}") from None
