import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from games.api import UnknownAction
from games.nethack import TASKS
from games.nethack._keys import COMMANDS, Asking, Kind, parse
from games.nethack._progress import Journey, table
from games.nethack._words import _strength, _where, describe
from harness import tasks
from harness.errors import InputError
from harness.testing import GameContract
from harness.world import World

GOLDEN = Path(__file__).parent / "golden"


class TestNetHack(GameContract):
    plugin = "nethack"
    tasks = ("nethack/NetHackScore-v0", "nethack/NetHackChallenge-v0")
    steps = 40


@pytest.mark.slow
@pytest.mark.timeout(1800)
class TestAllOfNetHack(GameContract):
    plugin = "nethack"


@pytest.fixture(scope="module")
def game():
    env = tasks.make("nethack/NetHackChallenge-v0")
    yield env
    env.close()


def text(env, raw):
    return "\n\n".join(f"[{part.name}]\n{part.text}" for part in env.observe(raw, {}).sections) + "\n"


def keys(action, asking=Asking.NOTHING):
    return [
        (str(piece.kind), "".join(chr(key) if 32 <= key < 127 else f"<{key}>" for key in piece.keys))
        for piece in parse(action, asking)
    ]


def test_the_words_are_those_of_the_golden_observations(game):
    raw, _ = game.reset(seed=1)
    told = [text(game, raw)]
    for action in ("open west", "20s", "i", "esc", 'engrave - "Elbereth"', "throw d east", "look"):
        raw, *_ = game.step(game.decode(action))
        told.append(f"=== {action}\n\n{text(game, raw)}")
    assert "\n".join(told) == (GOLDEN / "nethack_seed_1.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("action", "asking", "expected"),
    [
        ("open west", Asking.NOTHING, [("command", "o"), ("answer", "h")]),
        ("20s", Asking.NOTHING, [("command", "20s")]),
        ("20 search", Asking.NOTHING, [("command", "20s")]),
        ("Far West", Asking.NOTHING, [("command", "H")]),
        ("travel to _ >", Asking.NOTHING, [("command", "_"), *[("more", key) for key in "_>."]]),
        ("travel >", Asking.NOTHING, [("command", "_"), ("more", ">"), ("more", ".")]),
        ("fight north", Asking.NOTHING, [("command", "F"), ("more", "k")]),
        ("fight", Asking.NOTHING, [("command", "F"), ("more", "<27>")]),
        ("^d east", Asking.NOTHING, [("command", "<4>"), ("answer", "l")]),
        ("#pray yes", Asking.NOTHING, [("command", "<240>"), ("answer", "y")]),
        (
            'engrave - "Elbereth"',
            Asking.NOTHING,
            [("command", "E"), ("answer", "-"), ("line", "Elbereth<13>")],
        ),
        ("drop 3 a", Asking.NOTHING, [("command", "d"), ("answer", "3"), ("answer", "a")]),
        ("a", Asking.QUESTION, [("answer", "a")]),
        ("west", Asking.DIRECTION, [("answer", "h")]),
        ("west", Asking.QUESTION, [("command", "h")]),
        ("search", Asking.QUESTION, [("command", "s")]),
        ("a b enter", Asking.MENU, [("answer", "a"), ("answer", "b"), ("answer", "<13>")]),
        ("Elbereth", Asking.LINE, [("line", "Elbereth<13>")]),
        ("esc", Asking.LINE, [("answer", "<27>")]),
    ],
)
def test_the_grammar(action, asking, expected):
    assert keys(action, asking) == expected


@pytest.mark.parametrize(
    "action",
    ["", "  ", "\x00", "colourless green ideas", "S", "#quit", "#exploremode", "!", "open sesame", "20"],
)
def test_what_is_not_of_the_grammar_is_refused(action):
    with pytest.raises(UnknownAction):
        parse(action, Asking.NOTHING)


def test_no_key_leaves_the_game_or_changes_its_kind():
    forbidden = {ord("S"), ord("!"), ord("#"), 0x80 | ord("q"), 0x1F & ord("z"), 0x1F & ord("c")}
    assert not forbidden & {command.key for command in COMMANDS}
    assert len({command.key for command in COMMANDS}) == len(COMMANDS)


words = st.sampled_from(
    [command.name for command in COMMANDS]
    + [
        "a",
        "b",
        "*",
        "?",
        ",",
        "-",
        "$",
        "20",
        "9999",
        "yes",
        "no",
        "esc",
        "enter",
        "next page",
        "north",
        "to",
    ]
    + ['"Elbereth"', '"', "^d", "M-p", "travel", "\u00e9", "<27>"]
)
actions = st.lists(words, min_size=1, max_size=4).map(" ".join) | st.text(max_size=20)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(played=st.lists(actions, min_size=1, max_size=6))
def test_every_text_is_executed_or_refused(game, played):
    game.reset(seed=7)
    for action in played:
        try:
            decoded = game.decode(action)
        except UnknownAction:
            continue
        raw, reward, over, _, _ = game.step(decoded)
        assert np.isfinite(reward)
        assert game.observe(raw, {}).sections
        if over:
            break


def test_every_command_runs_from_a_fresh_game_and_leaves_it_playable(game):
    for action in game.actions:
        game.reset(seed=3)
        game.step(game.decode(action.name))
        raw, *_ = game.step(game.decode("search"))  # cancels whatever the command asked
        assert raw["asking"] in ("", "question"), action.name


