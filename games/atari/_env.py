"""The emulator as a Gymnasium environment, under a named protocol.

| | machado | atari100k | atari-gpt |
|---|---|---|---|
| sticky actions | probability 0.25 in each frame | none | none |
| start | as the game starts | 1 to 30 frames of no action, by the seed | the same |
| frames a step | 4 | 4 | 4 |
| the end | game over, or 108,000 frames | the same | 1,000 steps; a game that is over starts again |

`machado` follows Machado et al. 2018, "Revisiting the Arcade Learning Environment" (sticky actions,
no end at a lost life, full-length episodes); `atari100k` is the evaluation without sticky actions that
Atari-100k results use; `atari-gpt` counts the reward of 1,000 steps whatever the number of games played in
them, as Atari-GPT does (arXiv 2408.15950). All take the game's minimal set of actions. In none a lost
life ends the episode.

Progress is the human-normalised score, (score − random) / (human − random), within [0, 1]; the parts
hold it unbounded, with the score, the frames and the lives, and once more with the random that this
project measured, where it did. References are means of full episodes (google-deepmind/dqn_zoo,
`dqn_zoo/atari_data.py`; 57 games), so the score of a part of an episode must not be held against them:
until the game is over by itself, or if a shorter limit cuts it off, progress is 0 and so is ``measured``
in its parts. The same holds for a game without a reference, and for `atari-gpt`, of which no human score
is published; its parts hold the ``random_score`` that this project measured under the same protocol.
"""

from __future__ import annotations

import csv
import pickle
import threading
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

import ale_py
import numpy as np
from ale_py import roms
from gymnasium import spaces
from numpy.typing import NDArray

from games.api import Action, Brief, GameEnv, Observation, Progress
from games.atari import STEPS
from games.atari._trackers import tracker
from games.atari._words import describe
from games.atari.tables import table

_FRAMES_A_STEP = 4
_MOST_FRAMES = 108_000
_STICKY = {"machado": 0.25, "atari100k": 0.0, "atari-gpt": 0.0}
_MOST_NOOPS = 30
_loading = threading.Lock()

_WAITS = {
    "bank_heist": "moving",
    "bowling": "fire",
    "breakout": "fire",
    "donkey_kong": "fire",
    "human_cannonball": "fire",
    "tennis": "fire",
}
"""Games that stand still until a button is pressed (the ALE's documentation, environments.md)."""


def _rows(file: str) -> Iterator[dict[str, str]]:
    text = (resources.files(__package__) / file).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())


@cache
def _measured(file: str) -> Mapping[str, float]:
    """Mean scores of random play that this project measured, by game (`benchmarks/atari_random.py`)."""
    return {row["game"]: float(row["random"]) for row in _rows(file)}


@cache
def _references() -> Mapping[str, tuple[float, float]]:
    return {row["game"]: (float(row["random"]), float(row["human"])) for row in _rows("human_random.csv")}


def _named(action: Any) -> Action:
    """``Action.UPRIGHTFIRE`` → ``up right fire``."""
    words = action.name.lower()
    for part in ("up", "down", "left", "right"):
        words = words.replace(part, f"{part} ")
    name = words.strip()
    if name == "noop":
        return Action("noop", "press nothing", action.value, ("wait", "no-op", "nothing"))
    stick = name.replace("fire", "").strip()
    text = f"push the joystick {stick.replace(' ', ' and ')}" if stick else ""
    button = "press the button" if "fire" in name else ""
    return Action(name, " and ".join(part for part in (text, button) if part), action.value)


