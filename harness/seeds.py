"""Public, indexed seeds: the same for every model, so that comparisons are paired."""

from __future__ import annotations

import hashlib


def episode_seed(suite: str, version: str, task: str, index: int) -> int:
    """The seed of the episode with this index: 31 bits of a hash, the same on every machine.

    31 bits because some engines take no more. A perturbed task has the seed of its plain task.
    """
    text = "\x1f".join((suite, version, task, str(index)))
    digest = hashlib.blake2b(text.encode(), digest_size=8, person=b"ludometer-seed").digest()
    return int.from_bytes(digest, "big") & 0x7FFF_FFFF


def derive(seed: int, *parts: object) -> int:
    """A 63-bit seed for a purpose within an episode (a turn, an agent's own dice)."""
    text = "\x1f".join((str(seed), *map(str, parts)))
    digest = hashlib.blake2b(text.encode(), digest_size=8, person=b"ludometer-sub").digest()
    return int.from_bytes(digest, "big") >> 1
