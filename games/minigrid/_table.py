"""Makes ``tasks.json`` from the minigrid package: ``python -m games.minigrid._table``.

For each id: the step limit (None where the level's size sets it), how many different first
observations 32 seeds give, and whether BabyAI's bot solves it (all of 8 seeds, no error, within 20
seconds: in some levels it searches without end).

Left out are the ``MiniGrid-WFC-*`` ids: the pictures that they are made from are not in the package
that is published (3.2.0), so that a reset raises FileNotFoundError.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import gymnasium
import minigrid  # noqa: F401 - registers the ids

from games.api import Starts
from games.hashing import observation_hash
from games.minigrid._env import build
from games.minigrid._levels import KINDS

_STARTS_SEEDS = 32
_ORACLE_SEEDS = 8
_ORACLE_SECONDS = 20
_BROKEN = "MiniGrid-WFC-"


_OF_MINIHACK = (
    "MiniGrid-LavaCrossingS19N13-v0",
    "MiniGrid-LavaCrossingS19N17-v0",
    "MiniGrid-MultiRoom-N10-v0",
)
"""What minihack adds to the registry, for levels of its own, once it is imported."""


def names() -> list[str]:
    """Every task name, from the registry and our own kinds."""
    registered = (
        name
        for name in gymnasium.registry
        if name.startswith(("MiniGrid-", "BabyAI-")) and name not in _OF_MINIHACK
    )
    ids = sorted(name for name in registered if not name.startswith(_BROKEN))
    return [f"babyai/{kind}" for kind in KINDS] + [f"minigrid/{name}" for name in ids]


def measure(task: str) -> dict[str, Any]:
    """One row of the table."""
    env = build(task, image=False)
    limits, starts = set(), set()
    for seed in range(_STARTS_SEEDS):
        raw, _ = env.reset(seed=seed)
        starts.add(observation_hash(raw))
        limits.add(env.max_steps)
    kind = Starts.FIXED if len(starts) == 1 else Starts.MANY if len(starts) == _STARTS_SEEDS else Starts.FEW
    return {
        "task": task,
        "starts": str(kind),
        "max_steps": limits.pop() if len(limits) == 1 else None,
        "oracle": "MiniGrid-" not in task and _bot_solves(task),
    }


def _bot_solves(task: str) -> bool:
    env = build(task, image=False)
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(_ORACLE_SECONDS)
    try:
        return all(_solved(env, seed) for seed in range(_ORACLE_SEEDS))
    except Exception as error:  # the bot gives up in many ways; each means the same here
        sys.stderr.write(f"{task}: {type(error).__name__}: {error}\n")
        return False
    finally:
        signal.alarm(0)


def _too_long(*_: object) -> None:
    raise TimeoutError("the bot takes too long")


def _solved(env: Any, seed: int) -> bool:
    env.reset(seed=seed)
    while True:
        _, _, terminated, truncated, _ = env.step(env.decode(env.oracle()))
        if terminated or truncated:
            return bool(env.progress().value == 1.0)


def main() -> None:
    """Write the table."""
    from multiprocessing import Pool

    with Pool() as pool:
        rows = []
        for row in pool.imap(measure, names(), chunksize=1):
            sys.stderr.write(f"{row}\n")
            rows.append(row)
    text = "[\n" + ",\n".join("  " + json.dumps(row) for row in rows) + "\n]\n"
    (Path(__file__).parent / "tasks.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