class AtariGame(GameEnv):
    """One game.

    Raw: a dict of the console's memory (``ram``, and ``before`` it the step: 128 bytes each), the lives and
    the score.

    The picture (usually 210 × 160 × 3) is drawn by `render()` when it is asked for.
    """

    def __init__(self, name: str, protocol: str, *, image: bool = False) -> None:
        # The emulator's settings are those of the process while a ROM is loaded.
        with _loading:
            ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
            self._ale = ale_py.ALEInterface()
            self._load(name, 0, _STICKY[protocol])
        self._name = name
        self._protocol = protocol
        self._score = 0.0
        self._frames = 0
        self._pools = image
        self._frame_before: NDArray[np.uint8] | None = None
        self.render_mode = "rgb_array"
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": 15}
        self._table = table(name)
        self._steps, self._tracker = 0, tracker(name)
        self._before = np.zeros(128, dtype=np.uint8)
        self.max_steps = STEPS[protocol]
        self.frame_rate = 60.0
        self._running = False
        self.actions = tuple(_named(action) for action in self._ale.getMinimalActionSet())
        self.action_space = spaces.Discrete(18)
        self.observation_space = spaces.Dict(
            {
                "ram": spaces.Box(0, 255, (128,), np.uint8),
                "before": spaces.Box(0, 255, (128,), np.uint8),
                "lives": spaces.Discrete(256),
                "score": spaces.Discrete(2**31, start=-(2**30)),
            }
        )

    def _load(self, name: str, seed: int, sticky: float) -> None:
        self._ale.setInt("random_seed", seed)
        self._ale.setFloat("repeat_action_probability", sticky)
        self._ale.loadROM(roms.get_rom_path(name))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start the game of a seed: the emulator takes its seed when it loads the ROM."""
        chosen = self._seeded(seed)
        with _loading:
            self._load(self._name, chosen, _STICKY[self._protocol])
        self._ale.reset_game()
        self._score, self._frames, self._frame_before = 0.0, 0, None
        self._steps, self._tracker = 0, tracker(self._name)
        if self._protocol != "machado":
            for _ in range(int(np.random.default_rng(chosen).integers(1, _MOST_NOOPS + 1))):
                self._frame(ale_py.Action.NOOP)
            self._frames = 0  # the episode, and its limit, begin after them
        self._before = self._ale.getRAM()
        self._running = (options or {}).get("clock") == "running"
        return self._raw(), {}

    def wait(self, frames: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Frames with nothing pressed, while the player thinks; the 1,000 steps of `atari-gpt` go on."""
        reward, frame = 0.0, 0
        self._before = self._ale.getRAM()
        while frame < frames and not self._ale.game_over() and self._frames < _MOST_FRAMES:
            self._frame_before = self._screen() if self._pools and frame == frames - 1 else None
            reward += self._frame(ale_py.Action.NOOP)
            frame += 1
        over = bool(self._ale.game_over())
        if over and self._protocol == "atari-gpt":
            self._ale.reset_game()
            over = False
        return self._raw(), reward, over, bool(self._frames >= _MOST_FRAMES and not over), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Four frames of an action, rewards added; fewer where the game ends in between."""
        reward = 0.0
        self._frame_before = None
        self._before = self._ale.getRAM()
        self._steps += 1
        pressed = ale_py.Action(int(action))
        for frame in range(_FRAMES_A_STEP):
            reward += self._frame(pressed)
            if self._ale.game_over():
                break
            if self._pools and frame == _FRAMES_A_STEP - 2:
                self._frame_before = self._screen()
        over = bool(self._ale.game_over())
        if self._protocol == "atari-gpt":
            if over:
                self._ale.reset_game()
            return self._raw(), reward, False, self._steps >= self.max_steps, {}
        return self._raw(), reward, over, bool(self._frames >= _MOST_FRAMES and not over), {}

    def _frame(self, action: Any) -> float:
        reward = float(self._ale.act(action))
        self._score += reward
        self._frames += 1
        return reward

    def render(self) -> NDArray[np.uint8]:  # type: ignore[override]
        """The last two frames, the brighter of each pixel's channels.

        Many games draw some things only in every other frame, which four frames a step would never show
        (Mnih et al. 2015, "Human-level control through deep reinforcement learning", pool the same way).
        """
        screen = self._screen()
        return screen if self._frame_before is None else np.maximum(screen, self._frame_before)

    def _screen(self) -> NDArray[np.uint8]:
        return np.asarray(self._ale.getScreenRGB(), dtype=np.uint8)

    def brief(self) -> Brief:
        """The game, its protocol and what starts it."""
        facts = {
            "name": self._name.replace("_", " "),
            "protocol": self._protocol,
            "sticky": _STICKY[self._protocol],
            "frames": _FRAMES_A_STEP,
            "running": self._running,
            "waits": _WAITS.get(self._name),
            "layout": self._table.LAYOUT if self._table is not None else "",
        }
        return Brief("games/atari.j2", facts, "manuals/atari.j2")

    def observe(self, raw: Any, info: Mapping[str, Any]) -> Observation:
        """The objects in words where the game has a table; else the picture is the observation."""
        return describe(raw, self._table) if self._table is not None else Observation()

    def progress(self) -> Progress:
        """See the module's words on progress."""
        parts = {"score": self._score, "frames": float(self._frames), "lives": float(self._ale.lives())}
        if self._protocol == "atari-gpt":
            own = _measured("random_1000_steps.csv").get(self._name)
            beside = {} if own is None else {"random_score": own}
            return Progress(0.0, {**parts, **beside, "measured": 0.0})
        whole = self._ale.game_over() or self._frames >= _MOST_FRAMES
        if not whole or self._name not in _references():
            return Progress(0.0, {**parts, "measured": 0.0})
        return self._normalised(parts)

    def _normalised(self, parts: dict[str, float]) -> Progress:
        random, human = _references()[self._name]
        value = (self._score - random) / (human - random)
        own = _measured("random_machado.csv").get(self._name)
        beside = {} if own is None else {"by_own_random": (self._score - own) / (human - own)}
        found = {**parts, **beside, "measured": 1.0, "human_normalised": value}
        return Progress(min(1.0, max(0.0, value)), found)

    def oracle(self) -> str:
        """A tracker's next action, from the objects alone (Pong and Breakout)."""
        assert self._tracker is not None  # noqa: S101 - offered only for games that have one
        return self._tracker.act(self._raw())

    def checkpoint(self) -> bytes:
        """The emulator's state, its random generator's included."""
        state = self._ale.cloneState(include_rng=True)
        return pickle.dumps((state, self._score, self._frames, self._steps, self._before))

    def restore(self, state: bytes) -> None:
        """Take over a checkpoint. Bytes of another source must not be given."""
        # Checkpoints live in memory only and are never read from a run folder.
        kept = pickle.loads(state)  # noqa: S301
        emulator, self._score, self._frames, self._steps, self._before = kept
        # Some state of the console is set up by the first frame only, and a clone does not hold it.
        self._ale.act(ale_py.Action.NOOP)
        self._ale.restoreState(emulator)
        self._frame_before = None

    def _raw(self) -> dict[str, Any]:
        return {
            "ram": self._ale.getRAM(),
            "before": self._before,
            "lives": int(self._ale.lives()),
            "score": int(self._score),
        }
