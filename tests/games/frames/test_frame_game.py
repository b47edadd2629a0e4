"""Milestones, limits, time and pictures of games with frames."""

import numpy as np
import pytest
from ludometer_test_frames import SPEC, corridor, held

from games.frames import faults, parse_spec
from games.frames._conditions import compiled, names
from games.frames._memory import number, size
from games.frames._options import shared, split
from games.hashing import observation_hash
from prompts import render


def test_progress_is_milestones_in_order_by_weight() -> None:
    game, _ = corridor()
    game.reset(seed=0)
    assert game.progress().value == 0
    _, reward, *_ = game.step(game.decode("right 12"))
    assert reward == game.progress().value == 0.25
    assert game.progress().parts["frame of off"] == 12
    game.step(game.decode("hold right"))
    while not game.step(game.decode("wait 40"))[2]:
        pass
    done = game.progress()
    assert done.value == 1
    assert done.parts["won"] == 1


def test_losing_ends_it_without_progress() -> None:
    game, _ = corridor()
    game.reset(seed=0)
    _, _, over, cut, _ = game.step(game.decode("left 30"))
    assert (over, cut, game.progress().value) == (True, False, 0)


def test_limits_of_frames_and_of_steps_cut_it_off() -> None:
    game, engine = corridor()
    game.reset(seed=0)
    assert game.wait(10**9)[2:4] == (False, True)
    assert len(engine.trace) == 5000
    game.reset(seed=0)
    ends = [game.step(game.decode("wait 1"))[3] for _ in range(200)]
    assert ends.index(True) == 199


def test_while_the_player_thinks_buttons_are_released_or_held() -> None:
    game, engine = corridor()
    game.reset(seed=0, options={"clock": "running"})
    game.step(game.decode("right 5"))
    game.wait(10)
    assert held(engine) == "right×5 ×10"
    game, engine = corridor(spec=SPEC + "\nthinking: hold\n")
    game.reset(seed=0, options={"clock": "running"})
    game.step(game.decode("right 5"))
    game.wait(10)
    game.step(game.decode("wait 2"))
    assert held(engine) == "right×15 ×2"


def test_inputs_may_overlap_with_thinking_and_are_cut_by_the_next_answer() -> None:
    game, engine = corridor()
    game.reset(seed=0, options={"clock": "running", "overlap": True})
    game.wait(3)
    game.step(game.decode("right 10"))
    game.step(game.decode("left 20"))
    game.wait(16)
    raw, *_ = game.step(game.decode("a 2"))
    assert held(engine) == "×3 right×10 left×8 a×1"
    assert raw["cut"] == 12
    assert "12 frames of the inputs before were cut" in game.observe(raw, {}).sections[-1].text
    game.wait(5)
    assert held(engine).endswith("a×2 ×4")


def test_a_checkpoint_holds_fingers_clocks_and_milestones() -> None:
    game, _ = corridor()
    game.reset(seed=1, options={"clock": "running", "overlap": True})
    game.step(game.decode("hold right 30"))
    game.wait(12)
    state = game.checkpoint()
    other, _ = corridor()
    other.reset(seed=2)
    other.restore(state)
    for each in (game, other):
        each.wait(30)
    one, two = (each.step(each.decode("left 3")) for each in (game, other))
    assert observation_hash(one[0]) == observation_hash(two[0])
    assert game.progress() == other.progress()


def test_turbo_skips_what_does_not_listen() -> None:
    game, engine = corridor(turbo=True)
    game.reset(seed=0)
    game.step(game.decode("a 1"))
    assert held(engine) == "a×1 ×10"


def test_pictures_are_scaled_without_blur_and_several_in_one() -> None:
    game, engine = corridor(image=True, frames=3)
    game.reset(seed=0)
    assert game.render().shape == (12, 303, 3)
    for _ in range(4):
        game.step(game.decode("right 4"))
    strip = game.render()
    assert strip.shape == (12, 3 * (3 * 101 + 2 * 2), 3)
    assert set(np.unique(strip)) == {0, 255}
    seen = [
        int(np.flatnonzero(part[0, ::3, 0])[0]) for part in np.split(strip[:, : 3 * 309], [309, 618], axis=1)
    ]
    assert seen == [8, 12, 16]
    assert engine.x == 16


