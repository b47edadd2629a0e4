"""The catalogue of tasks: what the game plugins offer, looked up by name or shell pattern.

A task is ``game/name``, with perturbations after it where there are any (``game/name+sticky(0.25)``).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from games.api import Game, MissingExtra, TaskInfo
from harness import plugins
from harness.errors import InputError

if TYPE_CHECKING:
    from games.api import GameEnv
    from games.perturb import Spec


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
    for given in patterns:
        # `gymnasium:CartPole-v1` is how users of Gymnasium will write it.
        pattern = given.replace("gymnasium:", "gymnasium/", 1) if given.startswith("gymnasium:") else given
        plain, plus, perturbed = pattern.partition("+")
        if any(char in plain for char in "*?["):
            found.update(dict.fromkeys(info(hit + plus + perturbed).task for hit in _matching(plain)))
        else:
            found[info(pattern).task] = None
    return list(found)


def _matching(pattern: str) -> list[str]:
    known = [task.task for task in all_tasks()]
    hits = fnmatch.filter(known, pattern)
    if not hits:
        raise InputError(plugins.unknown("task", pattern, known))
    return hits


def plain(task: str) -> str:
    """The task without its perturbations, whose seeds it shares."""
    return _parse(task)[0]


def _parse(task: str) -> tuple[str, tuple[Spec, ...]]:
    from games.perturb import parse_task

    try:
        return parse_task(task)
    except ValueError as error:
        raise InputError(f"task {task!r}: {error}") from None


def info(task: str) -> TaskInfo:
    """What is known of a task without building it.

    Raises:
        InputError: there is no such task, its game does not load, or a perturbation is wrong.
    """
    from games.perturb import format_task

    base, perturbations = _parse(task)
    return replace(_plain_info(base), task=format_task(base, perturbations))


def _plain_info(task: str) -> TaskInfo:
    name = task.partition("/")[0]
    if name not in plugins.names("games"):
        raise InputError(plugins.unknown("task", task, [known.task for known in all_tasks()]))
    game = _game(task)
    listed = {known.task: known for known in game.tasks()}
    if task in listed:
        return listed[task]
    if not getattr(game, "open_ended", False):
        raise InputError(plugins.unknown("task", task, listed))
    try:
        described: TaskInfo = game.describe(task)  # type: ignore[attr-defined]
    except ValueError as error:
        raise InputError(str(error)) from None
    return described


def _game(task: str) -> Game:
    game: Game = plugins.load("games", task.partition("/")[0])
    return game


def make(task: str, *, image: bool = False) -> GameEnv:
    """Build a task's environment.

    Raises:
        InputError: the task does not exist or its engine is not installed.
    """
    from games.perturb import apply

    info(task)
    base, perturbations = _parse(task)
    try:
        env: GameEnv = apply(_game(base).make(base, image=image), perturbations)
        return env
    except (MissingExtra, ValueError) as error:
        raise InputError(str(error)) from None
