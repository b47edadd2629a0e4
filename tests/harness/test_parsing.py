import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.api import Action
from harness.api import Completion, Outcome
from harness.parsing import decide, read_action

ACTIONS = (
    Action("turn left", "", 0, ("left",)),
    Action("turn right", "", 1, ("right",)),
    Action("go forward", "", 2, ("forward", "move forward")),
    Action("pick up", "", 3),
    Action("noop", "", 4, ("wait",)),
)


@pytest.mark.parametrize(
    ("text", "action", "repair"),
    [
        ("turn left", "turn left", ""),
        (" turn left\n", "turn left", ""),
        ("Turn Left.", "turn left", "case"),
        ("turn_left", "turn left", "case"),
        ("forward", "go forward", "alias"),
        ("**go forward**", "go forward", "markup"),
        ("`go forward`", "go forward", "markup"),
        ('"pick up"', "pick up", "markup"),
        ("```\npick up\n```", "pick up", "markup"),
        ("\\boxed{pick up}", "pick up", "markup"),
        ("\\boxed{\\text{pick up}}", "pick up", "markup"),
        ("<action>noop</action>", "noop", "markup"),
        ("<|ACTION|>turn left<|END|>", "turn left", "markup"),
        ("turn_left()", "turn left", "markup"),
        ('{"reasoning": "a {b}", "action": "noop"}', "noop", "json"),
        ('Sure! {"action": "turn right"} hope it helps', "turn right", "json"),
        ('```json\n{"action": "turn right"}\n```', "turn right", "json"),
        ("I could turn left.\nAction: go forward", "go forward", "label"),
        ("**Action:** go forward", "go forward", "label"),
        ("Final answer: the turn right", "turn right", "label"),
        ("Action: turn left\nAction: noop", "noop", "label"),
        ("I will go forward", "go forward", "article"),
        ("First turn left, but a wall is there, so go forward now", "go forward", "mention"),
    ],
)
def test_an_action_is_found_and_its_repair_named(text, action, repair):
    parsed = read_action(text, ACTIONS)
    assert (parsed.action, parsed.repair) == (action, repair)


def test_a_word_inside_another_word_is_no_mention():
    assert read_action("the forwarding waits behind brightness for nobody at all", ACTIONS).action is None


@pytest.mark.parametrize(
    ("completion", "outcome"),
    [
        (Completion("turn left"), Outcome.OK),
        (Completion("<think>A wall. turn right?</think>\n\nturn left"), Outcome.REPAIRED),
        (Completion("<think>turn right"), Outcome.PARSE_ERROR),
        (Completion("<think>turn right", finish="length"), Outcome.TRUNCATED),
        (Completion("LEFT"), Outcome.REPAIRED),
        (Completion("fly"), Outcome.INVALID_ACTION),
        (Completion("Action: fly away"), Outcome.INVALID_ACTION),
        (Completion('{"action": "fly"}'), Outcome.INVALID_ACTION),
        (Completion("what a lovely day it is to think about doors"), Outcome.PARSE_ERROR),
        (Completion(""), Outcome.EMPTY),
        (Completion(" \n"), Outcome.EMPTY),
        (Completion("", finish="length"), Outcome.TRUNCATED),
        (Completion("Let me think. If I turn left then", finish="length"), Outcome.TRUNCATED),
        (Completion("turn left", finish="length"), Outcome.OK),
        (Completion("turn left", finish="refusal"), Outcome.REFUSAL),
    ],
)
def test_each_answer_has_its_outcome(completion, outcome):
    decision = decide(completion, ACTIONS)
    assert decision.outcome is outcome
    assert bool(decision.actions) == outcome.acts
    assert decision.text == completion.text


def test_what_a_model_thinks_is_no_answer():
    thought = Completion("<think>\nI could turn left or pick up.\n</think>\nAction: go forward")
    assert (decide(thought, ACTIONS).actions, decide(thought, ACTIONS).repair) == (("go forward",), "label")
    plain = decide(Completion("turn left</think> noop"), ACTIONS)
    assert (plain.actions, plain.repair) == (("noop",), "reasoning")
    free = decide(Completion("<think>north?</think>\n20s"), ACTIONS, free_text=True)
    assert free.actions == ("20s",)


def test_free_text_is_the_action_as_it_stands():
    assert decide(Completion("20s"), ACTIONS, free_text=True).actions == ("20s",)
    labelled = decide(Completion("There is a door.\nAction: open west"), ACTIONS, free_text=True)
    assert (labelled.actions, labelled.outcome) == (("open west",), Outcome.REPAIRED)


@given(st.text(max_size=300))
def test_no_answer_crashes_the_parser(text):
    parsed = read_action(text, ACTIONS)
    assert parsed.action is None or parsed.action in {action.name for action in ACTIONS}
    decide(Completion(text), ACTIONS, free_text=True)


def test_a_hostile_answer_is_read_quickly():
    read_action("{" * 200_000, ACTIONS)
    read_action("**" * 100_000, ACTIONS)
    read_action("<action>" * 50_000, ACTIONS)
    decide(Completion("<think>" * 50_000), ACTIONS)
    decide(Completion("</think" * 50_000), ACTIONS)
    read_action('{"action":' * 50_000, ACTIONS)
