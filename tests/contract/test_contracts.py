"""Our own plugins pass the kits that strangers get."""

import pytest

from games.atari import TABLES, games
from harness.demonstrations import Demonstration, Shown, write
from harness.testing import (
    AgentContract,
    GameContract,
    HistoryContract,
    ProviderContract,
    ScorerContract,
)


class TestMiniGrid(GameContract):
    plugin = "minigrid"
    steps = 30
    tasks = (
        "minigrid/MiniGrid-Empty-5x5-v0",
        "minigrid/MiniGrid-DoorKey-8x8-v0",
        "minigrid/MiniGrid-Dynamic-Obstacles-8x8-v0",
        "minigrid/MiniGrid-MemoryS13-v0",
        "minigrid/MiniGrid-GoToDoor-6x6-v0",
        "minigrid/MiniGrid-LavaCrossingS9N2-v0",
        "minigrid/BabyAI-GoToLocal-v0",
        "minigrid/BabyAI-PutNextLocal-v0",
        "minigrid/BabyAI-Synth-v0",
    )


class TestBabyAI(GameContract):
    plugin = "babyai"
    steps = 30


class TestCrafter(GameContract):
    plugin = "crafter"


class TestGameBoy(GameContract):
    plugin = "gameboy"
    tasks = ("gameboy/lowtide",)
    steps = 20


class TestRetro(GameContract):
    plugin = "retro"
    tasks = ("retro/airstriker",)
    steps = 10
    seeds = 2


class TestDoom(GameContract):
    plugin = "doom"
    tasks = ("doom/basic",)
    steps = 10
    seeds = 2


@pytest.mark.slow
class TestDoomLevel(GameContract):
    plugin = "doom"
    tasks = ("doom/freedoom1-e1m1", "doom/freedoom2-map01")
    steps = 20
    seeds = 2


@pytest.mark.slow
class TestAllOfMiniGrid(GameContract):
    plugin = "minigrid"
    steps = 20


class TestScripted(ProviderContract):
    plugin = "scripted"


class TestEmbedded(ProviderContract):
    plugin = "embedded"


class TestFull(HistoryContract):
    plugin = "full"


class TestWindow(HistoryContract):
    plugin = "window"


class TestDiff(HistoryContract):
    plugin = "diff"


class TestSlidingDiff(HistoryContract):
    plugin = "diff"
    settings = {"mode": "sliding"}


class TestSummary(HistoryContract):
    plugin = "summary"


class TestRandom(AgentContract):
    plugin = "random"


class TestOracle(AgentContract):
    plugin = "oracle"


class TestDirect(AgentContract):
    plugin = "direct"


class TestCot(AgentContract):
    plugin = "cot"


class TestThoughtful(AgentContract):
    plugin = "cot"
    settings = {"thoughts": 2}


class TestPlan(AgentContract):
    plugin = "plan"


class TestScratchpad(AgentContract):
    plugin = "scratchpad"


class TestVote(AgentContract):
    plugin = "vote"


class TestVoteWithoutThinking(AgentContract):
    plugin = "vote"
    settings = {"think": False, "samples": 2}


class TestModules(AgentContract):
    plugin = "modules"


class TestSpring(AgentContract):
    plugin = "spring"


class TestSubgoals(AgentContract):
    plugin = "subgoals"


class TestReflexion(AgentContract):
    plugin = "reflexion"


class TestClin(AgentContract):
    plugin = "clin"


class TestFewShot(AgentContract):
    plugin = "few-shot"

    @pytest.fixture(autouse=True)
    def _demos(self, tmp_path):
        shown = Shown(sections=(), action="go forward")
        facts = {"task": "toy/corridor", "series": "other", "seed": 1, "agent": "x", "progress": 1.0}
        write(tmp_path / "demos.jsonl", [Demonstration(**facts, steps=(shown,))])
        self.settings = {"demos": str(tmp_path / "demos.jsonl")}


class TestProgress(ScorerContract):
    plugin = "progress"


@pytest.mark.slow
@pytest.mark.timeout(1800)  # each reset loads a ROM, 0.1 s
class TestManyOfAtari(GameContract):
    """The adapter is one for all of them: every fifth game, and those in words, have what can differ."""

    plugin = "atari"
    steps = 20
    seeds = 2
    tasks = tuple(
        sorted({*(f"atari/{name}" for name in TABLES), *(f"atari/{name}" for name in games()[::5])})
    )
