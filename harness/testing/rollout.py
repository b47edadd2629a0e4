"""Observation hashes of random play: the evidence for determinism.

``python -m harness.testing.rollout`` reads JSON ``[[task, seed, steps], …]`` from standard input and
writes ``{"task seed": [hash, …]}``, so that two processes can be compared.
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any

import gymnasium

from games.hashing import observation_hash
from harness import tasks


def rollout(env: gymnasium.Env[Any, Any], seed: int, steps: int) -> list[str]:
    """The hashes of a reset and of up to `steps` random actions, begun again where an episode ends."""
    dice = random.Random(seed)
    names = [action.name for action in env.get_wrapper_attr("actions")]
    raw, _ = env.reset(seed=seed)
    hashes = [observation_hash(raw)]
    for step in range(steps):
        action = env.get_wrapper_attr("decode")(dice.choice(names))
        raw, reward, terminated, truncated, _ = env.step(action)
        progress = env.get_wrapper_attr("progress")()
        hashes.append(observation_hash([raw, float(reward), progress.value]))
        if terminated or truncated:
            env.reset(seed=seed + step + 1)
    return hashes


def main() -> None:
    """Play what standard input asks for."""
    found = {}
    for task, seed, steps in json.load(sys.stdin):
        env = tasks.make(task)
        found[f"{task} {seed}"] = rollout(env, seed, steps)
        env.close()  # type: ignore[no-untyped-call]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
