"""Does a run keep a vLLM server busy? Its output tokens a second beside vLLM's own benchmark client.

Both send the same prompts with the same number of output tokens to the same server at the same
concurrency. The client streams; our answers are measured streamed and whole. The prefix cache is
emptied before each. The client is free to send any prompt at any time, while a run has to wait for an
answer before it can make the next prompt of an episode, and steps the environments; so the client's
figure is what the engine can do.

Needs an interpreter with vLLM, named by LUDOMETER_VLLM_PYTHON (`make .venv-vllm/.ready` makes one).
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from harness.folder import RunFolder
from harness.plan import make_plan
from harness.providers import _vllm_server as engine
from harness.records import read_run
from harness.run import Watcher, execute
from harness.spec import RunSpec
from harness.testing import engines

CONCURRENCY = 16
CLIENT = """
import argparse, asyncio
from vllm.benchmarks.serve import add_cli_args, main_async
parser = argparse.ArgumentParser()
add_cli_args(parser)
asyncio.run(main_async(parser.parse_args()))
"""
"""What `vllm bench serve` runs; the command itself looks for a package of another name on CPUs."""


class Order(Watcher):
    """Remembers in which order the turns ended."""

    def __init__(self):
        self.turns = []

    def turn(self, spec, record):
        self.turns.append((spec.id, record.index))


def spec(model: str, url: str, *, quick: bool, stream: bool) -> RunSpec:
    return RunSpec(
        tasks=("babyai/*",),
        agents=("direct(choices=false,history=window(turns=4))",),
        models=(f"vllm:{model}",),
        episodes=4 if quick else 8,
        limits={"steps": 2, "turns": 2} if quick else {"steps": 4, "turns": 4},
        sampling={"temperature": 0.0, "max_tokens": 16 if quick else 32},
        concurrency=CONCURRENCY,
        provider_options={"vllm": {"base_url": f"{url}/v1", "stream": stream}},
    )


async def run(asked: RunSpec, folder: Path) -> tuple[float, list[tuple[str, int]]]:
    """Seconds that a run takes, and the order of its turns."""
    plan, run_folder = make_plan(asked), RunFolder(folder)
    digest = run_folder.open(asked, plan)
    order, begun = Order(), time.perf_counter()
    result = await execute(asked, plan, run_folder, digest, order)
    assert not result.failed
    return time.perf_counter() - begun, order.turns


def requests(folder: Path, model: str, order: list[tuple[str, int]]) -> list[dict[str, object]]:
    """Every prompt as the server saw it, in the order of the run, and how long its answer was.

    In another order the client would find less in the prefix cache, which holds some of the episodes only.
    """
    from transformers import AutoTokenizer

    words = AutoTokenizer.from_pretrained(model)
    found = {}
    for episode in read_run(folder):
        for turn, call, messages in episode.requests():
            chat = [{"role": m.role, "content": "".join(p["text"] for p in m.parts)} for m in messages]
            prompt = words.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
            row = {"prompt": prompt, "output_tokens": call.usage.output}
            found[episode.header.episode, turn] = row
    return [found[place] for place in order]


def client(rows: list[dict[str, object]], url: str, model: str, folder: Path) -> dict[str, float]:
    """What vLLM's own benchmark client measures with the same requests."""
    data, script = folder / "requests.jsonl", folder / "client.py"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    script.write_text(CLIENT)
    options = {
        "backend": "openai", "base-url": url, "endpoint": "/v1/completions", "model": model,
        "dataset-name": "custom", "dataset-path": data, "num-prompts": len(rows), "custom-output-len": -1,
        "max-concurrency": CONCURRENCY, "temperature": 0,
        "result-dir": folder, "result-filename": "client.json",
    }  # fmt: skip
    flags = [str(text) for name, value in options.items() for text in (f"--{name}", value)]
    flags += ["--skip-chat-template", "--disable-shuffle", "--ignore-eos", "--save-result", "--disable-tqdm"]
    done = subprocess.run(
        [python(), str(script), *flags],
        capture_output=True,
        text=True,
        check=False,
        env=engine.environment(""),
    )
    if done.returncode:
        raise click.ClickException(done.stderr.strip().splitlines()[-1])
    return json.loads((folder / "client.json").read_text())


def python() -> str:
    named = os.environ.get("LUDOMETER_VLLM_PYTHON")
    if not named:
        raise click.ClickException(
            "LUDOMETER_VLLM_PYTHON is not set; make .venv-vllm/.ready makes an environment"
        )
    return named


async def counted(url: str) -> dict[str, float]:
    return engine.counters(await engine.get(f"{url}/metrics") or "")


def share_cached(before: dict[str, float], after: dict[str, float]) -> float:
    """The share of prompt tokens between two readings that came from the prefix cache."""
    hits, queries = (
        after[name] - before[name]
        for name in ("vllm:prefix_cache_hits_total", "vllm:prefix_cache_queries_total")
    )
    return round(hits / queries, 3)


async def emptied(url: str) -> None:
    import httpx2

    async with httpx2.AsyncClient(timeout=30, trust_env=False) as http:
        (await http.post(f"{url}/reset_prefix_cache")).raise_for_status()


async def measure(folder: Path, *, quick: bool) -> list[dict[str, object]]:
    model = str(engines.smollm2(Path(python()).parents[1] / "models" / "smollm2"))
    kind = engine.installed(python())
    # The emptying of the cache is offered in this mode only.
    settings = {**engine.environment(kind), "VLLM_SERVER_DEV_MODE": "1", "HF_HUB_OFFLINE": "1"}
    settings.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
    line = engine.command(python(), model, kind, CONCURRENCY, {"max-model-len": 4096})
    server = engine.Server(line, settings, folder / "server.log")
    await server.start(lambda said: click.echo(said, err=True), patience=300)
    url = str(server.url)
    try:
        rows = []
        for stream in (True,) if quick else (True, False):
            here = folder / f"run-{stream}"
            await emptied(url)
            before = await counted(url)
            seconds, order = await run(spec(model, url, quick=quick, stream=stream), here)
            between = await counted(url)
            asked = requests(here, model, order)
            await emptied(url)
            beside = await asyncio.to_thread(client, asked, url, model, folder)
            hits = share_cached(before, between), share_cached(between, await counted(url))
            rows.append(row(stream, asked, seconds, beside, hits))
        return rows
    finally:
        await server.stop()


def row(
    stream: bool,
    asked: list[dict[str, object]],
    seconds: float,
    beside: dict[str, float],
    hits: tuple[float, float],
) -> dict[str, object]:
    tokens = sum(int(str(each["output_tokens"])) for each in asked)
    assert beside["total_output_tokens"] == tokens, "the two did not write the same amount"
    return {
        "stream": stream,
        "concurrency": CONCURRENCY,
        "requests": len(asked),
        "output_tokens": tokens,
        "run_tokens_per_s": round(tokens / seconds, 1),
        "client_tokens_per_s": round(beside["output_throughput"], 1),
        "share": round(tokens / seconds / beside["output_throughput"], 3),
        "run_prefix_hits": hits[0],
        "client_prefix_hits": hits[1],
    }


@click.command()
@click.option("--quick", is_flag=True, help="Some 45 s, to which comes the start of the server.")
@click.option("--json", "as_json", is_flag=True, help="A list of flat rows.")
def main(quick: bool, as_json: bool) -> None:
    """Compare a run's output tokens a second with those of vLLM's own benchmark client."""
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(measure(Path(folder), quick=quick))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for each in rows:
        click.echo(", ".join(f"{name} {value}" for name, value in each.items()))


if __name__ == "__main__":
    sys.exit(main())
