"""A Gymnasium environment with words around it.

Progress. There is no measure that all environments share, and a made-up one would be a lie. Where the
registration states a positive `reward_threshold` (the return at which it counts as solved), progress is
the return so far as a share of it, within [0, 1]; with a threshold of zero or less it is 1 once an
episode is over with at least that return. Where there is none, a `success` or `is_success` in `info`
decides; where there is none of these either, progress stays 0, ``measured`` in its parts is 0, and the
return stands beside it.
"""

from __future__ import annotations

import difflib
import importlib
import json
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from games.api import Brief, GameEnv, Observation, Progress, Section, Starts, TaskInfo, UnknownAction
from games.gym._spaces import bounds, has_words, is_picture, lines, read_numbers, vocabulary

_STEPS = 1000
"""The limit where the registration states none."""


def describe(task: str) -> TaskInfo:
    """What the registration and a built environment say of an id."""
    env = build(task, image=False)
    try:
        spec = env.spec
        nondeterministic = bool(spec is not None and spec.nondeterministic)
        return TaskInfo(
            task=task,
            game="gymnasium",
            text=has_words(env.observation_space),
            image=is_picture(env.observation_space) or "rgb_array" in env.metadata.get("render_modes", []),
            deterministic=not nondeterministic,
            starts=Starts.FEW,  # no promise: nothing was measured
            max_steps=env.max_steps,
        )
    finally:
        env.close()


def build(task: str, *, image: bool) -> AnyGame:
    """The environment of an id.

    Raises:
        ValueError: the id is unknown, does not build, or its spaces cannot be put into words.
    """
    module, colon, name = task.partition("/")[2].rpartition(":")
    try:
        if colon:  # `my_package:MyEnv-v0`: the import registers it
            importlib.import_module(module)
        spec = gymnasium.spec(name)
        options: dict[str, Any] = {}
        if image and "rgb_array" in _modes(spec):
            options["render_mode"] = "rgb_array"
        if not spec.max_episode_steps:
            options["max_episode_steps"] = _STEPS
        env = gymnasium.make(name, disable_env_checker=True, **options)
    except gymnasium.error.Error as error:
        near = difflib.get_close_matches(name, list(gymnasium.registry), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"gymnasium has no environment {name!r} that can be built ({_line(error)}){hint}"
        ) from None
    except (ImportError, TypeError) as error:
        raise ValueError(f"gymnasium environment {name!r} does not build: {_line(error)}") from None
    if not has_words(env.observation_space) and not is_picture(env.observation_space):
        kind = type(env.observation_space).__name__
        raise ValueError(f"{task}: observations of this {kind} space can neither be told nor shown")
    return AnyGame(env, task)


def _modes(spec: Any) -> list[str]:
    entry = spec.entry_point  # a class, or where to import it from
    if isinstance(entry, str):
        entry = gymnasium.envs.registration.load_env_creator(entry)
    return list((getattr(entry, "metadata", None) or {}).get("render_modes", []))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


class AnyGame(GameEnv):
    """Raw observations are the environment's own."""

    def __init__(self, env: Any, task: str) -> None:
        self._env = env
        self._task = task
        self._return = 0.0
        self._over = False
        self._success: bool | None = None
        self.observation_space = env.observation_space
        self.action_space = env.action_space
        self.metadata = env.metadata
        self.render_mode = env.render_mode
        self.spec = env.spec
        self.max_steps = int(env.spec.max_episode_steps or _STEPS)
        self.free_text = not isinstance(env.action_space, gymnasium.spaces.Discrete)
        meanings = getattr(env.unwrapped, "get_action_meanings", None)
        self.actions = vocabulary(env.action_space, list(meanings()) if meanings else None)
        self.savable = bool(getattr(env.unwrapped, "savable", False))

    def checkpoint(self) -> bytes:
        """The environment's own checkpoint, where it makes one, with the return so far."""
        if not self.savable:
            return super().checkpoint()
        own: bytes = self._env.unwrapped.checkpoint()
        return json.dumps([self._return, self._over, self._success]).encode() + b"\n" + own

    def restore(self, state: bytes) -> None:
        """Go back to a checkpoint."""
        if not self.savable:
            super().restore(state)
        books, _, own = state.partition(b"\n")
        self._return, self._over, self._success = json.loads(books)
        self._env.unwrapped.restore(own)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start anew, the action space's own generator seeded too."""
        super().reset(seed=seed)
        if seed is not None:
            self._env.action_space.seed(seed)
        self._return, self._over, self._success = 0.0, False, None
        raw, info = self._env.reset(seed=seed, options=options)
        return raw, info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step, its reward added to the return."""
        raw, reward, terminated, truncated, info = self._env.step(action)
        self._return += float(reward)
        self._over = bool(terminated or truncated)
        for name in ("success", "is_success"):
            if name in info:
                self._success = bool(info[name])
        return raw, float(reward), bool(terminated), bool(truncated), info

    def render(self) -> NDArray[np.uint8]:  # type: ignore[override]
        """The environment's own picture."""
        return np.asarray(self._env.render(), dtype=np.uint8)

    def close(self) -> None:
        """Close the environment."""
        self._env.close()

    def brief(self) -> Brief:
        """What the registration and the spaces say."""
        picture = is_picture(self.observation_space)
        return Brief(
            "games/gymnasium.j2",
            {
                "name": self._task.partition("/")[2],
                "observation": [] if picture else list(bounds(self.observation_space)),
                "numbers": list(bounds(self.action_space)) if self.free_text else [],
                "threshold": self.spec.reward_threshold if self.spec is not None else None,
            },
        )

    def observe(self, raw: Any, info: Mapping[str, Any]) -> Observation:
        """Labelled numbers, or the picture itself where that is the observation."""
        if is_picture(self.observation_space):
            return Observation((), np.asarray(raw, dtype=np.uint8))
        return Observation((Section("observation", "\n".join(lines(raw))),))

    def progress(self) -> Progress:
        """See the module's words on progress."""
        threshold = self.spec.reward_threshold if self.spec is not None else None
        value, measured = 0.0, 1.0
        if threshold is not None and threshold > 0:
            value = min(1.0, max(0.0, self._return / threshold))
        elif threshold is not None:
            value = float(self._over and self._return >= threshold)
        elif self._success is not None:
            value = float(self._success)
        else:
            measured = 0.0
        return Progress(value, {"return": self._return, "measured": measured})

    def decode(self, action: str) -> Any:
        """An action by name or number; numbers where the space takes a vector."""
        for known in self.actions:
            if action == known.name or action in known.aliases:
                return known.value
        if self.free_text:
            return read_numbers(action, self.action_space)
        raise UnknownAction(f'no action is called "{action[:80]}"')
