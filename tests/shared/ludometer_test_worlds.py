"""Environments that misbehave, for tests: registered when the module is imported, in workers too."""

import ctypes
import os
import signal
import time
from pathlib import Path

import gymnasium
import numpy as np

CALM, CRASH, HANG, RAISE = range(4)


def hostile(evil, *, then=None):
    """A class of environments that show `evil`, have an action of that name, and show `then` after a step."""

    class Hostile(gymnasium.Env):
        observation_space = gymnasium.spaces.Text(100)
        action_space = gymnasium.spaces.Discrete(2)

        def get_action_meanings(self):
            return ["stay", evil]

        def reset(self, *, seed=None, options=None):
            return evil, {}

        def step(self, action):
            return evil if then is None else then, 0.0, False, False, {}

    return Hostile


class Counter(gymnasium.Env):
    """Counts its steps; `action` says what else happens."""

    observation_space = gymnasium.spaces.Discrete(10_000)
    action_space = gymnasium.spaces.Discrete(4)

    def get_action_meanings(self):
        return ["calm", "crash", "hang", "raise"]

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return self._seen(), {}

    def step(self, action):
        if action == CRASH:
            ctypes.string_at(0)  # a real one: it strikes the thread that reads there
        if action == HANG:
            time.sleep(600)
        if action == RAISE:
            raise RuntimeError("the engine does not like this")
        self.count += 1
        return self._seen(), 1.0, self.count >= 8, False, {}

    def _seen(self):
        return self.count


class Once(Counter):
    """Takes its worker down in the fourth step of the first process that gets there."""

    def step(self, action):
        flag = Path(os.environ["LUDOMETER_TEST_FLAG"])
        if self.count == 3 and not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)
        return super().step(action)


class Loose(Counter):
    """Never the same twice; its state can be kept."""

    savable = True

    def reset(self, *, seed=None, options=None):
        self.secret = int.from_bytes(os.urandom(1))
        return super().reset(seed=seed)

    def _seen(self):
        return self.count * 256 + self.secret

    def checkpoint(self):
        return np.array([self.count, self.secret], dtype="<i8").tobytes()

    def restore(self, state):
        self.count, self.secret = np.frombuffer(state, dtype="<i8").tolist()


class Drawn(Loose):
    """Never the same twice, its state and its pictures can be kept."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 1}

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def render(self):
        return np.full((8, 8, 3), (self.secret, self.count, 0), dtype=np.uint8)


class Lost(Loose):
    """Never the same twice, and nothing to go on from."""

    savable = False


class Blocking(Counter):
    """Takes 50 ms a step and gives the processor to nobody."""

    def step(self, action):
        time.sleep(0.05)
        return super().step(action)


def pid_of(world):
    """The process that a world lives in."""
    return os.getpid()


def say(world, words):
    """Print, as engines do."""
    print(words, flush=True)  # noqa: T201


def nap(world, seconds):
    """Do nothing for a while, in the world's place."""
    time.sleep(seconds)


for name, world in (("Counter", Counter), ("Once", Once), ("Blocking", Blocking)):
    gymnasium.register(f"Test{name}-v0", world, max_episode_steps=8)
for name, world in (("Loose", Loose), ("Drawn", Drawn), ("Lost", Lost)):
    gymnasium.register(f"Test{name}-v0", world, max_episode_steps=8, nondeterministic=True)
