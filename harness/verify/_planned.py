"""The episodes that a run folder's ``run.json`` asks for, planned again from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from games.api import TaskInfo
from harness import settings, tasks
from harness.api import Sampling
from harness.errors import InputError
from harness.plan import Entrant, EpisodeSpec, entrant_of
from harness.records import SCHEMA
from harness.seeds import episode_seed
from harness.spec import Limits, config_hash
from harness.timing import parse
from harness.trials import place
from harness.verify._evidence import Difference, difference

_NO_MODEL = "None"


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run is, as its ``run.json`` says.

    `specs` are its episodes by their ids, `entrants` who plays them: their names in reports and as
    ``run.json`` spells them out (``agent @ model``). `unknown` are those that cannot be made here, each with
    the reason.
    """

    digest: str
    suite: str
    suite_version: str
    sampling: Sampling
    provider_options: Mapping[str, dict[str, Any]]
    specs: Mapping[str, EpisodeSpec]
    entrants: Mapping[str, str]
    unknown: Mapping[str, str]
    differences: tuple[Difference, ...]


def read_planned(folder: Path) -> Planned:
    """Plan the run again.

    Raises:
        InputError: the folder is not a run.
    """
    file = folder / "run.json"
    if not file.is_file():
        raise InputError(f"{folder} is not a run folder: it has no run.json")
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        if int(record["schema_version"]) > SCHEMA:
            raise InputError(f"{file}: written by a newer Ludometer; upgrade to read it")
        return _planned(record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{file} cannot be read; the folder is not a run, or was changed") from None


def _planned(record: Mapping[str, Any]) -> Planned:
    config = record["config"]
    entrants: dict[str, Entrant] = {}
    unknown: dict[str, str] = {}
    for text in config["entrants"]:
        try:
            entrants[text] = _entrant(text)
        except InputError as error:
            unknown[text] = str(error)
    specs = {spec.id: spec for entrant in entrants.values() for spec in _specs(entrant, config)}
    return Planned(
        digest=record["config_hash"],
        suite=config["suite"],
        suite_version=config["suite_version"],
        sampling=Sampling(**config["sampling"]),
        provider_options=config["provider_options"],
        specs=specs,
        entrants={entrant.label: text for text, entrant in entrants.items()},
        unknown=unknown,
        differences=tuple(_hash(record["config_hash"], config_hash(config))),
    )


def _hash(recorded: str, now: str) -> Iterator[Difference]:
    if recorded != now:
        yield difference("run.json", "config_hash", recorded, now)


def _entrant(text: str) -> Entrant:
    """``agent @ model`` → who plays. Both may hold an at sign; only the right cut leaves an agent."""
    agent, sign, model = text.partition(" @ ")
    while sign:
        try:
            return entrant_of(settings.parse(agent), None if model == _NO_MODEL else model)
        except InputError:
            first, sign, rest = model.partition(" @ ")
            if not sign:
                raise
            agent, model = f"{agent} @ {first}", rest
    raise InputError(f"{text!r} names no agent and model")


def _specs(entrant: Entrant, config: Mapping[str, Any]) -> Iterator[EpisodeSpec]:
    suite, version = (config["seeds"], "") if config["seeds"] else (config["suite"], config["suite_version"])
    clock = parse(config.get("time", "paused"))
    for task, line in config["tasks"].items():
        info = _info(task)
        if getattr(entrant.factory, "needs_oracle", False) and not info.oracle:
            continue
        for index in range(int(line["episodes"])):
            at = place(entrant.factory, entrant.settings, task, index)
            yield EpisodeSpec(
                entrant=entrant,
                task=task,
                info=info,
                index=index,
                seed=episode_seed(suite, version, tasks.plain(task), at.seed_index),
                limits=Limits(**line["limits"]),
                observe=line["observe"],
                series=f"{suite} {version}".strip(),
                clock=clock,
                chain=at.chain and f"{entrant.label} {at.chain}",
            )


def _info(task: str) -> TaskInfo:
    """What is known of a task; where its game is not installed, that shows when it is to be executed."""
    try:
        return tasks.info(task)
    except InputError:
        return TaskInfo(task, task.partition("/")[0], oracle=True)
