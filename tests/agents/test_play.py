"""Every agent plays every core game from its first turn to its end, and nothing leaks between episodes."""

import json

import pytest

from harness import plugins
from harness.demonstrations import by_oracle, by_record, write
from harness.seeds import episode_seed

GAMES = [
    "babyai/goto",
    "minigrid/MiniGrid-DoorKey-8x8-v0",
    "crafter/standard",
    "atari/pong@atari-gpt",
    "minihack/MiniHack-MazeWalk-9x9-v0",
    "nethack/NetHackChallenge-v0",
]
WITH_MODEL = [name for name in plugins.names("agents") if plugins.load("agents", name).needs_model]


def first_action(request):
    """An answer that every agent can read: the first action of the list in the instructions."""
    words = request.messages[0].text
    line = next(line for line in words.splitlines() if line.startswith("- ") and ": " in line)
    for list_head in ("Actions:\n- ", "Commands:\n- "):
        if list_head in words:
            line = words.split(list_head)[1]
            break
    name = line.removeprefix("- ").partition(":")[0]
    if request.choices:
        return request.choices[(request.turn + request.call) % len(request.choices)]
    claims = "Notes: nothing yet", f"Subgoal: {name}", "Reached: yes", "This may contribute to that."
    return "\n".join((*claims, "Actions:", name, f"Action: {name}"))


@pytest.fixture(scope="module")
def demos(tmp_path_factory):
    """Demonstrations of every core game: of its oracle, or else of recorded random play."""
    from harness.tasks import info

    folder = tmp_path_factory.mktemp("demos")
    found = [
        by_oracle(task, episode_seed("demonstrations", "", task, 0), observe="text", steps=3)
        for task in (*GAMES, "babyai/putnext")
        if info(task).oracle
    ]
    found += [recorded(folder, task) for task in GAMES if not info(task).oracle]
    write(folder / "demos.jsonl", found)
    return folder / "demos.jsonl"


def recorded(folder, task):
    import asyncio

    from harness.folder import RunFolder
    from harness.plan import make_plan
    from harness.records import read_run
    from harness.run import Watcher, execute
    from harness.spec import RunSpec

    spec = RunSpec(tasks=(task,), agents=("random",), episodes=1, seeds="other", limits={"steps": 3})
    plan, run = make_plan(spec), RunFolder(folder / task.replace("/", "_"))
    asyncio.run(execute(spec, plan, run, run.open(spec, plan), Watcher()))
    return by_record(read_run(run.path)[0], observe="text", steps=3)


def addressed(agent, demos, **settings):
    if agent == "few-shot":
        settings["demos"] = json.dumps(str(demos))
    shown = ",".join(f"{key}={value}" for key, value in settings.items())
    return f"{agent}({shown})" if shown else agent


@pytest.mark.parametrize(
    ("history", "games"),
    [
        ("diff", GAMES[::4]),
        pytest.param("diff", GAMES, marks=pytest.mark.slow),
        ("full", GAMES[:1]),
        ("summary(tokens=900,summary=100)", GAMES[::5]),
    ],
)
def test_every_agent_plays_every_core_game(play, demos, history, games):
    agents = tuple(addressed(agent, demos, history=history) for agent in WITH_MODEL)
    episodes = play(first_action, tasks=tuple(games), agents=agents, episodes=1, limits={"steps": 6})
    assert len(episodes) == len(games) * len(agents)
    for episode in episodes:
        where = f"{episode.header.agent} on {episode.header.task}"
        assert episode.end is not None, where
        assert episode.end.steps == 6 or episode.end.ending == "terminated", where
        assert all(turn.decision.outcome in ("ok", "repaired") for turn in episode.turns), where


