"""The catalogue of tasks: what the game plugins offer, looked up by name or shell pattern.

A task name is ``game/name``, optionally with ``@protocol`` and perturbations
(``babyai/goto+action_noise(0.3)``); only the part before them is looked up here.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from games.perturb import apply, format_task, parse_task

from games.api import Game, GameEnv, MissingExtra, TaskInfo
from harness import plugins
from harness.errors import InputError


def _quiet(_: str) -> None:
    return None


def all_tasks(warn: Callable[[str], None] = _quiet) -> list[TaskInfo]:
    """Every task of every game that loads, by name."""
    games = (game for _, game in plugins.load_all("games", warn))
    return sorted((info for game in games for info in game.tasks()), key=lambda info: info.task)


def match(patterns: Iterable[str]) -> list[str]:
    """The tasks that shell patterns name, in the order of the patterns, each once.

    Raises:
        InputError: a pattern names nothing; the line holds the nearest task.
    """
    found: dict[str, None] = {}
    for pattern in patterns:
        found.update(dict.fromkeys(_match_one(pattern)))
    return list(found)


def _match_one(pattern: str) -> list[str]:
    pattern = pattern.replace("gymnasium:", "gymnasium/", 1) if pattern.startswith("gymnasium:") else pattern
    plain, plus, perturbed = pattern.partition("+")
    base, at, protocol = plain.partition("@")
    suffix = at + protocol + plus + perturbed
    if not _is_pattern(base):
        info(pattern)
        return [canonical(pattern)]
    known = [task.task for task in all_tasks()]
    hits = fnmatch.filter(known, base)
    if not hits:
        raise InputError(plugins.unknown("task", base, known))
    for hit in hits if suffix else ():
        info(hit + suffix)
    return [canonical(hit + suffix) for hit in hits]


def _is_pattern(text: str) -> bool:
    return any(char in text for char in "*?[")


def canonical(task: str) -> str:
    """The one spelling of a task's name, perturbations included."""
    base, perturbations = _parse(task)
    return format_task(base, perturbations)


def plain(task: str) -> str:
    """The task without its perturbations: the one whose seeds and starts it shares."""
    return _parse(task)[0]


def _parse(task: str) -> tuple[str, Any]:
    try:
        return parse_task(task)
    except ValueError as error:
        raise InputError(f"task {task!r}: {error}") from None


def info(task: str) -> TaskInfo:
    """What is known of a task without building it.

    Raises:
        InputError: there is no such task, or its name cannot be read.
    """
    base, perturbations = _parse(task)
    game = _game(base)
    unprotocolled, _, protocol = base.partition("@")
    protocols = getattr(game, "protocols", ())
    if protocol and protocol not in protocols:
        raise InputError(plugins.unknown("protocol", protocol, protocols))
    listed = {known.task: known for known in game.tasks()}
    found = listed.get(base) or listed.get(unprotocolled)
    if found is None and getattr(game, "open_ended", False):
        found = _describe(game, base)
    if found is None:
        raise InputError(plugins.unknown("task", unprotocolled, listed))
    return replace(found, task=format_task(base, perturbations))


def _describe(game: Any, task: str) -> TaskInfo:
    try:
        described: TaskInfo = game.describe(task)
    except ValueError as error:
        raise InputError(str(error)) from None
    except MissingExtra as error:
        raise InputError(str(error)) from None
    return described


def _game(task: str) -> Game:
    name = task.partition("/")[0]
    if name not in plugins.names("games"):
        known = [t.task for t in all_tasks()]
        near = plugins.nearest(task, known) or plugins.nearest(name, plugins.names("games"))
        hint = f"; did you mean {near!r}?" if near else "; `ludometer list tasks` shows them all"
        raise InputError(f"unknown task {task!r}{hint}")
    game: Game = plugins.load("games", name)
    return game


def make(task: str, *, image: bool = False) -> GameEnv:
    """Build a task's environment, perturbations applied.

    Raises:
        InputError: the task does not exist or its engine is not installed.
    """
    base, perturbations = _parse(task)
    try:
        env = _game(base).make(base, image=image)
    except (MissingExtra, ValueError) as error:
        raise InputError(str(error)) from None
    return apply(env, perturbations) if perturbations else env