def test_an_answer_that_is_not_asked_for_is_dropped(game):
    game.reset(seed=1)  # a samurai without food
    raw, *_ = game.step(game.decode("eat b"))
    assert "You don't have anything to eat." in raw["message"]
    assert "was dropped" in raw["message"]
    assert raw["blstats"][20] == 1, "no turn went by: b did not walk southwest"


def test_pages_are_turned_and_their_text_is_kept(game):
    game.reset(seed=1)
    raw, *_ = game.step(game.decode("discoveries"))
    assert "elven leather helm (leather hat)" in raw["message"]
    assert "--More--" not in raw["message"]
    assert not raw["asking"]


def test_the_same_seed_is_the_same_game_whatever_the_day(game):
    def play():
        dice, hashes = random.Random(5), []
        raw, _ = game.reset(seed=11)
        for _ in range(200):
            raw, _, over, _, _ = game.step(game.decode(dice.choice(game.actions[:16]).name))
            hashes.append((raw["chars"].tobytes(), raw["message"]))
            if over:
                break
        return hashes

    assert play() == play()
    assert game._inner.nethack._pynethack is not None


def test_places_are_told_by_distance_and_direction():
    assert _where(0, -3) == "3 north"
    assert _where(2, 0) == "2 east"
    assert _where(-4, 4) == "4 southwest"
    assert _where(5, -1) == "5 east and 1 north"


def test_strength_is_written_as_the_game_does():
    assert [_strength(value) for value in (3, 18, 19, 68, 117, 118, 119, 125)] == [
        "3",
        "18",
        "18/01",
        "18/50",
        "18/99",
        "18/**",
        "19",
        "25",
    ]


def stats(**values):
    names = {"depth": 12, "gold": 13, "xp": 18, "turn": 20, "branch": 23, "level": 24, "hp": 10, "max": 11}
    found = np.zeros(27, dtype=np.int64)
    found[[12, 24, 18, 11]] = 1
    for name, value in values.items():
        found[names[name]] = value
    return found


def test_progress_is_the_best_that_was_reached():
    journey = Journey()
    journey.note(stats(depth=5, level=5, xp=2))
    journey.note(stats(depth=2, level=2, xp=3))
    measure = journey.progress(0.0)
    assert measure.value == table()["Dlvl:5"]
    assert measure.parts["deepest"] == 5
    assert measure.parts["milestones"] == pytest.approx((4 + 2) / sum(v > 0 for v in table().values()))


def test_progress_knows_quest_planes_and_ascension():
    journey = Journey()
    journey.note(stats(depth=14, branch=3, level=2))
    assert journey.progress(0.0).value == table()["Home 2"]
    journey.note(stats(depth=0, branch=7, level=1))
    assert journey.progress(0.0).value == table()["Astral Plane"]
    journey.ascended = True
    assert journey.progress(0.0).value == 1.0
    assert journey.progress(0.0).parts["milestones"] == 1.0


def test_the_last_statistics_survive_the_end(game):
    game.reset(seed=4)
    over = False
    for _ in range(3000):
        raw, _, over, _, _ = game.step(game.decode(game.oracle()))
        if over:
            break
    assert over, "the explorer dies within 3,000 steps of this game"
    parts = game.progress().parts
    assert parts["turns"] > 1
    assert parts["deepest"] >= 1
    assert raw["blstats"][11] > 0, "the terminal frame is not blank"
    describe(raw)


def test_an_unknown_task_is_one_clear_line():
    with pytest.raises(InputError, match="NetHackChallenge-v0"):
        tasks.info("nethack/NetHackChalenge-v0")


def test_the_terminal_is_another_picture_of_the_same_game():
    tiles, terminal = (
        tasks.make(f"nethack/NetHackScore-v0{which}", image=True) for which in ("", "@terminal")
    )
    tiles.reset(seed=1)
    terminal.reset(seed=1)
    assert tiles.render().shape == (402, 1264, 3)
    assert terminal.render().shape == (528, 960, 3)
    assert len(TASKS) == 9


def test_an_answer_is_never_sent_as_a_command():
    assert {piece.kind for piece in parse("zap c north", Asking.NOTHING)[1:]} == {Kind.ANSWER}


def test_what_the_prompt_says_of_answers_is_true(game):
    assert keys("next page", Asking.MENU) == [("answer", ">")]
    assert keys("nw", Asking.DIRECTION) == [("answer", "y")]
    assert "next page" in World("nethack/NetHackChallenge-v0").reset(1)[0].instructions


def test_the_first_status_counts(game):
    game.reset(seed=1)
    parts = game.progress().parts
    assert parts["hit_points"] == 15
    assert parts["deepest"] == parts["experience_level"] == 1


@pytest.mark.parametrize(
    ("task", "actions"),
    [
        ("nethack/NetHackScore-v0", ("north", "far east", "search", "far south")),
        ("minihack/MiniHack-Room-15x15-v0", ("north", "east", "southwest", "south")),
    ],
)
def test_a_picture_does_not_depend_on_how_often_there_were_others(task, actions):
    always, never = World(task, observe="both"), World(task, observe="both")
    for seed in (5, 6):
        always.reset(seed)
        never.begin(seed)
        for action in actions:
            drawn = always.step(action).observation.image
            never.advance(action)
        assert np.array_equal(drawn, always.picture())
        assert np.array_equal(drawn, never.picture())
