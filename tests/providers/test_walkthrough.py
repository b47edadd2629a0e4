"""The page `docs/add-a-provider.md`, followed to the letter as a stranger would."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "add-a-provider.md"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.S)


@pytest.fixture
def shell(tmp_path):
    """Runs commands one by one; packages go beside the environment of the tests, which stays as it is."""
    site, where = tmp_path / "site", [tmp_path]
    environment = {
        **os.environ,
        "PYTHONPATH": str(site),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    install = f"python -m pip install --quiet --no-deps --no-build-isolation --target {site} ."

    def run(command, ok=True):
        if command.startswith("cd "):
            where[0] /= command[3:]
            return ""
        done = subprocess.run(
            install if command.startswith("pip install ") else command,
            shell=True,
            cwd=where[0],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) == ok, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    return run


def test_the_walkthrough_works_as_written(shell, tmp_path):
    module, kit = blocks("python")
    assert len(module.strip().splitlines()) <= 12
    for command in "".join(blocks("console")).splitlines():
        said = shell(command)
        if command.startswith("cd "):
            assert (tmp_path / "ludometer-hello" / "ludometer_hello.py").read_text() == module
            assert (tmp_path / "ludometer-hello" / "test_hello.py").read_text() == kit
        if command.startswith("ludometer list"):
            assert "hello:MODEL" in said
        if command.startswith("pytest"):
            assert re.search(r"\b[1-9]\d* passed", said)
    board = json.loads((tmp_path / "ludometer-hello" / "hello-run" / "summary.json").read_text())
    row = board["leaderboard"][0]
    assert (row["agent"], row["episodes"], row["missing"]) == ("direct @ hello:world", 20, 0)
    assert (row["strict_rate"], row["cost"]) == (1.0, 0.0)


def test_a_server_that_speaks_openais_protocol_needs_no_code(shell, tmp_path):
    shell("ludometer new provider big-co --base-url https://llm.example.com/v1 --key BIG_CO_KEY")
    shell("cd ludometer-big-co")
    shell("pip install -e .")
    assert re.search(r"\b[1-9]\d passed", shell("pytest"))
    listed = shell("ludometer list models --json")
    assert {"provider": "big-co", "key": "BIG_CO_KEY"}.items() <= next(
        row for row in json.loads(listed) if row["provider"] == "big-co"
    ).items()
    said = shell("ludometer run -t babyai/goto -m big-co:m --out run", ok=False)
    assert "BIG_CO_KEY is not set" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("provider 'My Model'", "lower-case letters"),
        ("provider import", "lower-case letters"),
        ("provider ../x", "lower-case letters"),
        ("provider openai", "already"),
        ("provider fine --key K", "--key needs --base-url"),
        ("provider fine --base-url nonsense", "should look like"),
        ("provider fine --out .", "exists already"),
    ],
)
def test_what_cannot_be_made_is_told_in_a_line(shell, tmp_path, arguments, words):
    said = shell(f"ludometer new {arguments}", ok=False)
    assert said.startswith("error: ")
    assert words in said
    assert said.count("\n") == 1
    assert not list(tmp_path.glob("ludometer*"))
