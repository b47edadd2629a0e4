"""Records places of a game of the desktop as hashes: ``python -m games.desktop.record TASK LINE…``.

Each line of input is played from the task's start, and a line of JSON is printed for it: the line, the
hashes of the picture after it, how far it is from each place of the task, and which places the engine sees.
With ``--random N`` further lines are clicks at random and keys of the task: what a reference must not be
mistaken for. ``--pictures FOLDER`` keeps the pictures, to look at; they are not ours to give on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from games.desktop._checkpoints import PREFIX, crop_name, distance, hashes


def main(arguments: list[str] | None = None) -> int:
    """Play and print."""
    chosen = _parser().parse_args(arguments)
    name = chosen.task.partition("/")[0]
    game = getattr(import_module(f"games.{name}"), name)
    env = game.make(chosen.task, image=True)
    try:
        env.reset(seed=chosen.seed)
        lines = ["", *chosen.lines, *_random(env, chosen.random, chosen.seed)]
        for number, line in enumerate(lines):
            if line:
                env.step(env.decode(line))
            print(json.dumps(_told(env, number, line, chosen.pictures)), flush=True)  # noqa: T201
    finally:
        env.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m games.desktop.record", description=__doc__)
    parser.add_argument("task")
    parser.add_argument("lines", nargs="*", metavar="LINE")
    parser.add_argument("--random", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=Path, metavar="FOLDER")
    return parser


def _random(env: Any, count: int, seed: int) -> Iterator[str]:
    """Clicks and names of the vocabulary at random, the same ones for a seed."""
    rng = np.random.default_rng(seed)
    names = [action.name for action in env.actions if action.name != "wait"]
    width, height = env._engine.pointer
    for _ in range(count):
        if rng.random() < 0.8:
            verb = "rightclick" if "rightclick" in names and rng.random() < 0.4 else "click"
            yield f"{verb} {rng.integers(width)} {rng.integers(height)} then wait 20"
        else:
            yield f"{rng.choice(names)} then wait 20"


def _told(env: Any, number: int, line: str, folder: Path | None) -> dict[str, Any]:
    picture = env._engine.picture()
    if folder is not None:
        from PIL import Image

        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / f"{number:03}.png")
    sights = env._engine.sights
    found = hashes(picture, sights)
    off = {name: distance(sight.hash, found[crop_name(sight.crop)]) for name, sight in sights.items()}
    seen = [name for name in sights if env._engine.variables()[PREFIX + name]]
    return {"line": line, "hashes": found, "off": off, "seen": seen, "progress": env.progress().value}


if __name__ == "__main__":
    sys.exit(main())
