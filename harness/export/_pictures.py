"""The pictures that a model was shown: drawn again by executing an episode again, or taken from the run."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from games.api import UnknownAction
from harness.records import Episode
from harness.storage import replace_file
from harness.world import Frame, World, png


class Gallery:
    """A folder of PNG files that are named by the SHA-256 of what is in them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def file(self, name: str) -> Path:
        """Where the picture of a hash is."""
        return self._folder / f"{name}.png"

    def add(self, run: Path, episode: Episode, wanted: set[str]) -> set[str]:
        """Get pictures of an episode. Returns those that are there now: what cannot be had is not made up."""
        self._folder.mkdir(parents=True, exist_ok=True)
        missing = {name for name in wanted if not self.file(name).exists() and not self._copied(run, name)}
        if missing:
            self._draw(episode, missing)
        return {name for name in wanted if self.file(name).exists()}

    def _copied(self, run: Path, name: str) -> bool:
        """Runs keep the pictures of games that replaying would not give again."""
        kept = run / "pictures" / name[:2] / f"{name}.png"
        data = kept.read_bytes() if kept.exists() else b""
        if sha256(data).hexdigest() != name:
            return False
        replace_file(self.file(name), data)
        return True

    def _draw(self, episode: Episode, missing: set[str]) -> None:
        for frame in _again(episode):
            if frame.observation.image is None:
                return
            data = png(frame.observation.image)
            if (name := sha256(data).hexdigest()) in missing:
                replace_file(self.file(name), data)
                missing.discard(name)
            if not missing:
                return


def _again(episode: Episode) -> Iterator[Frame]:
    """The frames of an episode, executed again for as long as the game gives what was recorded.

    Raises:
        InputError: the task's game is not installed.
    """
    if episode.start is None or not episode.header.deterministic:
        return
    world = World(episode.header.task, observe="image")
    try:
        _, frame = world.reset(episode.header.seed)
        hashes = [episode.start.hash, *(step.hash for turn in episode.turns for step in turn.steps)]
        actions = [step.action for turn in episode.turns for step in turn.steps]
        for expected, action in zip(hashes, [*actions, None], strict=True):
            if frame.hash != expected:
                return
            yield frame
            if action is not None:
                frame = world.step(action)
    except UnknownAction:
        return  # another version of the game
    finally:
        world.close()
