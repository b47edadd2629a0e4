"""What each agent asks, how it reads the answers, and what it makes of them."""

import asyncio

import pytest

from games.api import Observation, Section, Stability
from harness.agents.cot import CotAgent
from harness.agents.modules import ModulesAgent
from harness.agents.plan import PlanAgent, surprise
from harness.agents.scratchpad import ScratchpadAgent
from harness.agents.spring import GRAPH, SpringAgent, waves
from harness.agents.subgoals import SubgoalsAgent
from harness.agents.vote import VoteAgent
from harness.api import (
    AgentContext,
    Completion,
    Decision,
    Image,
    InputError,
    Outcome,
    PastTurn,
    ProviderError,
    Turn,
)
from harness.histories.full import FullHistory
from harness.plan import entrant_of
from harness.settings import parse
from harness.testing._samples import ACTIONS, observation, past, turn


class Model:
    """Answers from a list or a function of the messages, and remembers what it was asked."""

    def __init__(self, *answers, function=None):
        self.answers, self.function = list(answers), function
        self.asked, self.choices, self.at_once, self.most = [], [], 0, 0

    async def __call__(self, messages, *, choices=None, stable=0, model=""):
        self.asked.append(list(messages))
        self.choices.append(choices)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0.001)
        self.at_once -= 1
        answer = self.function(messages) if self.function else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Completion) else Completion(answer)

    @property
    def last(self):
        return "\n".join(message.text for message in self.asked[-1])


def context(model, **facts):
    return AgentContext(
        task="toy/corridor", instructions="Reach the door.", actions=ACTIONS, free_text=False, seed=7,
        history=FullHistory(), ask=model, **facts,
    )  # fmt: skip


def act(agent, now):
    return asyncio.run(agent.act(now))


def after(now, decision, reward=0.0):
    """The turn that follows a decision."""
    gone = (*now.past, PastTurn(now.observation, decision, reward))
    return Turn(len(gone), observation(len(gone)), gone)


# ------------------------------------------------------------------------------------------------ cot


def test_cot_reads_the_last_label_and_forgets_the_thoughts():
    model = Model("Action: turn left would be bad.\nSo:\n**Action: go forward**", "Action: turn left")
    agent = CotAgent(context(model))
    first = act(agent, turn([]))
    assert (first.actions, first.outcome, first.text) == (("go forward",), Outcome.OK, "Action: go forward")
    act(agent, after(turn([]), first))
    assert "would be bad" not in model.last


@pytest.mark.parametrize(("thoughts", "seen"), [(1, ["thought 2"]), (2, ["thought 1", "thought 2"])])
def test_cot_shows_as_many_thoughts_as_it_is_set_to(thoughts, seen):
    model = Model(*(f"thought {n}\nAction: go forward" for n in range(4)))
    agent, now = CotAgent(context(model), thoughts=thoughts), turn([])
    for _ in range(4):
        now = after(now, act(agent, now))
    assert [f"thought {n}" for n in range(3) if f"thought {n}" in model.last] == seen
    assert model.last.count("Action: go forward") == 3


def test_a_thought_that_is_cut_before_its_action_is_truncated():
    model = Model(Completion("I could go forward, but", finish="length"))
    assert act(CotAgent(context(model)), turn([])).outcome is Outcome.TRUNCATED


# ----------------------------------------------------------------------------------------------- plan


def test_a_plan_is_read_line_by_line():
    model = Model("I go.\nActions:\n1. go forward\n2) Turn Left\n- go forward\nand then we shall see")
    decision = act(PlanAgent(context(model)), turn([]))
    assert decision.actions == ("go forward", "turn left", "go forward")
    assert (decision.outcome, decision.repair) == (Outcome.REPAIRED, "case")


def test_a_plan_is_no_longer_than_it_may_be():
    model = Model("Actions:\n" + "go forward\n" * 20)
    decision = act(PlanAgent(context(model), actions=3), turn([]))
    assert decision.actions == ("go forward",) * 3
    assert "1 to 3 actions" in model.last


