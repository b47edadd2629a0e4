"""What is kept of games that are not deterministic, where replaying would give something else.

After each turn: what was observed (in the turn's record, its picture in a file of its own) and, where the
game can give it, its whole state. An interrupted episode goes on from the newest state.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from pathlib import Path

from games.api import Observation
from harness.convert import observation_of
from harness.pictures import name_of, place_of, read_picture
from harness.records import ObservationRecord
from harness.storage import cut_at, replace_file
from harness.world import png


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a world after so many turns."""

    turns: int
    state: bytes


class Keeper:
    """Keeps what one episode of such a game needs to go on.

    `episode` is its file; pictures go into `pictures`, named by the SHA-256 of their PNG.
    """

    def __init__(self, episode: Path, pictures: Path) -> None:
        self._file = episode.with_suffix(".checkpoint")
        self._pictures = pictures

    def save(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint before."""
        data = {"turns": checkpoint.turns, "state": base64.b64encode(checkpoint.state).decode()}
        replace_file(self._file, json.dumps(data).encode())

    def load(self) -> Checkpoint | None:
        """The newest checkpoint, None where there is none."""
        try:
            data = json.loads(self._file.read_bytes())
            return Checkpoint(int(data["turns"]), base64.b64decode(data["state"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def forget(self) -> None:
        """The episode is over."""
        self._file.unlink(missing_ok=True)

    def keep_picture(self, observation: Observation) -> None:
        """Write the picture of an observation, unless it is there."""
        if observation.image is None:
            return
        data = png(observation.image)
        path = place_of(self._pictures, name_of(data))
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, data)

    def recall(self, record: ObservationRecord) -> Observation:
        """An observation as it was, with its picture where that is kept."""
        image = read_picture(self._pictures, record.image) if record.image else None
        return replace(observation_of(record), image=image)


def cut_after(path: Path, turns: int) -> int:
    """Drop the turns of an episode's file from the turn `turns` on; how many those were."""
    lines = path.read_bytes().splitlines(keepends=True)
    at = next((n for n, line in enumerate(lines) if _turn(line) == turns), len(lines))
    dropped = sum(_turn(line) is not None for line in lines[at:])
    cut_at(path, sum(map(len, lines[:at])))
    return dropped


def _turn(line: bytes) -> int | None:
    data = json.loads(line)
    return int(data["index"]) if data["kind"] == "turn" else None
