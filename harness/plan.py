"""RunSpec → the episodes to play, every name checked before the first one starts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from games.api import TaskInfo
from harness import plugins, settings, tasks
from harness.api import MissingKey
from harness.errors import InputError
from harness.seeds import episode_seed
from harness.settings import Named
from harness.spec import Limits, RunSpec, Suite, SuiteTask, suite
from harness.timing import Clock, parse
from harness.trials import place

ADHOC = "adhoc"
"""The suite name of tasks that were picked on the command line."""


DEFAULT_HISTORY = "full"


@dataclass(frozen=True)
class Entrant:
    """An agent with all its settings, and its model where it needs one."""

    agent: str
    factory: Callable[..., Any]
    settings: dict[str, Any]
    history: Named
    history_factory: Callable[..., Any]
    history_settings: dict[str, Any]
    model: str | None = None
    others: tuple[str, ...] = ()
    """Further models that the settings name."""

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that is asked."""
        return (self.model, *self.others) if self.model is not None else ()

    @cached_property
    def resolved(self) -> str:
        """The agent with every setting spelled out."""
        shown: dict[str, Any] = dict(self.settings)
        if self.model is not None:
            shown["history"] = settings.Named(self.history.name, self.history_settings)
        return str(settings.Named(self.agent, shown))

    @cached_property
    def short(self) -> str:
        """The agent with the settings that are not the default: one spelling for one behaviour."""
        shown: dict[str, Any] = settings.changed(self.factory, self.settings)
        history = settings.changed(self.history_factory, self.history_settings)
        if self.model is not None and (history or self.history.name != DEFAULT_HISTORY):
            shown["history"] = settings.Named(self.history.name, history)
        return str(settings.Named(self.agent, shown))

    @cached_property
    def label(self) -> str:
        """Who plays, as reports name it."""
        return self.short if self.model is None else f"{self.short} @ {self.model}"


@dataclass(frozen=True)
class EpisodeSpec:
    """One episode to play."""

    entrant: Entrant
    task: str
    info: TaskInfo
    index: int
    seed: int
    limits: Limits
    observe: str
    series: str
    clock: Clock = field(default_factory=Clock)
    chain: str = ""  # episodes of one chain are played in order, each knowing what the former learned

    @cached_property
    def id(self) -> str:
        """Unique in the run, and the path of its file without the ending."""
        task = "/".join(slug(part) for part in self.task.split("/"))
        return f"{slug(self.entrant.label)}/{task}/{self.index:04d}"


