import json
import shutil

import pytest
from ludometer_test_runs import ludometer, run

from harness.cli.decide import UNDECIDED
from harness.spec import RunSpec

SPEC = {
    "tasks": ("babyai/goto", "babyai/open"), "agents": ("random", "oracle"), "episodes": 12,
    "limits": {"steps": 12}, "workers": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """Run folders with 1, 2, … rounds, played as the loop in docs/planning.md does."""
    folder = tmp_path_factory.mktemp("rounds")
    for number in range(1, 13):
        run(folder / "run", RunSpec(**SPEC, shard=f"{number}/12"))
        shutil.copytree(folder / "run", folder / f"{number}")
    return folder


def test_a_shard_of_as_many_as_there_are_episodes_is_a_round(rounds):
    for number in (1, 5):
        names = {file.name for file in (rounds / f"{number}").rglob("*.jsonl")}
        assert names == {f"{index:04d}.jsonl" for index in range(number)}
        assert len(list((rounds / f"{number}").rglob("*.jsonl"))) == 4 * number


def test_until_it_is_decided(rounds, capsys):
    codes = []
    for number in range(1, 13):
        codes.append(ludometer("decide", rounds / f"{number}", "--agents", "oracle", "random"))
        words = " ".join(capsys.readouterr().out.split())
        if codes[-1]:
            assert "not decided yet; at the difference seen so far about" in words
    assert codes[0] == UNDECIDED
    assert codes[-1] == 0
    assert codes == sorted(codes, reverse=True)
    assert f"decided after {codes.index(0) + 1} rounds: oracle is better than random" in words
    assert "12 rounds of 2 tasks; 95% at every look" in words


def test_json(rounds, capsys):
    assert ludometer("decide", rounds / "12", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert {found["a"], found["b"]} == {"oracle", "random"}
    assert found["rounds"] == len(found["looks"]) == 12
    assert [look["decided"] for look in found["looks"]].index(True) + 1 == found["decided_after"]


def test_a_stricter_confidence_waits_longer(rounds, capsys):
    assert ludometer("decide", rounds / "12", "--confidence", "0.999999999999") == UNDECIDED


def test_an_unfinished_episode_is_waited_for(rounds, tmp_path, capsys):
    shutil.copytree(rounds / "5", tmp_path / "run")
    (file,) = (tmp_path / "run" / "episodes" / "random" / "babyai" / "open").glob("0003.jsonl")
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))
    assert ludometer("decide", tmp_path / "run") == UNDECIDED
    words = " ".join(capsys.readouterr().out.split())
    assert "after 3 rounds" in words
    assert "next: episode 3 of random, on babyai/open" in words


def test_a_task_that_is_not_begun_is_waited_for(rounds, tmp_path, capsys):
    shutil.copytree(rounds / "12", tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "episodes" / "oracle" / "babyai" / "open")
    assert ludometer("decide", tmp_path / "run") == UNDECIDED
    assert "no round is whole" in capsys.readouterr().out
    assert ludometer("decide", tmp_path / "run", "-t", "*/goto") in (0, UNDECIDED)
    assert "after 12 rounds of 1 task" in " ".join(capsys.readouterr().out.split())


def test_the_same_agent_in_two_runs(tmp_path, capsys):
    spec = {**SPEC, "tasks": ("babyai/goto",), "agents": ("random",), "episodes": 2}
    run(tmp_path / "one", RunSpec(**spec))
    run(tmp_path / "two", RunSpec(**{**spec, "limits": {"steps": 2}}))
    assert ludometer("decide", tmp_path / "one", tmp_path / "two", "--json") == UNDECIDED
    found = json.loads(capsys.readouterr().out)
    assert (found["a"], found["b"]) == (f"random in {tmp_path / 'one'}", f"random in {tmp_path / 'two'}")
    assert found["rounds"] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("--agents", "oracle", "nobody"),
        ("--agents", "oracle", "oracle"),
        ("RUN", "RUN"),
        ("--confidence", "1"),
    ],
)
def test_what_is_wrong_is_said(rounds, capsys, arguments):
    given = [rounds / "2" if word == "RUN" else word for word in arguments]
    assert ludometer("decide", *(given if "RUN" in arguments else [rounds / "2", *given])) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_three_agents_have_to_be_chosen_from(capsys):
    assert ludometer("decide", "tests/data/run-schema-1") == 2
    assert "say --agents A B" in capsys.readouterr().err
