"""The grammar of inputs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ludometer_test_frames import corridor, held

from games.api import UnknownAction
from games.frames._grammar import FOREVER, Grammar, Segment
from games.frames._vocabulary import examples

PAD = Grammar(("a", "b", "left", "right", "strafe left"), hold=8, frames=16, most=120)
MOUSE = Grammar(("escape", "n", "o", "r", "t", "h", "space", "click"), 2, 4, 200, (320, 200))


def frames(line: str, grammar: Grammar = PAD) -> int:
    return sum(segment.frames for segment in grammar.parse(line))


def test_a_bare_name_is_held_and_let_go() -> None:
    assert PAD.parse("right") == (Segment(8, (("right", 8),)), Segment(8, releases=("right",)))


@pytest.mark.parametrize("line", ["Right", "`right`", ' "RIGHT". ', "press right", "**right**"])
def test_marks_and_case_do_not_matter(line: str) -> None:
    assert PAD.parse(line) == PAD.parse("right")


def test_chords_counts_and_sequences() -> None:
    assert PAD.parse("a+right 12") == (Segment(12, (("a", 12), ("right", 12))),)
    assert PAD.parse("hold right for 30 frames then a 4") == (
        Segment(30, (("right", 30),)),
        Segment(4, (("a", 4),)),
    )
    assert PAD.parse("strafe left 5, wait 3") == (Segment(5, (("strafe left", 5),)), Segment(3))
    assert PAD.parse("wait") == (Segment(16),)


def test_a_hold_without_a_number_lasts_and_a_long_one_goes_on() -> None:
    assert PAD.parse("hold right") == (Segment(16, (("right", FOREVER),)),)
    assert PAD.parse("a 4; hold right 500")[-1] == Segment(116, (("right", 500),))
    assert PAD.parse("release right, release")[1].releases == PAD.buttons


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "empty"),
        ("jump", '"jump" is nothing that can be pressed here; there are: a, b'),
        ("right right", '"right right" is nothing'),
        ("right 0", "at least 1"),
        ("right 500 then a", "at most 120"),
        ("wait soon", "a whole number of frames is missing"),
        ("wait 500", "500 frames in one input; at most 120"),
        ("right -5", "nothing that can be pressed"),
        ("right 99999999999999999999", "nothing that can be pressed"),
        ("click 3 4", "nothing that can be pressed"),
        ("a" * 3000, "at most 2000"),
        ("a," * 400, "at most 100"),
        ("__import__('os').getcwd()", "nothing that can be pressed"),
    ],
)
def test_what_is_not_understood_is_said(line: str, said: str) -> None:
    with pytest.raises(UnknownAction, match=said.replace("(", r"\(")):
        PAD.parse(line)


def test_a_mouse() -> None:
    click = MOUSE.parse("click 10 20")
    assert click[0] == Segment(3, (("click", 3),), point=(10, 20))
    drag = MOUSE.parse("drag 1 2 30 40")
    assert [segment.point for segment in drag] == [(1, 2), (30, 40), None]
    assert drag[-1].releases == ("click",)
    assert frames("type north", MOUSE) == 5 * 4
    for line, said in (
        ("click 320 0", "off the screen"),
        ("move 1", "needs whole numbers"),
        ("drag 1 2", "drag"),
    ):
        with pytest.raises(UnknownAction, match=said):
            MOUSE.parse(line)


WORDS = st.sampled_from(
    [
        "hold",
        "right",
        "a",
        "+",
        "then",
        "wait",
        "7",
        "300",
        "release",
        ",",
        ";",
        "move",
        "click",
        "type",
        "press",
        "0",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=12).map(" ".join)))
def test_no_line_breaks_the_game(line: str) -> None:
    game, engine = corridor((320, 200))
    game.reset(seed=0)
    try:
        segments = game.decode(line)
    except UnknownAction as error:
        assert str(error)
        assert "\n" not in str(error)
        return
    game.step(segments)
    assert 1 <= len(engine.trace) <= 60


def test_every_example_of_a_prompt_is_understood() -> None:
    for pointer in (None, (320, 200)):
        game, _ = corridor(pointer)
        for line in examples(game._spec, game._grammar):
            game.reset(seed=0)
            game.step(game.decode(line))


def test_holds_stay_held_over_turns_without_a_gap() -> None:
    game, engine = corridor()
    game.reset(seed=0)
    for line in ("hold right 10", "hold right 10", "a 4"):
        game.step(game.decode(line))
    assert held(engine) == "right×20 a×4"
    game.reset(seed=0)
    for line in ("hold right", "a", "wait 3", "release", "left 2"):
        game.step(game.decode(line))
    assert held(engine) == "right×4 a+right×2 right×5 ×1 left×2"
    game.reset(seed=0)
    for line in ("hold right 80", "wait 30"):
        game.step(game.decode(line))
    assert held(engine) == "right×80 ×10"
