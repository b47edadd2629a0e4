import json

import pytest
from ludometer_test_runs import ludometer, run

import scorers
from harness.spec import RunSpec

SPEC = RunSpec(
    tasks=("babyai/goto", "babyai/open"), agents=("random", "oracle", "direct"),
    models=("scripted:go forward,turn left,go forward",), episodes=4, limits={"steps": 12},
)  # fmt: skip


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("played") / "run"
    run(folder, SPEC)
    return folder


def told(capsys, *arguments):
    assert ludometer("plan-episodes", *arguments) == 0
    return " ".join(capsys.readouterr().out.split())


def test_by_hand(capsys):
    assert "34 episodes a task, 68 in all for both agents" in told(capsys, "--sd", "1", "-d", "0.5")
    rates = [[0.16**0.5, 0.21**0.5]] * 3
    (found,) = json.loads(told(capsys, "--rates", "0.2", "0.3", "--tasks", "3", "--json"))
    assert found["episodes"] == scorers.episodes_needed(0.1, rates)
    assert found["total"] == found["episodes"] * 6


def test_from_a_run(played, capsys):
    words = told(capsys, played, "-d", "0.3")
    assert "oracle – random paired by seed; 2 tasks, at least 4 episodes each" in words
    assert "oracle – a new agent" in words
    assert "fewer than 5 episodes a task" in words
    plans = json.loads(told(capsys, played, "-d", "0.3", "--json"))
    assert len(plans) == 6
    for plan in plans:
        assert plan["cautious_episodes"] >= (plan["episodes"] or 0)


def test_two_agents_of_a_run_and_what_they_use(played, capsys):
    direct = "direct @ scripted:go forward,turn left,go forward"
    plans = json.loads(told(capsys, played, "--agents", direct, "oracle", "-d", "0.3", "--json"))
    assert [(plan["a"], plan["b"]) for plan in plans] == [
        (direct, "oracle"),
        (direct, None),
        ("oracle", None),
    ]
    pair, alone, oracle = plans
    assert pair["cautious_calls"] == pytest.approx(
        alone["cautious_calls"] * pair["cautious_episodes"] / alone["cautious_episodes"]
    )
    assert pair["cautious_tokens"] > 0
    assert oracle["cautious_calls"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "where the variance is from"),
        (["--sd", "0.3"], "needs --difference"),
        (["--sd", "0.3", "-d", "0"], "must not be 0"),
        (["--rates", "0.2", "0.2"], "must not be 0"),
        (["--rates", "0.2", "0.3", "-d", "0.1"], "leave --difference out"),
        (["--sd", "0.3", "-d", "0.1", "--agents", "a", "b"], "goes with run folders"),
        (["RUN", "--tasks", "3"], "--tasks goes with"),
        (["RUN", "--agents", "oracle", "nobody"], "no scores of the agent 'nobody'"),
        (["RUN", "--agents", "oracle", "oracle"], "two different agents"),
        (["RUN", "-d", "1e-12"], "more than a billion"),
    ],
)
def test_what_is_wrong_is_said(played, capsys, arguments, words):
    assert ludometer("plan-episodes", *(played if a == "RUN" else a for a in arguments)) == 2
    assert words in capsys.readouterr().err
