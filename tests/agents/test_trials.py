"""Agents that learn from trial to trial: what they take along, and that it is exact."""

import json

import pytest

from harness.trials import place

RULES = (
    "1. Going forward may be necessary to reach the box.\n"
    "- Turning left DOES NOT CONTRIBUTE TO reaching it\nHm."
)


def scripted(request):
    """Plays on, and after each trial writes something that tells what it was shown."""
    words = request.messages[-1].text
    if "as a numbered list of rules" in words:
        return f"{RULES}\nTrying {words.count('sum of rewards')} times should be necessary to learn."
    if "In one short paragraph" in words:
        return f"I saw {words.count('I saw')} reflections."
    return "Action: go forward" if request.turn % 3 else "Action: turn left"


SPEC = {"tasks": ("babyai/goto",), "limits": {"steps": 6}}


def memories(episodes):
    return [episode.memory.content for episode in episodes]


def systems(episodes):
    return [next(messages[0].parts[0]["text"] for _, _, messages in e.requests()) for e in episodes]


def test_clin_regenerates_its_rules_from_the_last_three_memories_and_the_trace(play):
    episodes = play(scripted, agents=("clin(trials=5)",), episodes=5, **SPEC)
    learned = memories(episodes)
    assert learned[0]["rules"] == [
        "Going forward may be necessary to reach the box.",
        "Turning left DOES NOT CONTRIBUTE TO reaching it",
        "Trying 1 times should be necessary to learn.",
    ]
    assert [rules["rules"][-1][7] for rules in learned] == ["1", "2", "3", "4", "4"]
    told = systems(episodes)
    assert "These rules are what you learned" not in told[0]
    assert all(f"Trying {n} times" in told[n] for n in (1, 2, 3))
    question = episodes[4].memory.calls[0].request.add[-1].parts[0]["text"]
    assert "Turn 1\nObservation:" in question and "at the limit of steps" in question


def test_the_memory_of_five_trials_is_byte_identical_when_replayed(play):
    spec = {"agents": ("clin(trials=5)",), "episodes": 5, **SPEC}
    bytes_of = [json.dumps(content).encode() for content in memories(play(scripted, **spec))]
    assert [json.dumps(m).encode() for m in memories(play(scripted, folder="again", **spec))] == bytes_of
    # Broken off before the memory of the third trial was written, and in the middle of the fourth.
    episodes = play(scripted, **spec)
    for number, kept in ((2, -2), (3, 4)):
        lines = episodes[number].path.read_bytes().splitlines(keepends=True)
        episodes[number].path.write_bytes(b"".join(lines[:kept]))
    episodes[4].path.unlink()
    resumed = play(scripted, **spec)
    assert [json.dumps(content).encode() for content in memories(resumed)] == bytes_of


def test_a_memory_that_is_written_is_not_asked_for_again(play):
    spec = {"agents": ("clin",), "episodes": 1, **SPEC}
    (episode,) = play(scripted, **spec)
    lines = episode.path.read_bytes().splitlines(keepends=True)
    episode.path.write_bytes(b"".join(lines[:-1]))  # all but the end
    asked = []
    (resumed,) = play(lambda request: asked.append(request) or scripted(request), **spec)
    assert not asked
    assert resumed.end.usage == episode.end.usage


def test_rules_that_cannot_be_read_leave_the_old_ones(play):
    def answer(request):
        words = request.messages[-1].text
        if "as a numbered list of rules" in words and "What you learned after" in words:
            return "I have no idea."
        return scripted(request)

    first, second = memories(play(answer, agents=("clin",), episodes=2, **SPEC))
    assert second == {"rules": first["rules"], "unread": True}


def test_reflexion_shows_its_last_three_reflections(play):
    episodes = play(scripted, agents=("reflexion(trials=5)",), episodes=5, **SPEC)
    assert memories(episodes)[0] == {"reflection": "I saw 0 reflections."}
    shown = [text.count("reflections.") for text in systems(episodes)]
    assert shown == [0, 1, 2, 3, 3]


@pytest.mark.parametrize(
    ("mode", "seeds", "memory_from"),
    [
        ("adapt", [0, 0, 1, 1], [None, 0, None, 2]),
        ("new-environment", [0, 1, 2, 3], [None, 0, 1, 2]),
    ],
)
def test_what_follows_what(play, mode, seeds, memory_from):
    episodes = play(scripted, agents=(f"reflexion(mode={mode},trials=2)",), episodes=4, **SPEC)
    plain = play(scripted, agents=("cot",), episodes=4, folder="plain", **SPEC)
    assert [e.header.seed for e in episodes] == [plain[index].header.seed for index in seeds]
    assert [("You have played before" in text) for text in systems(episodes)] == [
        source is not None for source in memory_from
    ]


def test_new_tasks_follow_in_the_order_of_the_plan(play):
    spec = {**SPEC, "tasks": ("babyai/goto", "babyai/open", "crafter/standard")}
    episodes = play(scripted, agents=("reflexion(mode=new-task)",), episodes=1, **spec)
    told = {e.header.task: text for e, text in zip(episodes, systems(episodes), strict=True)}
    assert "(task babyai/goto; progress" in told["babyai/open"]
    assert "You have played before" not in told["crafter/standard"]  # another game


def test_a_trial_that_failed_holds_back_those_that_build_on_it(play, monkeypatch):
    from harness.api import FatalError

    broken = []

    def answer(request):
        if "In one short paragraph" in request.messages[-1].text and not broken:
            broken.append(1)
            raise FatalError("the service is down")
        return scripted(request)

    spec = {"agents": ("reflexion(trials=3)",), "episodes": 3, **SPEC}
    with pytest.raises(AssertionError):  # `play` wants no failures
        play(answer, **spec)
    episodes = play(answer, **spec)  # again: the failed one first, then the others
    assert [e.header.index for e in episodes] == [0, 1, 2]
    assert [len(e.failures) for e in episodes] == [1, 0, 0]
    assert all(e.memory for e in episodes)


def test_agents_that_learn_nothing_wait_for_nobody():
    class Plain:
        pass

    assert place(Plain, {}, "babyai/goto", 3).chain == ""
