"""What a run is: read from YAML and flags, checked before anything starts.

`RunSpec` is what the user asked for; `harness.plan` makes the episodes of it. Unknown keys are
errors, and a flag always beats the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from harness.errors import InputError
from harness.plugins import unknown

Observe = Literal["auto", "text", "image", "both"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Strict):
    """What ends an episode as `truncated`, with its progress so far. None: no limit of this kind.

    `steps` is told to the model in the instructions; the environment's own limit holds as well.
    `turns` counts decisions, lost ones included; by default as many as there are steps.
    """

    steps: int | None = Field(None, ge=1)
    turns: int | None = Field(None, ge=1)
    tokens: int | None = Field(None, ge=1)
    dollars: float | None = Field(None, gt=0)
    seconds: float | None = Field(None, gt=0)

    def over(self, other: Limits) -> Limits:
        """These limits, and the other's where these are silent."""
        return Limits(**{**other.model_dump(), **self.model_dump(exclude_none=True)})


class SamplingSpec(_Strict):
    """How completions are drawn; None leaves it to the provider."""

    temperature: float | None = Field(None, ge=0)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(None, ge=1)
    reasoning_effort: str | None = None


class CapsSpec(_Strict):
    """The most tokens, US dollars and seconds that something may use. None: no limit of that kind."""

    tokens: int | None = Field(None, ge=1)
    dollars: float | None = Field(None, gt=0)
    seconds: float | None = Field(None, gt=0)


class Budget(CapsSpec):
    """What the run, each episode and each call may use; reached, the run stops and can be resumed.

    `Limits` end an episode, which is then scored; a budget stops the run, and nothing is scored early.
    """

    episode: CapsSpec = CapsSpec()
    call: CapsSpec = CapsSpec()


class RatesSpec(_Strict):
    """A model's price in US dollars for a million tokens, in place of the price list's.

    Input that is read from a prompt cache (`cached`) or stored in one (`written`) costs `input` where
    nothing else is said.
    """

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(None, ge=0)
    written: float | None = Field(None, ge=0)


class SuiteTask(_Strict):
    """One line of a suite."""

    task: str
    episodes: int | None = Field(None, ge=1)
    limits: Limits = Limits()
    observe: Observe | None = None


class Suite(_Strict):
    """A named, versioned list of tasks with episode counts, limits and the reasons for them."""

    name: str
    version: str
    title: str
    reasons: str
    episodes: int = Field(5, ge=1)
    limits: Limits = Limits()
    observe: Observe = "auto"
    agents: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    tasks: tuple[SuiteTask, ...] = Field(min_length=1)

    @field_validator("tasks", mode="before")
    @classmethod
    def _names_are_tasks(cls, value: Any) -> Any:
        return [{"task": item} if isinstance(item, str) else item for item in value]

    @field_validator("version", mode="before")
    @classmethod
    def _version_is_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int | float) else value


class RunSpec(_Strict):
    """One run, as asked for. Either a suite or tasks; everything else has a default."""

    suite: str | None = None
    tasks: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    episodes: int | None = Field(None, ge=1)
    seeds: str | None = None
    """Another series of seeds than the suite's own, such as ``demonstrations``."""
    observe: Observe | None = None
    limits: Limits = Limits()
    sampling: SamplingSpec = SamplingSpec()
    budget: Budget = Budget()
    prices: dict[str, RatesSpec] = {}
    """Prices by model, such as ``{"openai:my-model": {"input": 1.5, "output": 6}}``."""
    provider_options: dict[str, dict[str, Any]] = {}
    """Options of a provider by its name, such as ``{"openai": {"base_url": "http://…"}}``."""
    out: str | None = None
    workers: int | None = Field(None, ge=0)
    """Processes for environments, by default as many as cores; 0 for threads of the run's own process."""
    time: str = "paused"
    """How time passes in the game while its player thinks (`harness.timing`)."""
    executor: Literal["local", "ray"] = "local"
    """``ray`` plays episodes as Ray tasks, on this machine or on the cluster at RAY_ADDRESS."""
    shard: str | None = None
    """Play a part of the run only: ``3/16`` is the third of sixteen."""
    concurrency: int = Field(8, ge=1)

    @field_validator("shard")
    @classmethod
    def _shard_is_one_of_several(cls, value: str | None) -> str | None:
        mine, slash, of = (value or "1/1").partition("/")
        if not (slash and mine.isdecimal() and of.isdecimal() and 1 <= int(mine) <= int(of)):
            raise ValueError(f"{value!r} is no shard; write I/N, such as 3/16 for the third of sixteen")
        return value

    @field_validator("time")
    @classmethod
    def _time_has_one_spelling(cls, value: str) -> str:
        from harness.timing import parse

        try:
            return str(parse(value))
        except InputError as error:
            raise ValueError(str(error)) from None

    cache: str | None = None
    """A folder where answers are kept and looked up; other runs may share it. Off by default."""


