"""What verifying a run costs beside stepping the bare environments: CPU time, one process.

``python benchmarks/verify.py [--quick] [--json]``. Runs are played with the agent `random` (`oracle` beside
it where a game has one) and with `direct` and a scripted model; then each is verified, and its episodes are
stepped bare: the adapter is made, reset and stepped as the harness does it, with the same seeds and actions,
and nothing is hashed, told, drawn or read. Both are done in turn, several times; a row has the shortest time
of each, and their ratio.
"""

import argparse
import asyncio
import json
import tempfile
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

GAMES = {
    "babyai": (("babyai/goto", "babyai/open"), "turn left,go forward,go forward,pick up,go forward", 128),
    "minihack": (
        ("minihack/MiniHack-Room-5x5-v0", "minihack/MiniHack-KeyRoom-S5-v0"),
        "east,north,search,west,south",
        100,
    ),
    "nethack": (("nethack/NetHackScore-v0",), "far east,search,north,far west,south", 400),
    "atari": (("atari/breakout",), "fire,left,right,noop,right", 200),
    "crafter": (("crafter/standard",), "move west,do,move north,do,move east", 100),
}
"""The tasks, what the scripted model says, and the most steps of an episode."""

AGENTS = {"random": (), "oracle": (), "direct": ("scripted",)}
ROUNDS, EPISODES = 7, 4
QUICK = (3, 2)


def play(game, agent, episodes, folder):
    """A run; None where the game has no oracle to play it."""
    import harness.run
    from harness.errors import InputError
    from harness.folder import RunFolder
    from harness.plan import make_plan
    from harness.spec import RunSpec
    from harness.stage import Threads

    harness.run.Workers = lambda most: Threads()  # quicker to start
    tasks, script, steps = GAMES[game]
    spec = RunSpec(
        tasks=tasks, agents=(agent,), models=tuple(f"{name}:{script}" for name in AGENTS[agent]),
        episodes=episodes, limits={"steps": steps},
    )  # fmt: skip
    try:
        plan = make_plan(spec)
    except InputError:
        return None
    run = RunFolder(folder)
    asyncio.run(harness.run.execute(spec, plan, run, run.open(spec, plan), harness.run.Watcher()))
    return folder


def script(run):
    """What the bare environments are to do: the tasks, seeds and actions of a run."""
    from harness.records import read_run

    return [
        (e.header.task, e.header.seed, [step.action for turn in e.turns for step in turn.steps])
        for e in read_run(run)
    ]


def bare(episodes):
    from harness import tasks

    for task, seed, actions in episodes:
        env = tasks.make(task)
        env.reset(seed=seed)
        decode = env.get_wrapper_attr("decode")
        for action in actions:
            env.step(decode(action))
        env.close()


def verified(run):
    from harness.verify import verify

    report = verify(run, workers=1)
    assert report.sound, [str(d) for episode in report.episodes for d in episode.differences]


def clock(function, argument):
    begun = time.process_time()
    function(argument)
    return time.process_time() - begun


def row(game, agent, run, rounds):
    episodes = script(run)
    times = [(clock(bare, episodes), clock(verified, run)) for _ in range(rounds)]
    quickest, ours = (min(found) for found in zip(*times, strict=True))
    return {
        "game": game,
        "task": " ".join(dict.fromkeys(task for task, _, _ in episodes)),
        "agent": agent,
        "episodes": len(episodes),
        "steps": sum(len(actions) for _, _, actions in episodes),
        "bare_seconds": round(quickest, 4),
        "verify_seconds": round(ours, 4),
        "ratio": round(ours / quickest, 3),
    }


def total(rows):
    bare_seconds, ours = (sum(row[name] for row in rows) for name in ("bare_seconds", "verify_seconds"))
    return {
        "game": "all",
        "task": "",
        "agent": "",
        "episodes": sum(row["episodes"] for row in rows),
        "steps": sum(row["steps"] for row in rows),
        "bare_seconds": round(bare_seconds, 4),
        "verify_seconds": round(ours, 4),
        "ratio": round(ours / bare_seconds, 3),
    }


def measure(rounds, episodes, games):
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for game in games:
            for agent in AGENTS:
                if run := play(game, agent, episodes, Path(folder) / f"{game}-{agent}"):
                    rows.append(row(game, agent, run, rounds))
        return [*rows, total(rows)]


def main():
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--quick", action="store_true", help="at most 45 seconds")
    options.add_argument("--json", action="store_true", help="a list of flat rows")
    options.add_argument("--game", action="append", choices=list(GAMES), help="only this; may be repeated")
    chosen = options.parse_args()
    rounds, episodes = QUICK if chosen.quick else (ROUNDS, EPISODES)
    rows = measure(rounds, episodes, chosen.game or GAMES)
    if chosen.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'game':10}{'agent':10}{'episodes':>9}{'steps':>8}{'bare s':>9}{'verify s':>10}{'ratio':>7}")
    for each in rows:
        print(
            f"{each['game']:10}{each['agent']:10}{each['episodes']:9}{each['steps']:8}"
            f"{each['bare_seconds']:9.3f}{each['verify_seconds']:10.3f}{each['ratio']:7.2f}"
        )


if __name__ == "__main__":
    main()
