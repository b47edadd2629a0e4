"""Why our random scores differ from the published ones: random play under other settings.

``python benchmarks/atari_random_variants.py [--quick] [--json] [GAME …]``. Mnih et al. 2015 chose random
actions at 10 Hz (every sixth frame) without sticky actions, after up to 30 frames of no action; `machado`
chooses every fourth frame with sticky actions 0.25. Each row is the mean of full episodes of one setting.
"""

import argparse
import json

import ale_py
import numpy as np
from ale_py import roms
from scipy import stats

SETTINGS = {"machado": (0.25, 4, 0), "no sticky": (0.0, 4, 30), "10 Hz": (0.0, 6, 30)}


def play(ale, dice, frames_a_step, noops):
    ale.reset_game()
    actions = ale.getMinimalActionSet()
    score, frames = 0.0, 0
    for _ in range(int(dice.integers(1, noops + 1)) if noops else 0):
        score += ale.act(ale_py.Action.NOOP)
    while not ale.game_over() and frames < 108_000:
        action = actions[dice.integers(len(actions))]
        for _ in range(frames_a_step):
            score += ale.act(action)
            frames += 1
    return score


def measure(game, setting, episodes):
    sticky, frames_a_step, noops = SETTINGS[setting]
    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    ale = ale_py.ALEInterface()
    ale.setInt("random_seed", 1)
    ale.setFloat("repeat_action_probability", sticky)
    ale.loadROM(roms.get_rom_path(game))
    dice = np.random.default_rng(1)
    found = [play(ale, dice, frames_a_step, noops) for _ in range(episodes)]
    half = stats.t.ppf(0.975, episodes - 1) * stats.sem(found)
    mean = float(np.mean(found))
    return {
        "game": game,
        "setting": setting,
        "mean": round(mean, 2),
        "low": round(mean - float(half), 2),
        "high": round(mean + float(half), 2),
        "episodes": episodes,
    }


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("games", nargs="*", default=["pong", "ms_pacman", "asterix"])
    options.add_argument("--quick", action="store_true")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    episodes = 5 if chosen.quick else 100
    rows = []
    for game in chosen.games:
        for setting in SETTINGS:
            rows.append(measure(game, setting, episodes))
            if not chosen.json:
                print(",".join(str(value) for value in rows[-1].values()), flush=True)
    if chosen.json:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
