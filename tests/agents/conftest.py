"""Whole runs of agents with a scripted model."""

import asyncio
from pathlib import Path

import pytest

from harness import plan as planning
from harness.folder import RunFolder
from harness.plan import make_plan
from harness.providers.scripted import ScriptedProvider
from harness.records import read_run
from harness.run import Watcher, execute
from harness.spec import RunSpec


@pytest.fixture
def play(tmp_path, monkeypatch):
    """Play a spec with a function for the model; gives the episodes."""

    def played(answer, *, folder="run", **spec):
        provider = ScriptedProvider(answers=answer)
        monkeypatch.setattr(planning, "make_provider", lambda *_: provider)
        asked = RunSpec(models=("scripted",), **spec)
        plan = make_plan(asked)
        run = RunFolder(Path(tmp_path / folder))
        digest = run.open(asked, plan)
        result = asyncio.run(execute(asked, plan, run, digest, Watcher()))
        assert not result.failed
        return read_run(run.path)

    return played
