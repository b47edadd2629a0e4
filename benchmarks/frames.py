"""Frames a second of each engine, bare and through its adapter.

``python benchmarks/frames.py [--quick] [--json]``. Bare is the engine's own package, told to run as many
frames in one call as a step takes, with a button held; through the adapter it is `FrameGame.step` with the
same input, milestones, raw observation and all, without words and pictures. Both take turns, several times; a
row has the best of each, and its share.
"""

import argparse
import io
import json
import time
import warnings
from contextlib import suppress

warnings.simplefilter("ignore")

FRAMES = {"gameboy": 16, "retro": 16, "doom": 8}
"""Frames of a step, as the tasks have them."""


def gameboy():
    """PyBoy with our own game, and its task."""
    from pyboy import PyBoy

    from games.frames import read_spec
    from games.gameboy import gameboy as plugin
    from games.gameboy._engine import rom

    boy = PyBoy(
        io.BytesIO(rom(read_spec("games.gameboy", "lowtide"))),
        window="null",
        sound_emulated=False,
        log_level="CRITICAL",
    )
    boy.set_emulation_speed(0)

    def bare(frames):
        boy.button_press("right")
        boy.tick(frames, False, False)
        boy.button_release("right")

    return bare, None, plugin.make("gameboy/lowtide"), "right", lambda: boy.stop(save=False)


def retro():
    """stable-retro with Airstriker, and its task."""
    import stable_retro

    from games.retro import retro as plugin

    env = stable_retro.make("Airstriker-Genesis-v0", render_mode="rgb_array")
    env.reset()
    held = env.action_space.sample() * 0
    held[7] = 1

    def bare(frames):
        for _ in range(frames):
            env.step(held)

    return bare, None, plugin.make("retro/airstriker"), "right", env.close


def doom():
    """ViZDoom with the scenario `basic`, and its task."""
    import vizdoom

    from games.doom import doom as plugin

    game = vizdoom.DoomGame()
    game.load_config(f"{vizdoom.scenarios_path}/defend_the_center.cfg")
    game.set_window_visible(False)
    game.set_screen_resolution(vizdoom.ScreenResolution.RES_320X240)
    game.set_labels_buffer_enabled(True)
    game.set_objects_info_enabled(True)
    game.set_episode_timeout(0)
    game.init()

    def bare(frames):
        game.make_action([1, 0, 0], frames)
        game.get_state()
        return game.is_episode_finished()

    return bare, game.new_episode, plugin.make("doom/defend-the-center"), "left", game.close


ENGINES = {"gameboy": gameboy, "retro": retro, "doom": doom}


def measure(name, seconds):
    """Frames a second: bare and through the adapter, the best of five turns each."""
    bare, fresh, env, button, close = ENGINES[name]()
    frames = FRAMES[name]
    line = env.decode(f"{button} {frames}")
    rates = {"bare": [], "adapter": []}
    env.reset(seed=0)

    def stepped(count):
        _, _, over, cut, _ = env.step(line)
        return over or cut

    for _ in range(5):
        for kind, function, again in (("bare", bare, fresh), ("adapter", stepped, lambda: env.reset(seed=0))):
            spent, count = 0.0, 0
            while spent < seconds:
                begun = time.perf_counter()
                over = function(frames)
                spent += time.perf_counter() - begun
                count += 1
                if over:  # beginning anew is no frame
                    again()
            rates[kind].append(count * frames / spent)
    env.close()
    with suppress(Exception):
        close()
    best = {kind: max(found) for kind, found in rates.items()}
    return {
        "engine": name,
        "frames_a_step": frames,
        "bare": round(best["bare"]),
        "adapter": round(best["adapter"]),
        "share": round(best["adapter"] / best["bare"], 3),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="at most 45 s")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = [measure(name, 0.6 if given.quick else 3.0) for name in ENGINES]
    if given.json:
        print(json.dumps(rows))
        return
    print(f"{'engine':<10} {'frames/step':>11} {'bare':>8} {'adapter':>8} {'share':>7}")
    for row in rows:
        print(
            f"{row['engine']:<10} {row['frames_a_step']:>11} {row['bare']:>8} {row['adapter']:>8} "
            f"{row['share']:>7.1%}"
        )


if __name__ == "__main__":
    main()
