"""Perturbed variants of any game: named, seeded, told, and paired with the plain task."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.perturb import PERTURBATIONS, format_task, parse_task
from harness import tasks
from harness.cli import main
from harness.errors import InputError
from harness.plan import make_plan
from harness.records import Status, read_run
from harness.spec import RunSpec
from harness.testing.game import in_another_process
from harness.testing.rollout import rollout
from harness.world import World

EXAMPLES = {
    "action_noise": "action_noise(0.3)",
    "sticky": "sticky(0.25)",
    "tremors": "tremors(p=0.2,steps=2)",
    "drift": "drift(steps=3,kind=cyclic)",
    "invert": "invert",
    "grey": "grey",
    "blackout": "blackout(0.5)",
    "crop": "crop(0.5)",
    "hide": "hide(carrying)",
}


def test_every_perturbation_has_an_example():
    assert set(EXAMPLES) == set(PERTURBATIONS)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("babyai/goto", "babyai/goto"),
        ("babyai/goto+sticky(.25)", "babyai/goto+sticky(0.25)"),
        ("babyai/goto+sticky(p=0.25)", "babyai/goto+sticky(0.25)"),
        ("babyai/goto+tremors", "babyai/goto+tremors(p=0.05,steps=3)"),
        ("babyai/goto+drift(9, kind=cyclic)+grey()", "babyai/goto+drift(steps=9,kind=cyclic)+grey"),
    ],
)
def test_names_have_one_spelling(text, canonical):
    assert format_task(*parse_task(text)) == canonical
    assert format_task(*parse_task(canonical)) == canonical
    assert tasks.info(text).task == canonical


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stiky(0.1)", "did you mean 'sticky'"),
        ("sticky", "needs p"),
        ("sticky(2)", "not between 0 and 1"),
        ("sticky(often)", "is no float"),
        ("sticky(0.1,0.2)", "takes 1 parameters"),
        ("sticky(q=0.1)", "no parameter 'q'"),
        ("drift(0)", "not at least 1"),
        ("sticky(0.1", "the form is"),
        ("drift(steps=4,kind=sideways)", "neither sudden nor cyclic"),
        ("hide(nothing)", "there is no section 'nothing'"),
    ],
)
def test_a_wrong_perturbation_is_one_clear_line(text, words, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["run", "-t", f"babyai/goto+{text}", "-n", "1", "--out", str(tmp_path / "run")])
    said = capsys.readouterr().err
    assert stopped.value.code == 2
    assert words in said
    assert said.count("\n") == 1


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        base, specs = parse_task(text)
        assert parse_task(format_task(base, specs)) == (base, specs)
    except ValueError:
        pass


def test_all_are_the_same_in_another_process_and_none_is_the_plain_game():
    acting = [name for name in EXAMPLES if name in ("action_noise", "sticky", "tremors", "drift")]
    jobs = [(f"minigrid/MiniGrid-Empty-8x8-v0+{text}", 5, 60) for text in EXAMPLES.values()]
    one, two = (in_another_process(jobs, seed) for seed in ("1", "2"))
    assert one == two
    plain = rollout(tasks.make("minigrid/MiniGrid-Empty-8x8-v0"), 5, 60)
    for name in acting:
        assert one[f"minigrid/MiniGrid-Empty-8x8-v0+{EXAMPLES[name]} 5"] != plain, name


@pytest.mark.parametrize("text", EXAMPLES.values())
def test_the_instructions_tell_the_truth_about_it(text):
    world = World(f"babyai/goto+{text}", observe="both")
    briefing, frame = world.reset(seed=3)
    assert "This is a changed version of the game:" in briefing.instructions
    assert frame.observation.image is not None
    for _ in range(5):
        frame = world.step("turn left")
    world.close()


def test_noise_comes_as_often_as_it_says():
    env = tasks.make("gymnasium/CartPole-v1+action_noise(0.4)")
    executed = []
    env.env.step = lambda action: (executed.append(action), (np.zeros(4), 0.0, False, False, {}))[1]
    env.reset(seed=1)
    for _ in range(4000):
        env.step(0)
    assert np.mean(executed) == pytest.approx(0.4 / 2, abs=0.03)  # half of the random actions are 0 too


def test_sticking_repeats_what_was_executed():
    env = tasks.make("gymnasium/CartPole-v1+sticky(0.25)")
    executed = []
    env.env.step = lambda action: (executed.append(action), (np.zeros(4), 0.0, False, False, {}))[1]
    env.reset(seed=1)
    asked = [step % 2 for step in range(4000)]
    for action in asked:
        env.step(action)
    repeated = np.mean([now == before for before, now in pairwise(executed)])
    # An asked-for alternation is broken only when the old action sticks and differs from the new one.
    different = np.mean([a != b for a, b in zip(executed, asked, strict=True)])
    assert executed[0] == asked[0]
    assert 0.1 < different < 0.3
    assert 0.2 < repeated < 0.6


def test_drift_moves_every_name_and_cycles_back():
    env = tasks.make("babyai/goto+drift(steps=2,kind=cyclic)")
    env.reset(seed=4)
    names = [action.name for action in env.get_wrapper_attr("actions")]
    meanings = []
    for _ in range(6):
        meanings.append([env.decode(name) for name in names])
        env.step(env.decode("turn left"))
    assert meanings[0] == meanings[1] == meanings[4]
    assert all(a != b for a, b in zip(meanings[0], meanings[2], strict=True))
    assert sorted(meanings[2]) == sorted(meanings[0])


def test_what_is_hidden_is_not_shown():
    hidden = World("babyai/goto+hide(in_view)")
    _, frame = hidden.reset(seed=1)
    assert [section.name for section in frame.observation.sections] == ["mission", "carrying", "position"]
    dark = World("babyai/goto+blackout(1.0)", observe="both")
    _, frame = dark.reset(seed=1)
    assert frame.observation.image.any()
    frame = dark.step("turn left")
    assert not frame.observation.image.any()
    assert {section.text for section in frame.observation.sections} == {"(not shown)"}


def test_pictures_are_changed_as_told():
    def picture(text):
        world = World(f"babyai/goto{text}", observe="image")
        return world.reset(seed=2)[1].observation.image

    plain = picture("")
    assert (picture("+invert") == 255 - plain).all()
    assert (np.ptp(picture("+grey"), axis=2) == 0).all()
    cropped = picture("+crop(0.5)")
    assert not cropped[:40].any()
    assert (cropped[60:100, 60:100] == plain[60:100, 60:100]).all()


def test_a_checkpoint_holds_the_dice():
    one = tasks.make("crafter/standard+action_noise(0.5)")
    one.reset(seed=1)
    for _ in range(5):
        one.step(0)
    state = one.checkpoint()
    two = tasks.make("crafter/standard+action_noise(0.5)")
    two.reset(seed=9)
    two.restore(state)
    for _ in range(20):
        a, b = one.step(1)[0], two.step(1)[0]
        assert a["position"] == b["position"]


def test_a_perturbed_task_has_the_seeds_of_its_plain_task():
    plan = make_plan(RunSpec(tasks=("babyai/goto", "babyai/goto+sticky(0.25)"), episodes=3))
    seeds = {
        task: [e.seed for e in plan.episodes if e.task == task] for task in {e.task for e in plan.episodes}
    }
    assert len(seeds) == 2
    assert len({tuple(found) for found in seeds.values()}) == 1


def test_patterns_take_perturbations():
    found = tasks.match(["babyai/*+sticky(0.25)"])
    assert len(found) == 5
    assert all(task.endswith("+sticky(0.25)") for task in found)
    with pytest.raises(InputError):
        tasks.match(["babyai/*+stik(0.25)"])


def test_a_perturbed_run_resumes_in_mid_episode(tmp_path):
    command = ["run", "-t", "babyai/goto+action_noise(0.3)+blackout(0.2)", "-a", "direct", "-n", "2"]
    command += ["-m", "scripted:turn left,go forward", "--steps", "10", "--no-report"]
    with pytest.raises(SystemExit):
        main([*command, "--out", str(tmp_path / "whole")])
    with pytest.raises(SystemExit):
        main([*command, "--out", str(tmp_path / "cut")])
    for file in (tmp_path / "cut" / "episodes").rglob("*.jsonl"):
        file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:5]))
    with pytest.raises(SystemExit):
        main([*command, "--out", str(tmp_path / "cut")])
    hashes = [
        [[step.hash for turn in e.turns for step in turn.steps] for e in read_run(tmp_path / name)]
        for name in ("whole", "cut")
    ]
    assert hashes[0] == hashes[1]
    assert all(e.status is Status.DONE for e in read_run(tmp_path / "cut"))
    assert not list(tmp_path.rglob("*.mismatch*"))