def test_the_brief_tells_what_time_does() -> None:
    game, _ = corridor()
    for options, said in (
        ({}, "The game waits while you think"),
        ({"clock": "running"}, "Meanwhile nothing more is pressed"),
        ({"clock": "running", "overlap": True}, "your next answer cuts off what is left"),
    ):
        game.reset(seed=0, options=options)
        brief = game.brief()
        facts = {**brief.facts, "actions": game.actions, "free_text": True, "max_steps": 200, "words": True}
        assert said in render(brief.template, **facts)


def test_conditions() -> None:
    now = {"room": 3, "flags": 0b1010, "hp": 0}
    for condition, holds in (
        ({"room": 3}, True),
        ({"room": [1, 2]}, False),
        ({"room": ">= 3", "hp": "< 1"}, True),
        ({"flags": "bit 1"}, True),
        ({"flags": "not bit 1"}, False),
        ({"any": [{"room": 1}, {"hp": 0}]}, True),
        ({"all": [{"room": 1}, {"hp": 0}]}, False),
        ({"not": {"room": "!= 3"}}, True),
    ):
        assert compiled(condition)(now) is holds, condition
    assert names({"a": 1, "any": [{"b": 1}, {"not": {"c": 2}}]}) == {"a", "b", "c"}
    for wrong in (
        {},
        {"room": "== three"},
        {"room": True},
        {"any": []},
        {"room": "__import__('os')"},
        "room",
    ):
        with pytest.raises(ValueError):
            compiled(wrong)


def test_numbers_in_memory() -> None:
    assert number("u16le", [0x34, 0x12]) == 0x1234
    assert number("u24be", [1, 0, 2]) == 65538
    assert number("i8", [0xFF]) == -1
    assert number("bcd2le", [0x34, 0x12]) == 1234
    assert number("u8", [0xFF], 0x0F) == 15
    for wrong in ("u9", "u16", "u8le", "bcd5le", "f32"):
        with pytest.raises(ValueError, match="no type"):
            size(wrong)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("colour: red", "colour: Extra inputs"),
        ("title: Another", "a key stands twice"),
        ("busy: {x: maybe}", "is no test"),
        ("step: {hold: 0}", "step.hold"),
    ],
)
def test_specs_are_read_strictly(change: str, said: str) -> None:
    text = (
        SPEC
        if change.startswith("title")
        else "\n".join(
            line for line in SPEC.splitlines() if not line.startswith(change.partition(":")[0] + ":")
        )
    )
    with pytest.raises(ValueError, match=said):
        parse_spec(f"{text}\n{change}\n", "corridor.yaml")


def test_a_set_that_the_start_meets_or_that_collides_is_refused() -> None:
    spec = parse_spec(SPEC, "corridor.yaml")
    assert not faults(spec.milestones, {"x": 0})
    assert faults(spec.milestones, {"x": 60}) == [
        'the milestone "off" holds at the start',
        'the milestone "half way" holds at the start',
    ]
    assert "speaks of 'x'" in faults(spec.milestones, {})[0]
    with pytest.raises(ValueError, match="one condition"):
        parse_spec(SPEC.replace('">= 50"', '">= 10"'), "corridor.yaml")


def test_options_of_a_task() -> None:
    assert split("doom/e1m1@skill=4,turbo", {"skill": "1 to 5"}) == ("e1m1", {"skill": "4", "turbo": "1"})
    assert shared("t", {"frames": "4"}) == {"frames": 4, "turbo": False}
    with pytest.raises(ValueError, match="no option"):
        split("doom/e1m1@fast")
    with pytest.raises(ValueError, match="from 1 to 8"):
        shared("t", {"frames": "9"})
