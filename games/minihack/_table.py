"""Makes `tasks.json` from the minihack package: ``python -m games.minihack._table``.

What a table says of a task is measured: its limit is upstream's; its starts are counted over seeds; it has
an oracle where the explorer solved every one of the seeds it was tried on within the limit.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gymnasium
import minihack  # noqa: F401 - registers the ids

from games.api import GameEnv, UnknownAction
from games.hashing import observation_hash
from games.minihack._env import build
from games.minihack._goals import STAIRS, goal_of

_SEEDS = 8


def _starts(env: GameEnv, name: str) -> str:
    different = {observation_hash(env.reset(seed=seed)[0]) for seed in range(_SEEDS)}
    if "Boxoban" in name:
        return "few"  # eight hundred: the shipped levels in all their symmetries
    return "fixed" if len(different) == 1 else "many" if len(different) == _SEEDS else "few"


def _solves(env: GameEnv) -> bool:
    return all(_solved(env, seed) for seed in range(1000, 1000 + _SEEDS))


def _solved(env: GameEnv, seed: int) -> bool:
    env.reset(seed=seed)
    for _ in range(env.max_steps):
        try:
            _, _, over, cut, _ = env.step(env.decode(env.oracle()))
        except UnknownAction:
            return False
        if over or cut:
            break
    return env.progress().value == 1.0


def _row(name: str) -> dict[str, Any]:
    env = build(name, image=False, terminal=False)
    row = {
        "task": f"minihack/{name}",
        "game": "minihack",
        "starts": _starts(env, name),
        "oracle": goal_of(name) == STAIRS and _solves(env),
        "max_steps": env.max_steps,
    }
    env.close()
    return row


def main() -> None:
    """Write the table."""
    ids = sorted(name for name in gymnasium.registry if name.startswith("MiniHack-") and "Custom" not in name)
    rows = []
    for name in ids:
        rows.append(_row(name))
        print(rows[-1], flush=True)  # noqa: T201 - this is a script
    Path(__file__).with_name("tasks.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
