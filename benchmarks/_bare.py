"""What no harness could avoid: the same requests through the bare provider, the same actions in bare worlds.

Both are read from a run's recorded episodes, and take one process and nothing else of ours: no records, no
histories, no retries. Functions here are run in a process of their own.
"""

from __future__ import annotations

import asyncio
import time
from itertools import islice
from pathlib import Path

from harness.api import Host, Message, Request, Sampling, Text
from harness.records import Episode, read_episode


def _episodes(folder: str, most: int) -> list[Episode]:
    files = islice(sorted((Path(folder) / "episodes").rglob("*.jsonl")), most)
    return [episode for path in files if (episode := read_episode(path)) is not None]


def _requests(folder: str, most: int) -> list[Request]:
    """Every request of the run's first episodes, as it was sent."""
    found = []
    for episode in _episodes(folder, most):
        for turn, call, messages in episode.requests():
            told = tuple(
                Message(message.role, tuple(Text(part["text"]) for part in message.parts))
                for message in messages
            )
            sampling = Sampling(**call.request.sampling)
            found.append(Request(told, call.request.choices, sampling, episode="bare", turn=turn or 0))
    return found


def provider(url: str, concurrency: int, folder: str, most: int) -> dict[str, float]:
    """CPU milliseconds a call of the provider (the SDK's call, asked from here), and calls a second."""
    from harness.providers.openai import OpenAIProvider

    requests = _requests(folder, most)

    async def ask() -> dict[str, float]:
        bare = OpenAIProvider("fake", base_url=f"{url}/v1")
        await bare.connect(Host(concurrency=concurrency))
        queue = iter(requests[:concurrency])

        async def some() -> None:
            for request in queue:
                await bare.asked(request)

        await asyncio.gather(*(some() for _ in range(concurrency)))  # connections are made
        queue = iter(requests)
        cpu, begun = time.process_time(), time.perf_counter()
        await asyncio.gather(*(some() for _ in range(concurrency)))
        cpu, seconds = time.process_time() - cpu, time.perf_counter() - begun
        await bare.aclose()
        return {"ms": 1000 * cpu / len(requests), "calls_per_s": len(requests) / seconds}

    return asyncio.run(ask())


def world(folder: str, most: int) -> float:
    """CPU milliseconds a turn of making, resetting and stepping the worlds, words included."""
    from harness.world import World

    turns, cpu = 0, 0.0
    for number, episode in enumerate(_episodes(folder, most)):
        begun = time.process_time()
        played = World(episode.header.task)
        played.reset(episode.header.seed)
        for turn in episode.turns:
            for step in turn.steps:
                played.step(step.action)
        played.close()
        if number:  # the first one imports the engine
            turns += len(episode.turns)
            cpu += time.process_time() - begun
    return 1000 * cpu / turns