@pytest.mark.parametrize("agent", WITH_MODEL)
def test_an_episode_asks_the_same_first_last_and_alone(play, demos, agent):
    """Whatever was played before, beside it or after it, an episode's requests are its own."""
    one, other = "babyai/goto", "minigrid/MiniGrid-DoorKey-8x8-v0"
    named = addressed(agent, demos, history="diff")
    spec = {"agents": (named,), "episodes": 1, "limits": {"steps": 5}}

    def requests(folder, *tasks):
        episodes = play(first_action, folder=folder, tasks=tasks, **spec)
        (episode,) = [e for e in episodes if e.header.task == one]
        return [(turn, call.request, messages) for turn, call, messages in episode.requests()]

    alone = requests("alone", one)
    assert len(alone) >= len({turn for turn, *_ in alone}) > 1
    assert requests("first", one, other) == alone
    assert requests("last", other, one) == alone


TIMES = {"started", "seconds", "seconds_model", "seconds_env", "seconds_wait", "latency", "queued"}


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("agent", WITH_MODEL)
def test_an_episode_that_was_broken_off_goes_on_as_it_would_have(play, demos, agent):
    """Cut at a third, at two thirds and just before its end, it asks for what is missing, and only that."""
    named = addressed(agent, demos, history="summary(tokens=700,summary=100)")
    spec = {"tasks": ("babyai/putnext",), "agents": (named,), "episodes": 1, "limits": {"steps": 12}}
    asked = []

    def answer(request):
        asked.append((request.turn, request.call))
        return first_action(request)

    (whole,) = play(answer, **spec)
    recorded, lines = whole.path.read_bytes(), whole.path.read_bytes().splitlines(keepends=True)
    expected = [without_times(json.loads(line)) for line in lines]
    for kept in (len(lines) // 3, 2 * len(lines) // 3, len(lines) - 1):
        whole.path.write_bytes(b"".join(lines[:kept]) + lines[kept][:50])
        asked.clear()
        play(answer, **spec)
        again = [json.loads(line) for line in whole.path.read_bytes().splitlines()]
        assert [without_times(line) for line in again] == expected
        assert len(asked) == sum(len(line.get("calls", ())) for line in again[kept:])
    assert recorded.count(b"\n") == len(lines)


def test_an_agent_that_cannot_be_made_fails_its_episode_only(play, monkeypatch):
    from harness.agents.cot import CotAgent

    def broken(self, context):
        if context.seed % 2:
            raise ValueError("no such thing")
        return {}

    monkeypatch.setattr(CotAgent, "facts", broken)
    spec = {"tasks": ("babyai/goto",), "agents": ("cot",), "episodes": 6, "limits": {"steps": 2}}
    with pytest.raises(AssertionError):  # `play` wants no failures
        play(first_action, **spec)
    monkeypatch.undo()
    episodes = play(first_action, **spec)
    assert {len(e.failures) for e in episodes} == {0, 1}
    assert all(e.failures[0].message == "no such thing" for e in episodes if e.failures)


def test_the_resolved_settings_are_in_the_run_folder(play):
    (episode,) = play(
        first_action, tasks=("babyai/goto",), agents=("cot(history=diff,images=2)",), episodes=1,
        limits={"steps": 2},
    )  # fmt: skip
    assert episode.header.agent == "cot(history=diff(images=2))"
    assert episode.header.resolved == (
        "cot(history=diff(images=2,keep=0.5,mode=blocks,tokens=6000,turns=none),thoughts=0)"
    )
    assert "cot(history=diff" in (episode.path.parents[4] / "run.json").read_text()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("task", GAMES)
def test_every_agent_plays_every_core_game_with_a_real_model(tmp_path, demos, task):
    import torch

    from harness.cli import main
    from harness.records import read_run

    torch.set_num_threads(1)  # two tests at a time, each with two threads, would be many times slower
    agents = [part for agent in WITH_MODEL for part in ("--agent", addressed(agent, demos, history="diff"))]
    with pytest.raises(SystemExit) as ended:
        main([
            "run", "--task", task, *agents, "--model", "embedded", "--episodes", "1", "--steps", "1",
            "--max-tokens", "8", "--out", str(tmp_path / "run"), "--no-report",
        ])  # fmt: skip
    assert ended.value.code == 0
    episodes = read_run(tmp_path / "run")
    assert {e.header.agent.partition("(")[0] for e in episodes} == set(WITH_MODEL)
    assert all(e.end is not None and e.end.turns == 1 and e.end.usage.output > 0 for e in episodes)
