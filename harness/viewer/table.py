"""The table between a run that is played by a person and the pages at which the person sits."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.agents.human import STOPPED
from harness.api import AgentContext, Decision, Turn
from harness.errors import RunStopped
from harness.plan import EpisodeSpec
from harness.viewer.buttons import Group, groups
from harness.viewer.index import episode_id
from harness.viewer.lines import EpisodeFile


@dataclass(frozen=True)
class Asked:
    """A turn that waits for the person's decision. `answer` takes it, None to stop."""

    episode: EpisodeSpec
    context: AgentContext
    turn: Turn
    answer: Callable[[Decision | None], None]

    @cached_property
    def picture(self) -> bytes | None:
        """The picture as a model gets it, as a PNG."""
        from harness.world import png

        image = self.turn.observation.image
        return None if image is None else png(image)

    @cached_property
    def groups(self) -> list[Group]:
        """The buttons."""
        return groups(self.context.actions, free_text=self.context.free_text)


@dataclass(frozen=True, slots=True)
class Played:
    """An episode of the run that was begun: its address in the viewer and its file."""

    episode: EpisodeSpec
    address: str
    file: EpisodeFile


class Table:
    """One person's games, one after the other. The run lives in one thread, the pages in others.

    Args:
        folder: the run's folder, the first of those that the viewer shows.
        episodes: what is to be played, in order.
    """

    def __init__(self, folder: Path, episodes: Sequence[EpisodeSpec]) -> None:
        self.form_token = secrets.token_urlsafe(24)
        self._folder = folder
        self._episodes = {(episode.task, episode.seed): episode for episode in episodes}
        self._files: dict[str, EpisodeFile] = {}
        self._changed = threading.Condition(threading.RLock())
        self._asked: Asked | None = None
        self._waits = self._stopped = self._over = False
        self._version = 0
        self.left = threading.Event()
        """Set when the person wants no more of it."""

    def seat(self, context: AgentContext) -> _Seat:
        """The seat of one episode."""
        return _Seat(self, context)

    async def ask(self, context: AgentContext, turn: Turn) -> Decision:
        """Lay a turn before the person and wait for the decision.

        Raises:
            RunStopped: the person stops.
        """
        loop = asyncio.get_running_loop()
        decided: asyncio.Future[Decision | None] = loop.create_future()
        episode = self._episodes[context.task, context.seed]

        def give(decision: Decision | None) -> None:
            loop.call_soon_threadsafe(_settle, decided, decision)

        self._become(asked=Asked(episode, context, turn, give), waits=True)
        try:
            decision = await decided
        finally:
            self._become(waits=False)
        if decision is None:
            raise RunStopped(STOPPED)
        return decision

    def _become(
        self,
        *,
        asked: Asked | None = None,
        waits: bool = False,
        stopped: bool = False,
        over: bool = False,
    ) -> None:
        with self._changed:
            self._asked = asked or self._asked
            self._waits = waits
            self._stopped, self._over = self._stopped or stopped, self._over or over
            self._version += 1
            self._changed.notify_all()

    def finish(self) -> None:
        """The run is over, and scored."""
        self._become(over=True)

    def decide(self, asked: Asked, decision: Decision) -> bool:
        """Give the decision of a turn; False where another tab was quicker: nothing is done then."""
        with self._changed:
            if not self._waits or self._asked is not asked:
                return False
            self._become(waits=False)
        asked.answer(decision)
        return True

    def stop(self) -> None:
        """Stop the run, or leave the table where it is over."""
        with self._changed:
            asked = self._asked if self._waits else None
            self._become(stopped=not self._over)
        self.left.set()
        if asked is not None:
            asked.answer(None)

    def look(self, *, patience: float = 0.0) -> Look:
        """What there is to see; waits at most so many seconds for something to decide, or the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waits or self._over or self._stopped, patience)
            return Look(self._version, self._asked, self._waits, self._stopped, self._over)

    def games(self) -> list[Played]:
        """The episodes that were begun, as their files have them now."""
        return [played for episode in self._episodes.values() if (played := self._played(episode))]

    def standing(self, asked: Asked) -> float:
        """The progress before a turn."""
        played = self._played(asked.episode)
        return played.file.standing(asked.turn.index)[0] if played else 0.0

    def _played(self, episode: EpisodeSpec) -> Played | None:
        name = f"{episode.id}.jsonl"
        path = self._folder / "episodes" / name
        if not path.exists():
            return None
        with self._changed:
            if name not in self._files:
                self._files[name] = EpisodeFile(path)
            file = self._files[name]
        file.refresh()
        return Played(episode, f"/run/0/episode/{episode_id(name)}", file) if file.start else None


@dataclass(frozen=True, slots=True)
class Look:
    """How the table stands. `asked` is the last turn that was shown; `waits`: it waits for the person."""

    version: int
    asked: Asked | None
    waits: bool
    stopped: bool
    over: bool


class _Seat:
    """One episode's place at the table."""

    def __init__(self, table: Table, context: AgentContext) -> None:
        self._table, self._context = table, context

    async def ask(self, turn: Turn) -> Decision:
        """Show a turn and get what the person decides.

        Raises:
            RunStopped: the person stops.
        """
        return await self._table.ask(self._context, turn)


def _settle(decided: asyncio.Future[Decision | None], decision: Decision | None) -> None:
    if not decided.done():  # it is where the run was ended meanwhile
        decided.set_result(decision)
