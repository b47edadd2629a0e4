"""What an adapter costs a step, side by side with the bare engine: one process, interleaved rounds.

``python benchmarks/adapters.py [--quick] [--json]``. Each row has the bare environment's step, ours with the
observation in words, ours with the picture, in milliseconds, and what the words add.
"""

import argparse
import json
import random
import re
import statistics
import time
import warnings

warnings.simplefilter("ignore")

ROUNDS, STEPS = 7, 200
QUICK = (7, 50)


def clock(step, reset, actions, steps):
    """Milliseconds a step over a random walk; resets are not counted."""
    dice, spent = random.Random(0), 0.0
    reset()
    for _ in range(steps):
        action = dice.choice(actions)
        begun = time.perf_counter()
        over = step(action)
        spent += time.perf_counter() - begun
        if over:
            reset()
    return 1000 * spent / steps


def ours(task, mode):
    """Our environment as the harness plays it: step, observe and, for a picture, render."""
    from harness import tasks

    env = tasks.make(task, image=mode == "image")
    seeds = iter(range(10**9))

    def step(action):
        raw, _, over, cut, info = env.step(action)
        if mode != "step":
            env.observe(raw, info)
        if mode == "image":
            env.render()
        return over or cut

    values = [action.value for action in env.actions]
    return step, lambda: env.reset(seed=next(seeds)), values


def gym_env(env, values):
    seeds = iter(range(10**9))

    def step(action):
        _, _, over, cut, _ = env.step(action)
        return over or cut

    return step, lambda: env.reset(seed=next(seeds)), values


def bare_atari(game):
    """ale-py's own environment with the memory for an observation: no picture is drawn."""
    import ale_py
    import gymnasium

    gymnasium.register_envs(ale_py)
    env = gymnasium.make(f"ALE/{game}-v5", obs_type="ram", disable_env_checker=True).unwrapped
    return gym_env(env, list(range(env.action_space.n)))


def bare_nethack():
    """nle's environment with the arrays that ours reads."""
    from nle.env.tasks import NetHackScore

    from games.nethack._engine import SETTINGS

    env = NetHackScore(**SETTINGS)
    return gym_env(env, list(range(1, 17)))


def nethack_ours(mode):
    step, reset, _ = ours("nethack/NetHackScore-v0", mode)
    from games.nethack._keys import DIRECTIONS

    return step, reset, [*DIRECTIONS, *(f"far {name}" for name in DIRECTIONS)]


def bare_crafter():
    import crafter

    env = crafter.Env(seed=1)

    def step(action):
        return env.step(action)[2]

    return step, env.reset, list(range(17))


SIX = ("Pong", "Breakout", "SpaceInvaders", "Seaquest", "MsPacman", "Freeway")
NINE = (
    "Asterix",
    "Bowling",
    "Boxing",
    "Frostbite",
    "Kangaroo",
    "MontezumaRevenge",
    "Qbert",
    "Skiing",
    "Tennis",
)


def cases(games):
    """Name and three ways to play: bare, ours in words, ours with the picture."""
    for game in games:
        task = "atari/" + re.sub(r"(?<=.)([A-Z])", r"_\1", game).lower()
        yield task, bare_atari(game), ours(task, "text"), ours(task, "image")
    yield "nethack/NetHackScore-v0", bare_nethack(), nethack_ours("text"), nethack_ours("image")
    yield (
        "crafter/standard",
        bare_crafter(),
        ours("crafter/standard", "text"),
        ours("crafter/standard", "image"),
    )


def measure(rounds, steps, games):
    """The rows."""
    rows = []
    for task, *players in cases(games):
        times = [[], [], []]
        for _ in range(rounds):
            for found, player in zip(times, players, strict=True):
                found.append(clock(*player, steps))
        # A round plays all three in turn, so that a busy moment of the machine falls on each of them.
        bare, text, image = (statistics.median(found) for found in times)
        ratio = statistics.median(ours / theirs for theirs, ours in zip(times[0], times[1], strict=True))
        rows.append(
            {
                "task": task,
                "bare_ms": round(bare, 4),
                "text_ms": round(text, 4),
                "image_ms": round(image, 4),
                "added_ms": round(text - bare, 4),
                "added_percent": round(100 * (ratio - 1), 1),
                "image_over_text": round(image / text, 1),
            }
        )
    return rows


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="at most 45 seconds")
    options.add_argument("--json", action="store_true", help="a list of flat rows")
    chosen = options.parse_args()
    rows = measure(*QUICK, SIX) if chosen.quick else measure(ROUNDS, STEPS, SIX + NINE)
    if chosen.json:
        print(json.dumps(rows, indent=1))
        return
    heads = ("bare ms", "text ms", "adds ms", "adds %", "image ms", "image/text")
    print(f"{'task':28}" + "".join(f"{head:>11}" for head in heads))
    for row in rows:
        print(
            f"{row['task']:28}{row['bare_ms']:11.3f}{row['text_ms']:11.3f}{row['added_ms']:11.3f}"
            f"{row['added_percent']:11.1f}"
            f"{row['image_ms']:11.3f}{row['image_over_text']:11.1f}"
        )


if __name__ == "__main__":
    main()
