"""What each agent costs a step: completions, and tokens in, out of the cache, and out.

``python benchmarks/agents.py [--quick] [--json] [--task TASK] [--model P:M]``. Every agent with a model plays
two episodes; its own calls between episodes are counted with them. With ``--quick`` the model is scripted,
and tokens are words.
"""

import argparse
import asyncio
import json
import tempfile
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

TASK, STEPS, TOKENS = "babyai/putnext", 3, 24
SCRIPT = "scripted:turn left,go forward,turn right,go forward"


def demonstrations(task, folder):
    from harness.demonstrations import SERIES, by_oracle, write
    from harness.seeds import episode_seed

    write(
        folder / "demos.jsonl", [by_oracle(task, episode_seed(SERIES, "", task, 0), observe="text", steps=10)]
    )
    return json.dumps(str(folder / "demos.jsonl"))


def agents(task, folder):
    """Every agent with a model, with histories beside the default where they change what it costs."""
    from harness import plugins

    for name in plugins.names("agents"):
        if plugins.load("agents", name).needs_model:
            settings = f"(demos={demonstrations(task, folder)})" if name == "few-shot" else ""
            yield name + settings
    yield from (
        "direct(history=diff)",
        "direct(history=window)",
        "direct(history=summary(tokens=1200,summary=200))",
    )


def rows(task, model, steps):
    from harness.folder import RunFolder
    from harness.plan import make_plan
    from harness.records import read_run
    from harness.run import Watcher, execute
    from harness.spec import RunSpec

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for agent in agents(task, folder):
            spec = RunSpec(
                tasks=(task,), agents=(agent,), models=(model,), episodes=2,
                limits={"steps": steps}, sampling={"max_tokens": TOKENS},
            )  # fmt: skip
            plan, run = make_plan(spec), RunFolder(folder / str(abs(hash(agent))))
            asyncio.run(execute(spec, plan, run, run.open(spec, plan), Watcher()))
            yield row(agent.partition("(demos")[0], task, model, read_run(run.path))


def row(agent, task, model, episodes):
    calls = [call for episode in episodes for call in episode.calls]
    turns = sum(len(episode.turns) for episode in episodes)
    used = [call.usage for call in calls]
    return {
        "agent": agent,
        "task": task,
        "model": model,
        "turns": turns,
        "calls_per_turn": round(len(calls) / turns, 2),
        "input_per_turn": round(sum(usage.input for usage in used) / turns),
        "cached_share": round(sum(u.cached for u in used) / max(1, sum(u.input for u in used)), 3),
        "output_per_turn": round(sum(usage.output for usage in used) / turns, 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a scripted model")
    parser.add_argument("--json", action="store_true", help="a list of flat rows")
    parser.add_argument("--task", default=TASK)
    parser.add_argument("--model", default="embedded")
    given = parser.parse_args()
    found = rows(given.task, SCRIPT if given.quick else given.model, STEPS)
    if given.json:
        print(json.dumps(list(found)))
        return
    print("| agent | calls a turn | input tokens a turn | of them cached | output tokens a turn |")
    print("|---|---|---|---|---|")
    for each in found:
        cells = (each["agent"], each["calls_per_turn"], each["input_per_turn"])
        share = f"{each['cached_share']:.0%}"
        print(f"| {' | '.join(map(str, cells))} | {share} | {each['output_per_turn']} |", flush=True)


if __name__ == "__main__":
    main()