def test_a_plan_without_a_label_may_still_be_read():
    assert act(PlanAgent(context(Model("go forward"))), turn([])).actions == ("go forward",)


def seen(view, bag="empty"):
    return Observation((Section("view", view), Section("bag", bag, Stability.SLOW)))


def test_what_surprises():
    assert surprise(seen("a"), seen("b"), 0.0) == ""
    assert surprise(seen("a"), seen("b"), 1.0) == "it brought a reward"
    assert surprise(seen("a"), seen("a"), 0.0) == "the last one changed nothing"
    assert surprise(seen("a"), seen("b", "a key"), 0.0) == '"bag" changed'
    assert surprise(Observation(), Observation(), 0.0) == ""  # a picture alone cannot be compared in words


def test_a_plan_stops_at_a_surprise_says_so_and_replays(play):
    answer = "Actions:\ngo forward\ngo forward\ngo forward\ngo forward\ngo forward\ngo forward\nturn left"
    spec = {"tasks": ("babyai/goto",), "agents": ("plan",), "episodes": 3, "limits": {"steps": 40}}
    episodes = play(lambda _: answer, **spec)
    cut = [t for e in episodes for t in e.turns if t.decision.cut == "the last one changed nothing"]
    assert cut, "nobody ran into a wall"
    assert all(len(t.steps) == len(t.decision.actions) < len(t.decision.planned) for t in cut)
    told = [t.notice for e in episodes for t in e.turns if "changed nothing" in t.notice]
    assert told and told[0].startswith("Of the 7 actions that you planned, only the first")
    for episode in episodes:  # broken off in the middle, each goes on from its records and ends the same
        lines = episode.path.read_bytes().splitlines(keepends=True)
        episode.path.write_bytes(b"".join(lines[: 2 + len(episode.turns) // 2]))
    again = play(lambda _: answer, **spec)
    assert [[t.steps for t in e.turns] for e in again] == [[t.steps for t in e.turns] for e in episodes]
    assert [[t.notice for t in e.turns] for e in again] == [[t.notice for t in e.turns] for e in episodes]


# ----------------------------------------------------------------------------------------- scratchpad


def test_notes_are_kept_and_rewritten():
    model = Model(
        "Notes: the door is north\nof the key\nAction: go forward",
        "Action: turn left",
        "Notes: new\nAction: turn left",
    )
    agent, now = ScratchpadAgent(context(model)), turn([])
    first = act(agent, now)
    assert (first.memo, first.actions) == ({"notes": "the door is north\nof the key"}, ("go forward",))
    now = after(now, first)
    second = act(agent, now)
    assert "[your notes]\nthe door is north\nof the key" in model.asked[1][-1].text
    assert second.memo == first.memo
    assert act(agent, after(now, second)).memo == {"notes": "new"}


def test_notes_are_shown_once_and_cut_at_their_length():
    model = Model(f"Notes: {'x' * 99}\nAction: go forward", "Action: go forward")
    agent = ScratchpadAgent(context(model), length=10)
    now = after(turn([]), act(agent, turn([])))
    act(agent, now)
    assert model.last.count("[your notes]") == 1
    assert "x" * 10 in model.last and "x" * 11 not in model.last


# ----------------------------------------------------------------------------------------------- vote


@pytest.mark.parametrize(
    ("answers", "action", "memo"),
    [
        (["turn left", "go forward", "go forward"], "go forward", {"turn left": 1, "go forward": 2}),
        (["turn left", "go forward", "nonsense here"], "turn left", {"turn left": 1, "go forward": 1}),
    ],
)
def test_the_majority_acts_and_of_equals_the_first(answers, action, memo):
    model = Model(*(f"Action: {answer}" for answer in answers))
    decision = act(VoteAgent(context(model), samples=3), turn([]))
    assert decision.actions == (action,)
    assert decision.memo["votes"] == memo
    assert decision.memo["lost"] == 3 - sum(memo.values())
    assert model.most == 3


def test_a_vote_of_nothing_but_nonsense_is_lost():
    decision = act(VoteAgent(context(Model("hm", "", "hm")), samples=3), turn([]))
    assert decision.actions == () and not decision.outcome.acts


def test_samples_of_one_turn_have_seeds_of_their_own(play):
    seeds = []
    spec = {"tasks": ("babyai/goto",), "agents": ("vote(samples=4)",), "episodes": 1, "limits": {"steps": 3}}
    play(lambda r: seeds.append((r.turn, r.call, r.sampling.seed)) or "Action: turn left", **spec)
    first = [seed for at, _, seed in seeds if at == 0]
    assert len(set(first)) == 4 and all(0 <= seed < 2**31 for seed in first)
    assert [seed for at, _, seed in seeds if at == 1] == first


def test_a_failure_among_several_questions_is_raised_after_all_have_ended():
    model = Model("Action: turn left", ProviderError("down"), "Action: turn left")
    with pytest.raises(ProviderError):
        act(VoteAgent(context(model), samples=3), turn([]))
    assert model.answers == [] and model.at_once == 0


# --------------------------------------------------------------------------------------------- spring


def test_the_graph_is_asked_in_waves():
    assert waves(GRAPH)[:2] == [["needs", "last"], ["met", "success"]]
    assert waves(GRAPH)[-1] == ["act"]
    with pytest.raises(ValueError, match="cycle"):
        waves({"a": ("b",), "b": ("a",)})


def test_independent_questions_are_asked_at_the_same_time_and_each_sees_its_parents():
    model = Model(
        function=lambda m: "Action: go forward" if "do you take now" in m[-1].text else f"reply {len(m)}"
    )
    decision = act(SpringAgent(context(model, manual="Doors open by themselves.")), turn(past(3)))
    assert decision.actions == ("go forward",)
    assert len(model.asked) == 9 and model.most == 2
    assert all("Doors open by themselves." in messages[0].text for messages in model.asked)
    met = next(m for m in model.asked if "For which of these are all requirements met now" in m[-1].text)
    assert [message.role for message in met] == ["system", "user", "assistant", "user"]
    assert met[2].text == "reply 2"
    final = model.asked[-1]
    assert sum(message.role == "assistant" for message in final) == len(GRAPH["act"])
    assert "Turn 2" in final[1].text and "Turn 1\n" not in final[1].text


def test_the_calls_of_a_turn_are_recorded_in_the_order_of_asking(play):
    def answer(request):
        return f"Action: turn left ({request.call})"

    spec = {"tasks": ("babyai/goto",), "agents": ("spring",), "episodes": 1, "limits": {"steps": 2}}
    (episode,) = play(answer, **spec)
    assert [[call.text[-2] for call in t.calls] for t in episode.turns] == [list("012345678")] * 2
    firsts = [messages[-1].parts[-1]["text"] for _, _, messages in episode.requests()]
    assert "what has changed since" in firsts[1] and "do you take now" in firsts[8]


# ------------------------------------------------------------------------------------------- subgoals


def test_subgoals_are_named_taken_and_recorded_when_reached():
    model = Model(
        "Subgoal: see the door\nSubgoal: stand before the door",  # the teacher
        "Reached: no\nAction: turn left",
        "Reached: yes\nAction: go forward",
        "Reached: no\nAction: go forward",
    )
    agent, now = SubgoalsAgent(context(model)), turn([])
    memos = []
    for _ in range(3):
        decision = act(agent, now)
        memos.append(decision.memo["subgoals"])
        now = after(now, decision)
    assert memos[0] == {"open": ["see the door", "stand before the door"], "since": 0}
    assert memos[1] == {"open": ["stand before the door"], "since": 2, "reached": "see the door"}
    assert memos[2] == {"open": ["stand before the door"], "since": 2}
    assert "[subgoal]\nstand before the door" in model.last


def test_the_teacher_is_asked_again_when_patience_is_over_and_hears_what_was_reached():
    model = Model(
        function=lambda m: "Subgoal: x" if "Name the next" in m[-1].text else "Reached: no\nAction: turn left"
    )
    agent, now = SubgoalsAgent(context(model), patience=2), turn([])
    for _ in range(3):
        now = after(now, act(agent, now))
    questions = [m[-1].text for m in model.asked if "Name the next" in m[-1].text]
    assert len(questions) == 2 and "is given up: x" in questions[1]


def test_the_teacher_may_be_another_model(tmp_path):
    from harness.cli import main
    from harness.records import read_run

    with pytest.raises(SystemExit) as ended:
        main([
            "run", "--task", "babyai/goto", "--episodes", "1", "--steps", "3", "--no-report",
            "--agent", 'subgoals(teacher="scripted:Subgoal: see a wall")',
            "--model", "scripted:turn left", "--out", str(tmp_path / "run"),
        ])  # fmt: skip
    assert ended.value.code == 0
    (episode,) = read_run(tmp_path / "run")
    assert [call.model for call in episode.calls] == ["scripted:Subgoal: see a wall", "", "", ""]
    assert episode.turns[0].decision.memo["subgoals"]["open"] == ["see a wall"]
    with pytest.raises(SystemExit) as ended:
        main(
            ["run", "--task", "babyai/goto", "--model", "scripted", "--agent", 'subgoals(teacher="opnai:x")']
        )
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("kind", "named", "taken"),
    [
        ("relative", "2 steps forward and 1 step to the left", True),
        ("relative", "the door", False),
        ("object", "a door", True),
        ("object", "a dragon", False),
        ("words", "anything at all", True),
    ],
)
def test_a_subgoal_of_another_form_is_not_taken(kind, named, taken):
    model = Model(f"Subgoal: {named}", "Action: go forward")
    decision = act(SubgoalsAgent(context(model), kind=kind), turn([]))
    state = decision.memo["subgoals"]
    assert state["open"] == ([named] if taken else [])
    assert state.get("rejected", []) == ([] if taken else [named])
    assert decision.actions == ("go forward",)


# -------------------------------------------------------------------------------------------- modules


def test_perception_memory_and_reasoning_are_calls_of_their_own():
    model = Model("a door ahead", "keep going", "I go.\nAction: go forward")
    decision = act(ModulesAgent(context(model)), turn(past(3, image=True), image=True))
    assert decision.actions == ("go forward",)
    assert decision.memo == {"perception": "a door ahead", "reflection": "keep going"}
    assert any(isinstance(part, Image) for part in model.asked[0][-1].parts)
    assert "a door ahead" in model.asked[1][-1].text
    assert "[the picture in words]\na door ahead" in model.last and "keep going" in model.last


@pytest.mark.parametrize(
    ("settings", "image", "calls"),
    [
        ({}, False, 2),  # nothing to perceive in words
        ({"memory": False}, False, 1),
        ({"perception": False}, True, 2),
        ({"perception": False, "memory": False, "reasoning": False}, True, 1),
    ],
)
def test_each_module_can_be_switched_off(settings, image, calls):
    model = Model(*["Action: go forward"] * calls)
    act(ModulesAgent(context(model), **settings), turn(past(3, image=image), image=image))
    assert len(model.asked) == calls
    assert bool(model.choices[-1]) == (settings.get("reasoning") is False)


@pytest.mark.parametrize(
    "agent",
    ["cot(thoughts=-1)", "plan(actions=0)", "vote(samples=0)", "scratchpad(length=0)", "subgoals(goals=0)",
     "subgoals(kind=colour)", "spring(turns=-1)", "modules(turns=0)", "clin(memories=0)", "clin(mode=x)"],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused_before_anything_starts(agent):
    with pytest.raises(InputError, match=r"agent '[a-z]+': [a-z]+=.*: Input should be"):
        entrant_of(parse(agent), "scripted")


def test_a_decision_compares_without_its_stop():
    assert Decision(("a",), stop=surprise) == Decision(("a",))
