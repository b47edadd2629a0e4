"""The pictures that a model was shown: drawn again by playing an episode again, or taken from the run."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import InputError
from harness.pictures import name_of, read_file
from harness.records import Episode
from harness.replay import played_again
from harness.storage import replace_file
from harness.world import png


class Gallery:
    """A folder of PNG files that are named by the SHA-256 of what is in them.

    `lacking` says why the first picture that cannot be had cannot.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.lacking = ""

    def file(self, name: str) -> Path:
        """Where the picture of a hash is."""
        return self._folder / f"{name}.png"

    def add(self, run: Path, episode: Episode, wanted: set[str]) -> set[str]:
        """Get pictures of an episode. Returns those that are there now: what cannot be had is not made up."""
        self._folder.mkdir(parents=True, exist_ok=True)
        missing = {name for name in wanted if not self.file(name).exists() and not self._copied(run, name)}
        if missing:
            lacking = self._draw(episode, missing)
            self.lacking = self.lacking or lacking
        return {name for name in wanted if self.file(name).exists()}

    def _copied(self, run: Path, name: str) -> bool:
        """Runs keep the pictures of games that playing again would not give."""
        if (data := read_file(run / "pictures", name)) is None:
            return False
        replace_file(self.file(name), data)
        return True

    def _draw(self, episode: Episode, missing: set[str]) -> str:
        """Draw what is missing; why not all of it could be drawn, or nothing."""
        if not episode.header.deterministic:
            return f"{episode.header.task} is never the same again, and the run did not keep them"
        try:
            with closing(played_again(episode, observe="image")) as moments:
                for moment in moments:
                    self._keep(moment.frame.observation.image, missing)
                    if not missing:
                        return ""
        except InputError as error:
            return str(error)
        return f"{episode.path} does not show them itself (they are of a demonstration?)"

    def _keep(self, image: NDArray[np.uint8] | None, missing: set[str]) -> None:
        if image is None:
            return
        data = png(image)
        if (name := name_of(data)) in missing:
            replace_file(self.file(name), data)
            missing.discard(name)
