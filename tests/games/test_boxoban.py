import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from importlib import resources

import pytest

from games.minihack._boxoban import (
    DEFINITIONS,
    STEPS,
    Level,
    format_levels,
    generate,
    lower_bound,
    meets,
    parse_levels,
    play,
    replay,
    search,
    solve,
)

FOLDER = resources.files("games") / "minihack" / "boxoban"
SOLUTIONS = json.loads((FOLDER / "solutions.json").read_text())
TEXTS = {difficulty: (FOLDER / f"{difficulty}.txt").read_text() for difficulty in DEFINITIONS}
SHIPPED = {difficulty: parse_levels(text) for difficulty, text in TEXTS.items()}
ALL = [
    (level, moves, difficulty)
    for difficulty, levels in SHIPPED.items()
    for level, moves in zip(levels, SOLUTIONS[difficulty], strict=True)
]
TINY = "######\n#@$ .#\n######"
CORNER = "######\n#$ . #\n# @  #\n######"


def as_minihack_reads(text):
    """What `load_boxoban_levels` of minihack 1.0.2 makes of a file's text."""
    levels, current = [], []
    for line in text.splitlines(keepends=True):
        if line != "\n":
            current.append(line)
        else:
            levels.append("".join(current[1:]))
            current = []
    return levels


def fewest_pushes(level):
    """The slow and plain way, over single moves and with no pruning; None where there is no solution."""
    layer, seen, pushes = {(level.player, level.boxes)}, set(), 0
    while layer:
        pushed, walk = set(), list(layer)
        while walk:
            player, boxes = walk.pop()
            if boxes == level.goals:
                return pushes
            if (player, boxes) in seen:
                continue
            seen.add((player, boxes))
            for step in STEPS.values():
                ahead, beyond = (player << 20 + step) >> 20, (player << 20 + 2 * step) >> 20
                if ahead & level.floor & ~boxes:
                    walk.append((ahead, boxes))
                elif ahead & boxes and beyond & level.floor & ~boxes:
                    pushed.add((ahead, boxes ^ ahead | beyond))
        layer, pushes = pushed, pushes + 1
    return None


@pytest.mark.parametrize("difficulty", DEFINITIONS)
def test_files_hold_100_levels_of_ten_by_ten_as_minihack_reads_them(difficulty):
    read = as_minihack_reads(TEXTS[difficulty])
    assert len(read) == 100
    for text in read:
        assert [len(row) for row in text.splitlines()] == [10] * 10
        assert [text.count(mark) for mark in "$.@"] == [4, 4, 1]
        assert set(text) <= set("#$.@ \n")
    assert read == [f"{level}\n" for level in SHIPPED[difficulty]]
    assert format_levels(SHIPPED[difficulty]) == TEXTS[difficulty]


def test_shipped_levels_are_walled_in_and_in_one_piece():
    for level, _, _ in ALL:
        rows = str(level).splitlines()
        assert rows[0] == rows[9] == "#" * 10
        assert all(row[0] == row[9] == "#" for row in rows)
        empty = replace(level, goals=0, boxes=0)
        assert {" ", "$", "."}.isdisjoint(empty.canonical())  # all floor is the player's region


def test_shipped_solutions_solve_within_minihacks_400_steps():
    for level, moves, _ in ALL:
        assert replay(level, moves)
        assert not replay(level, moves[:-1])
        assert len(moves) <= 400


def test_shipped_levels_are_distinct_up_to_symmetry():
    assert len({level.canonical() for level, _, _ in ALL}) == 300


def test_shipped_levels_meet_their_definition():
    for level, moves, difficulty in ALL:
        assert meets(level, moves, DEFINITIONS[difficulty])


def test_shipped_solutions_have_the_fewest_pushes():
    for level, moves, _ in ALL[::25]:
        found = search(level)
        assert found.complete
        assert play(level, found.moves).pushes == play(level, moves).pushes


def test_difficulties_get_harder_in_both_measures():
    def means(difficulty):
        played = [(play(level, moves).pushes, level) for level, moves, of in ALL if of == difficulty]
        return sum(n for n, _ in played), sum(n - lower_bound(level) for n, level in played)

    easy, medium, hard = map(means, DEFINITIONS)
    assert easy[0] < medium[0] < hard[0]
    assert easy[1] < medium[1] < hard[1]


def test_generation_is_the_same_in_another_process_and_the_shipped_files_are_of_it():
    code = (
        "from games.minihack._boxoban import generate;"
        "print(generate(0, 'unfiltered'), generate(0, 'medium'), sep='\\n\\n')"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    here = [str(generate(0, "unfiltered")), str(generate(0, "medium"))]
    assert other.stdout.decode().strip() == "\n\n".join(here)
    assert here == [str(SHIPPED["unfiltered"][0]), str(SHIPPED["medium"][0])]


def test_tiny_level_is_solved():
    level = Level.parse(TINY)
    assert solve(level) == "ee"
    assert search(level).expanded == 2
    assert replay(level, "ee")


@pytest.mark.parametrize("moves", ["", "e", "eee", "w", "x", "wee"])
def test_moves_that_do_not_solve_or_are_impossible_are_no_solution(moves):
    assert not replay(Level.parse(TINY), moves)


def test_box_in_a_corner_is_proved_unsolvable():
    assert solve(Level.parse(CORNER)) is None
    assert search(Level.parse(CORNER)).complete


def test_two_boxes_frozen_at_a_wall_are_proved_unsolvable():
    stuck = "#######\n# $$  #\n# ..@ #\n#     #\n#######"
    assert search(Level.parse(stuck)) == (None, 0, True)


def test_giving_up_is_not_called_a_proof():
    assert search(SHIPPED["hard"][0], limit=3) == (None, 3, False)


def test_solver_agrees_with_the_plain_search_on_levels_of_two_boxes():
    rng, answers = random.Random(0), []
    for room in SHIPPED["unfiltered"][:60]:
        cells = [1 << i for i in range(100) if room.floor >> i & 1]
        player, *others = rng.sample(cells, 5)
        level = Level(room.floor, sum(others[:2]), sum(others[2:]), player)
        found, fewest = search(level), fewest_pushes(level)
        assert (None if found.moves is None else play(level, found.moves).pushes) == fewest
        answers.append(fewest)
    assert answers.count(None) > 10
    assert len(answers) - answers.count(None) > 5


@pytest.mark.parametrize(
    "text", ["#####\n#@*.#\n#####", "#####\n# $.#\n#####", "#####\n#@$ #\n#####", "#### \n#@$.#\n#####"]
)
def test_malformed_levels_are_refused(text):
    with pytest.raises(ValueError, match="stand in row|one player"):
        Level.parse(text)


@pytest.mark.slow
def test_every_shipped_solution_has_the_fewest_pushes():
    for level, moves, _ in ALL:
        assert play(level, solve(level)).pushes == play(level, moves).pushes