@dataclass(frozen=True, slots=True)
class Plan:
    """All episodes of a run, and what is worth saying before it starts."""

    suite: str
    suite_version: str
    episodes: tuple[EpisodeSpec, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def entrants(self) -> list[Entrant]:
        """Each entrant once, in the order of the spec."""
        return list({episode.entrant.label: episode.entrant for episode in self.episodes}.values())


def make_plan(spec: RunSpec) -> Plan:
    """The episodes of a spec.

    Raises:
        InputError: a suite, task, agent, history, model or setting does not exist, or an agent has
            no model to ask.
    """
    chosen = suite(spec.suite) if spec.suite else _adhoc(spec)
    entrants = _entrants(spec.agents or chosen.agents, spec.models or chosen.models)
    lines = list(_lines(chosen))
    notes: list[str] = []
    episodes = tuple(_episodes(spec, chosen, lines, entrants, notes))
    if not episodes:
        raise InputError("nothing to play: " + "; ".join(notes))
    return Plan(chosen.name, chosen.version, episodes, tuple(notes))


def _adhoc(spec: RunSpec) -> Suite:
    return Suite(
        name=ADHOC,
        version="1",
        title="tasks picked by hand",
        reasons="",
        tasks=tuple(SuiteTask(task=name) for name in tasks.match(spec.tasks)),
    )


def _lines(chosen: Suite) -> Iterator[tuple[SuiteTask, str, TaskInfo]]:
    for line in chosen.tasks:
        for name in tasks.match([line.task]):
            yield line, name, tasks.info(name)


def _episodes(
    spec: RunSpec,
    chosen: Suite,
    lines: list[tuple[SuiteTask, str, TaskInfo]],
    entrants: list[Entrant],
    notes: list[str],
) -> Iterator[EpisodeSpec]:
    name_and_version = (spec.seeds, "") if spec.seeds else (chosen.name, chosen.version)
    series = " ".join(name_and_version).strip()
    clock = parse(spec.time)
    for entrant in entrants:
        for line, name, info in lines:
            _check_clock(clock, info)
            if getattr(entrant.factory, "needs_oracle", False) and not info.oracle:
                notes.append(f"{name} has no oracle: {entrant.agent} does not play it")
                continue
            if check := getattr(entrant.factory, "check", None):
                check(entrant.settings, name, series)
            for index in range(spec.episodes or line.episodes or chosen.episodes):
                at = place(entrant.factory, entrant.settings, name, index)
                yield EpisodeSpec(
                    entrant=entrant,
                    task=name,
                    info=info,
                    index=index,
                    seed=episode_seed(*name_and_version, tasks.plain(name), at.seed_index),
                    limits=spec.limits.over(line.limits).over(chosen.limits),
                    observe=_observe(spec, chosen, line, info),
                    series=series,
                    clock=clock,
                    chain=at.chain and f"{entrant.label} {at.chain}",
                )


def _observe(spec: RunSpec, chosen: Suite, line: SuiteTask, info: TaskInfo) -> str:
    wanted = spec.observe or line.observe or chosen.observe
    if wanted == "auto":
        return "text" if info.text else "image"
    check_observe(info, wanted)
    return wanted


def _check_clock(clock: Clock, info: TaskInfo) -> None:
    if clock.runs and not info.frames:
        raise InputError(f"{info.task} has no frames, so its time can only be paused, not {clock}")
    if clock.overlap and not info.overlap:
        raise InputError(f"{info.task}: its inputs are too short to overlap with thinking; leave overlap out")


def check_observe(info: TaskInfo, observe: str) -> None:
    """Refuse an observation that a task does not have.

    Raises:
        InputError: it has no words, or no picture.
    """
    if observe in ("text", "both") and not info.text:
        raise InputError(f"{info.task} has no text observation: use --observe image")
    if observe in ("image", "both") and not info.image:
        raise InputError(f"{info.task} has no picture: use --observe text")


def _entrants(agents: tuple[str, ...], models: tuple[str, ...]) -> list[Entrant]:
    found: dict[str, Entrant] = {}
    for text in agents or (("direct",) if models else ("random",)):
        named = settings.parse(text)
        factory = plugins.load("agents", named.name)
        if not getattr(factory, "needs_model", True):
            entrant = entrant_of(named, None)
            found[entrant.label] = entrant
            continue
        if not models:
            raise InputError(f"the agent {named.name!r} needs a model: add --model PROVIDER:NAME")
        for model in models:
            entrant = entrant_of(named, model)
            found[entrant.label] = entrant
    return list(found.values())


def entrant_of(named: settings.Named, model: str | None) -> Entrant:
    """An agent's settings, checked, its history's among them.

    Raises:
        InputError: a name or setting does not exist.
    """
    factory = plugins.load("agents", named.name)
    own = dict(named.settings)
    history = _history(own.pop("history", DEFAULT_HISTORY))
    history_factory = plugins.load("histories", history.name)
    known = settings.parameters(history_factory)
    given = dict(history.settings)
    # `images` belongs to the history; it may be said at the agent, where users look for it.
    if "images" in own and "images" in known and "images" not in settings.parameters(factory):
        given.setdefault("images", own.pop("images"))
    if model is None and "history" in named.settings:
        raise InputError(f"the agent {named.name!r} asks no model, so it has no history")
    if model is not None:
        split_model(model)
    history_settings = settings.resolve(history_factory, given, f"history {history.name!r}")
    history_factory(**history_settings)  # a value that it refuses is found now, not in each episode
    resolved = settings.resolve(factory, own, f"agent {named.name!r}")
    others = tuple(resolved[name] for name in getattr(factory, "models", ()) if resolved[name])
    for other in others:
        split_model(other)
    return Entrant(
        agent=named.name,
        factory=factory,
        settings=resolved,
        history=history,
        history_factory=history_factory,
        history_settings=history_settings,
        model=model,
        others=others,
    )


def _history(value: Any) -> settings.Named:
    return value if isinstance(value, settings.Named) else settings.parse(str(value))


def split_model(model: str) -> tuple[str, str]:
    """``provider:name`` → its two parts; the name may be empty (``embedded``).

    Raises:
        InputError: there is no such provider.
    """
    provider, _, name = model.partition(":")
    if provider not in plugins.names("providers"):
        hint = plugins.unknown("provider", provider, plugins.names("providers"))
        raise InputError(f"model {model!r}: {hint}")
    return provider, name


def make_provider(model: str, options: dict[str, Any]) -> Any:
    """The provider object of a model.

    Raises:
        InputError: its extra or key is missing, or an option is not one of its own.
    """
    name, rest = split_model(model)
    factory = plugins.load("providers", name)
    try:
        return factory(rest, **options) if rest else factory(**options)
    except ImportError as error:
        extra = getattr(factory, "extra", None) or name
        raise InputError(
            f'model {model!r} needs {error.name or error}: pip install "ludometer[{extra}]"'
        ) from None
    except MissingKey as error:
        raise InputError(f"model {model!r}: {error}") from None
    except TypeError as error:
        raise InputError(f"model {model!r}: {error}") from None


def slug(text: str) -> str:
    """A name as one path component: letters, digits and ``-._=+@,()``; never empty, hidden or long."""
    from hashlib import blake2b

    kept = re.sub(r"[^A-Za-z0-9._=+@,()-]+", "_", text).strip("._") or "_"
    if kept == text and len(kept) <= 100:
        return kept
    # Two names that differ only in what was replaced must not share a folder.
    return f"{kept[:100]}~{blake2b(text.encode(), digest_size=3).hexdigest()}"
