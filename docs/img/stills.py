"""Draws the stills of docs/replay.md with the embedded model: ``python docs/img/stills.py``, some minutes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image

from harness.cli import main
from harness.records import read_episode
from harness.replay import moments
from harness.video._card import cards
from harness.video._picture import Painter

HERE = Path(__file__).parent
CONFIG = """
tasks: [babyai/goto, crafter/standard]
agents: [direct, cot]
models: [embedded]
episodes: 1
observe: text
limits: {steps: 3}
sampling: {max_tokens: 70}
"""


def play(folder: Path) -> None:
    """Play an episode of each task."""
    (folder / "config.yaml").write_text(CONFIG)
    try:
        main(["run", "--config", str(folder / "config.yaml"), "--no-report", "--out", str(folder / "run")])
    except SystemExit as ended:
        if ended.code:
            raise


def draw(file: Path, name: str) -> None:
    """The last turn of an episode, in 256 colours."""
    episode = read_episode(file)
    assert episode is not None  # noqa: S101 - it was just played
    turns = range(len(episode.turns))
    card = list(cards(episode, moments(episode, observe="both"), turns))[-2]
    still = Painter(card.seen, None).draw(card)
    still.quantize(256, dither=Image.Dither.NONE).save(HERE / name, optimize=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        play(Path(folder))
        for agent, task in (("direct", "babyai"), ("cot", "crafter")):
            (file,) = Path(folder, "run", "episodes").glob(f"{agent}*/{task}/**/*.jsonl")
            draw(file, f"replay-{task}.png")
