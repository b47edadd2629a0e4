"""What every game must do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import gymnasium
import numpy as np

from games.api import GameEnv, Observation, Starts, TaskInfo, UnknownAction
from games.hashing import observation_hash
from harness.testing._samples import loaded
from harness.testing.rollout import rollout
from prompts import render

_NONSENSE = ("", "\x00", "colourless green ideas", "'; DROP TABLE", "go forward go forward go")
_REPRS = ("array(", "<object", "dtype=", "np.int", "np.float", "{'", "None")


class GameContract:
    """Subclass, and say which: ``plugin`` is an entry point's name or the object.

    `tasks` limits the check to some of the game's tasks; `steps` is how long each is played.
    """

    plugin: Any
    tasks: Sequence[str] = ()
    steps = 60
    seeds = 6

    def game(self) -> Any:
        """The plugin."""
        return loaded("games", self.plugin)

    def infos(self) -> list[TaskInfo]:
        """The tasks to check."""
        known = {info.task: info for info in self.game().tasks()}
        return [known[name] for name in self.tasks or known]

    def test_lists_its_tasks(self) -> None:
        """Task names are unique and begin with the game's name."""
        game = self.game()
        names = [info.task for info in game.tasks()]
        assert len(names) == len(set(names))
        assert all(name.startswith(f"{game.name}/") for name in names)
        assert all(info.game == game.name and (info.text or info.image) for info in game.tasks())

    def test_each_task_keeps_the_contract(self) -> None:
        """Every check below, for every task; the message names the task and what it broke."""
        broken = [f"{info.task}: {fault}" for info in self.infos() for fault in self.faults(info)]
        assert not broken, "\n".join(broken)

    def faults(self, info: TaskInfo) -> list[str]:
        """What a task breaks of the contract, a line each."""
        checks = (
            self.check_actions,
            self.check_observations,
            self.check_brief,
            self.check_limit,
            self.check_picture,
            self.check_starts,
            self.check_checkpoint,
            self.check_oracle,
            self.check_wrappers,
        )
        found = []
        for check in checks:
            env = self.game().make(info.task, image=check == self.check_picture and info.image)
            try:
                check(env, info)
            except Exception as error:  # each check's own assertion or whatever the game raised
                found.append(f"{check.__name__}: {type(error).__name__}: {error}")
            finally:
                env.close()
        return found

    def check_actions(self, env: GameEnv, info: TaskInfo) -> None:
        """Every advertised action executes from a fresh episode; nonsense is refused unexecuted."""
        env.reset(seed=1)
        names = [action.name for action in env.actions]
        assert len(names) == len(set(names)) > 0
        for name in names:
            env.reset(seed=1)
            env.step(env.decode(name))
        for text in _NONSENSE:
            try:
                value = env.decode(text)
            except UnknownAction:
                continue
            assert env.free_text, f"{text!r} was taken for {value!r}"

    def check_observations(self, env: GameEnv, info: TaskInfo) -> None:
        """Observations are pure, in words, hashable; progress stays in [0, 1]."""
        dice = np.random.default_rng(0)
        raw, facts = env.reset(seed=2)
        names = [action.name for action in env.actions]
        for _ in range(self.steps):
            before = observation_hash(raw)
            shown = env.observe(raw, facts)
            _words(shown, info)
            assert env.observe(raw, facts).sections == shown.sections, "observe is not pure"
            assert observation_hash(raw) == before, "observe changed what it was given"
            measure = env.progress()
            assert 0.0 <= measure.value <= 1.0
            assert all(isinstance(part, float) for part in measure.parts.values())
            action = env.decode(names[dice.integers(len(names))])
            raw, reward, terminated, truncated, facts = env.step(action)
            assert np.isfinite(float(reward))
            if terminated or truncated:
                raw, facts = env.reset(seed=3)

    def check_brief(self, env: GameEnv, info: TaskInfo) -> None:
        """The instructions render, and state the step limit and every action."""
        env.reset(seed=4)
        brief = env.brief()
        limit = env.max_steps
        facts = {**brief.facts, "actions": env.actions, "free_text": env.free_text, "max_steps": limit}
        facts["words"] = True
        text = render(brief.template, **facts)
        assert str(limit) in text.replace(",", ""), "the step limit is not stated"
        for action in env.actions:
            assert action.name in text, f"{action.name!r} is not named"
        assert not [found for found in _REPRS if found in text], text
        assert info.max_steps in (None, limit), f"the table says {info.max_steps}, the game {limit}"

    def check_limit(self, env: GameEnv, info: TaskInfo) -> None:
        """The environment ends by itself at its own limit (checked where that is not far off)."""
        env.reset(seed=5)
        if env.max_steps > 400:
            return
        name = env.actions[0].name
        for step in range(1, env.max_steps + 1):
            _, _, terminated, truncated, _ = env.step(env.decode(name))
            if terminated or (truncated and env.frame_rate):  # its frames may be used up before
                return
            assert truncated == (step == env.max_steps), f"truncated is {truncated} at step {step}"

    def check_picture(self, env: GameEnv, info: TaskInfo) -> None:
        """Where the task has pictures they are H × W × 3 bytes, and drawing changes nothing."""
        if not info.image:
            return
        other = self.game().make(info.task)
        one, two = rollout(_Drawing(env), 6, 20), rollout(other, 6, 20)
        other.close()
        assert one == two or not info.deterministic, "drawing changes the game"

    def check_starts(self, env: GameEnv, info: TaskInfo) -> None:
        """Different seeds give different starts, where the task says so; the same seed the same one."""
        starts = [observation_hash(env.reset(seed=seed)[0]) for seed in range(self.seeds)]
        if info.starts is Starts.MANY:
            assert len(set(starts)) == len(starts), "two seeds give the same start"
        if info.starts is Starts.FIXED and info.deterministic:
            assert len(set(starts)) == 1
        if info.deterministic:
            assert observation_hash(env.reset(seed=0)[0]) == starts[0], "a seed gives two starts"

    def check_checkpoint(self, env: GameEnv, info: TaskInfo) -> None:
        """A checkpoint, restored into another environment, goes on the same."""
        env.reset(seed=7)
        names = [action.name for action in env.actions]
        try:
            env.step(env.decode(names[0]))
            state = env.checkpoint()
        except NotImplementedError:
            return
        other = self.game().make(info.task)
        other.reset(seed=8)
        other.restore(state)
        for name in (names * 4)[:12]:
            mine, theirs = env.step(env.decode(name)), other.step(other.decode(name))
            assert observation_hash(mine[0]) == observation_hash(theirs[0]), (
                "a restored game goes another way"
            )
            if mine[2] or mine[3]:
                break
        other.close()

    def check_oracle(self, env: GameEnv, info: TaskInfo) -> None:
        """The oracle, where offered, names actions that are taken, and gets somewhere."""
        if not info.oracle:
            return
        env.reset(seed=9)
        for _ in range(30):
            name = env.oracle()
            assert env.free_text or name in [action.name for action in env.actions]
            _, _, terminated, truncated, _ = env.step(env.decode(name))
            if terminated or truncated:
                break

    def check_wrappers(self, env: GameEnv, info: TaskInfo) -> None:
        """Gymnasium's wrappers apply, and what a model needs is still reached through them."""
        wrapped: Any = gymnasium.wrappers.TimeLimit(env, 2)
        wrapped.reset(seed=10)
        first = wrapped.get_wrapper_attr("actions")[0].name
        decode = wrapped.get_wrapper_attr("decode")
        _, _, over, _, _ = wrapped.step(decode(first))
        assert over or wrapped.step(decode(first))[3] or wrapped.get_wrapper_attr("progress")() is not None

    def test_is_the_same_in_another_process(self) -> None:
        """The same seed and actions give the same hashes under different hash seeds."""
        jobs = [(info.task, 11, self.steps) for info in self.infos() if info.deterministic]
        if jobs:
            one, two = (in_another_process(jobs, hash_seed) for hash_seed in ("1", "2"))
            different = [key for key in one if one[key] != two[key]]
            assert not different, f"not deterministic: {different}"


class _Drawing(gymnasium.Wrapper):  # type: ignore[type-arg]
    """Draws before every step."""

    def step(self, action: Any) -> Any:
        picture: Any = self.env.render()
        assert isinstance(picture, np.ndarray)
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
        assert picture.shape[2] == 3
        return self.env.step(action)


def _words(shown: Observation, info: TaskInfo) -> None:
    names = [section.name for section in shown.sections]
    assert len(names) == len(set(names)), "two sections share a name"
    assert bool(names) == info.text, "the table is wrong about text"
    for section in shown.sections:
        assert not [found for found in _REPRS if found in section.text], section.text
    order = {"static": 0, "slow": 1, "volatile": 2}
    ranks = [order[section.stability] for section in shown.sections]
    assert all(a <= b for a, b in pairwise(ranks)), "what changes most does not stand last"


def in_another_process(jobs: Sequence[tuple[str, int, int]], hash_seed: str) -> Mapping[str, list[str]]:
    """`rollout` of (task, seed, steps) in a fresh interpreter with another PYTHONHASHSEED."""
    done = subprocess.run(
        [sys.executable, "-m", "harness.testing.rollout"],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: Mapping[str, list[str]] = json.loads(done.stdout)
    return found
