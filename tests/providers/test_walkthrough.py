"""The page `docs/add-a-provider.md`, followed to the letter as a stranger would."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "add-a-provider.md"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.S)


def test_the_walkthrough_works_as_written(tmp_path):
    stranger, site = tmp_path / "stranger", tmp_path / "site"
    stranger.mkdir()
    module, kit = blocks("python")
    assert len(module.strip().splitlines()) <= 15
    (stranger / "ludometer_hello.py").write_text(module)
    (stranger / "test_hello.py").write_text(kit)
    (stranger / "pyproject.toml").write_text(blocks("toml")[0])
    commands = "".join(blocks("console")).splitlines()
    environment = {
        **os.environ,
        "PYTHONPATH": str(site),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    for command in commands:
        # Installed beside the environment of the tests, which stays as it is; setuptools is there already.
        where = f"python -m pip install --quiet --no-deps --no-build-isolation --target {site} ."
        done = subprocess.run(
            where if command == "pip install ." else command,
            shell=True,
            cwd=stranger,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        if command.startswith("ludometer list"):
            assert "hello:MODEL" in done.stdout
        if command.startswith("pytest"):
            assert re.search(r"\b[1-9]\d* passed", done.stdout)
    episodes = sorted((stranger / "hello-run" / "episodes").rglob("*.jsonl"))
    assert len(episodes) == 2
    assert '"text":"turn left"' in episodes[0].read_text()
