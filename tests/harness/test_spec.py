import pytest

from harness.errors import InputError
from harness.spec import Limits, RunSpec, load, suite, suites


def test_flags_beat_the_file(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("suite: quickstart\nepisodes: 3\nlimits: {steps: 9, turns: 4}\n")
    spec = load(file, {"episodes": 2, "limits": {"steps": 5}})
    assert (spec.suite, spec.episodes, spec.limits.steps, spec.limits.turns) == ("quickstart", 2, 5, 4)


def test_a_task_on_the_command_line_takes_the_place_of_the_files_suite(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("suite: quickstart\n")
    assert load(file, {"tasks": ("babyai/goto",)}).suite is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("suite: quickstart\nepisods: 3\n", "unknown key 'episods'; did you mean 'episodes'?"),
        (
            "suite: quickstart\nlimits: {stepz: 3}\n",
            "unknown key 'limits.stepz'; did you mean 'limits.steps'?",
        ),
        ("suite: [quickstart\n", "not valid YAML"),
        ("- a\n- b\n", "expected keys and values"),
        ("suite: quickstart\nepisodes: 0\n", "episodes"),
        ("suite: quickstart\ntasks: [babyai/goto]\n", "one of the two"),
        ("episodes: 1\n", "one of the two"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path, text, words):
    file = tmp_path / "run.yaml"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        load(file, {})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unreadable_file_is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match="cannot read .*No such file"):
        load(tmp_path / "none.yaml", {})
    binary = tmp_path / "b.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not valid YAML"):
        load(binary, {})


def test_limits_stand_over_one_another():
    assert Limits(steps=3).over(Limits(steps=9, turns=2)) == Limits(steps=3, turns=2)


def test_every_suite_in_the_box_is_valid_and_named_after_its_file():
    assert "quickstart" in suites()
    for name, found in suites().items():
        assert found.name == name
        assert found.reasons.strip()


def test_an_unknown_suite_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'quickstart'"):
        suite("quikstart")


def test_a_spec_can_be_written_out_and_read_back():
    spec = RunSpec(suite="quickstart", models=("embedded",), limits=Limits(dollars=0.5))
    assert RunSpec.model_validate(spec.model_dump(mode="json")) == spec
