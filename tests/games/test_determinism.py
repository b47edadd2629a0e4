"""The same seed and actions are the same episode, in another process, on another day: every task."""

import pytest

from games.api import Starts
from games.hashing import observation_hash
from harness.seeds import episode_seed
from harness.tasks import all_tasks, make
from harness.testing.game import in_another_process

DOOM = ("doom/basic", "doom/health-gathering")
"""Of Doom's 85 tasks: each start takes a process of its own. Its own tests have more."""
TASKS = [
    info
    for info in all_tasks()
    if info.deterministic and not info.needs and (info.game != "doom" or info.task in DOOM)
]


SOME = pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 12])
"""Every task, and every twelfth of them in the tests that come first."""


@SOME
@pytest.mark.timeout(900)  # it starts hundreds of environments, twice: minutes on a busy machine
def test_every_task_is_the_same_under_another_hash_seed(every):
    jobs = [(info.task, episode_seed("test", "1", info.task, 0), 200) for info in TASKS[::every]]
    one, two = (in_another_process(jobs, hash_seed) for hash_seed in ("0", "4711"))
    assert len(one) == len(jobs)
    assert [key for key in one if one[key] != two[key]] == []


@SOME
@pytest.mark.timeout(900)
def test_indexes_give_distinct_starts(every, count=6):
    wrong = []
    for info in TASKS[::every]:
        if info.starts is Starts.FEW:
            continue  # makes no promise; the games' own tests look at it
        env = make(info.task)
        seeds = [episode_seed("test", "1", info.task, index) for index in range(count)]
        starts = {observation_hash(env.reset(seed=seed)[0]) for seed in seeds}
        env.close()
        if len(starts) != (count if info.starts is Starts.MANY else 1):
            wrong.append((info.task, info.starts, len(starts)))
    assert wrong == []
