"""An environment that does nothing but wait: ``gymnasium:_waiting:Waiting-v0`` blocks 50 ms in each step."""

import time

import gymnasium
import numpy as np
from gymnasium import spaces

SECONDS = 0.05


class Waiting(gymnasium.Env):
    def __init__(self):
        self.observation_space = spaces.Discrete(1_000_000)
        self.action_space = spaces.Discrete(4)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._steps = 0
        return np.int64(0), {}

    def step(self, action):
        time.sleep(SECONDS)
        self._steps += 1
        return np.int64(self._steps), 0.0, False, False, {}


gymnasium.register("Waiting-v0", Waiting, max_episode_steps=1000, reward_threshold=1.0)