_NOT_IDENTITY = {"out", "workers", "executor", "shard", "concurrency", "cache", "budget", "prices"}
"""What may differ when a run folder is continued: how fast and where, not what is played."""

_Model = TypeVar("_Model", bound=BaseModel)


def identity(spec: RunSpec) -> dict[str, Any]:
    """The part of a spec that says what is played: two runs with the same are the same run."""
    said = spec.model_dump(mode="json", exclude=_NOT_IDENTITY, exclude_defaults=False)
    if said["time"] == RunSpec.model_fields["time"].default:
        del said["time"]  # runs from before there was a choice stay what they are
    return said


def config_hash(config: Mapping[str, Any]) -> str:
    """A short hash of a configuration."""
    text = json.dumps(config, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def load(path: Path | None, flags: Mapping[str, Any]) -> RunSpec:
    """The spec of a file (where there is one) with flags on top.

    Raises:
        InputError: the file cannot be read, is not YAML, or holds a key or value that is not ours.
    """
    data: dict[str, Any] = read_yaml(path) if path else {}
    if "suite" in flags and "tasks" not in flags:
        data.pop("tasks", None)
    if "tasks" in flags and "suite" not in flags:
        data.pop("suite", None)
    for key, value in flags.items():
        merged = isinstance(value, dict) and isinstance(data.get(key), dict)
        data[key] = {**data[key], **value} if merged else value
    spec = validate(RunSpec, data, str(path) if path else "the command line")
    if bool(spec.suite) == bool(spec.tasks):
        raise InputError("say what to play: either --suite NAME or --task PATTERN (one of the two)")
    return spec


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file that holds a mapping."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise InputError(
            f"{path}{where}: not valid YAML ({getattr(error, 'problem', 'not UTF-8')})"
        ) from None
    if not isinstance(data, dict):
        raise InputError(f"{path}: expected keys and values (such as `suite: quickstart`)")
    return data


def validate(model: type[_Model], data: Mapping[str, Any], source: str) -> _Model:
    """A checked model; the first fault is one line with the nearest right key."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        raise InputError(f"{source}: {unknown('key', where, _keys(model, fault['loc'][:-1]))}")
    raise InputError(f"{source}: {where}: {fault['msg']}")


def _keys(model: type[BaseModel], at: tuple[int | str, ...]) -> list[str]:
    """The keys allowed at a place, written with the place before them."""
    current: Any = model
    for part in at:
        field = getattr(current, "model_fields", {}).get(part)
        annotation = field.annotation if field else SuiteTask
        current = annotation if isinstance(annotation, type) else SuiteTask
    prefix = "".join(f"{part}." for part in at)
    return [prefix + name for name in getattr(current, "model_fields", {})]


@cache
def suites() -> dict[str, Suite]:
    """The suites in the box, by name."""
    folder = resources.files("harness") / "suites"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    loaded = [validate(Suite, yaml.safe_load(f.read_text(encoding="utf-8")), f.name) for f in files]
    return {suite.name: suite for suite in loaded}


def suite(name: str) -> Suite:
    """A suite in the box, or one in a YAML file where the name ends in ``.yaml``.

    Raises:
        InputError: there is none.
    """
    if name.endswith((".yaml", ".yml")):
        return validate(Suite, read_yaml(Path(name)), name)
    if name not in suites():
        raise InputError(unknown("suite", name, suites()))
    return suites()[name]
