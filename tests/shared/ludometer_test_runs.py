"""Runs within a test: played, and compared without what only the clock decides."""

import asyncio
import json
from pathlib import Path

import pytest

from harness.cli import main
from harness.folder import RunFolder
from harness.plan import make_plan
from harness.records import read_run
from harness.run import Watcher, execute
from harness.verify import verify


class Quiet(Watcher):
    """A watcher that only remembers what was said."""

    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def run(folder, spec, watcher=None):
    """Play a spec into a folder, as the command line does."""
    plan = make_plan(spec)
    run_folder = RunFolder(Path(folder) if isinstance(folder, str) else folder)
    digest = run_folder.open(spec, plan)
    return asyncio.run(execute(spec, plan, run_folder, digest, watcher or Quiet()))


TIMES = {"started", "seconds", "seconds_model", "seconds_env", "seconds_wait", "latency", "queued", "retries"}


def content(folder):
    """Everything that is recorded but times."""

    def strip(value):
        if isinstance(value, dict):
            return {k: strip(v) for k, v in value.items() if k not in TIMES}
        return [strip(item) for item in value] if isinstance(value, list) else value

    files = sorted((Path(folder) / "episodes").rglob("*.jsonl"))
    return {
        str(file.relative_to(folder)): [
            strip(line)
            for line in map(json.loads, file.read_text().splitlines())
            if line["kind"] != "failure"
        ]
        for file in files
    }


def assert_replays(folder, spec):
    """Play a spec whose time runs: it verifies, time went by at each turn, what is computed comes again."""
    run(folder / "run", spec)
    assert not [d for each in verify(folder / "run").episodes for d in each.differences]
    (episode,) = read_run(folder / "run")
    assert all(turn.thinking.frames > 0 for turn in episode.turns)
    if spec.time != "realtime":
        run(folder / "again", spec)
        assert content(folder / "again") == content(folder / "run")


def ludometer(*arguments):
    """The command line in this process; its exit code."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code
