"""What going on with a long episode costs: the whole command, from its start to its end.

    python benchmarks/resume.py [--quick] [--json]

A NetHack episode of 5,000 turns is played once (by looking and taking stock, which costs no game time, so
that nobody starves) and cut before its last turn, as a kill leaves it. Then the same command is started
again: it has to bring back 4,999 turns by replaying and ask for one. Columns: the history, turns, the
episode's file in MB, seconds of the whole command with its process, the calls that it asked for.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.spec import RunSpec

TASK = "nethack/NetHackChallenge-v0"
ANSWERS = "scripted:look,inventory,look,look"

PLAY = """
import asyncio, sys
from pathlib import Path
from harness.folder import RunFolder
from harness.plan import make_plan
from harness.run import Watcher, execute
from harness.spec import RunSpec
spec, folder = RunSpec.model_validate_json(sys.argv[1]), RunFolder(Path(sys.argv[2]))
plan = make_plan(spec)
with folder.lock():
    result = asyncio.run(execute(spec, plan, folder, folder.open(spec, plan), Watcher()))
print(result.calls)
"""


def play(spec: RunSpec, folder: Path) -> tuple[float, int]:
    """Seconds of a process that plays a run, and the calls it asked for."""
    begun = time.perf_counter()
    command = [sys.executable, "-c", PLAY, spec.model_dump_json(), str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - begun, int(done.stdout)


def measure(history: str, turns: int) -> dict[str, object]:
    spec = RunSpec(
        tasks=(TASK,),
        agents=(f"direct(history={history})",),
        models=(ANSWERS,),
        episodes=1,
        limits={"steps": turns, "turns": turns},
    )
    with tempfile.TemporaryDirectory() as folder:
        played, _ = play(spec, Path(folder))
        file = next(Path(folder).rglob("*.jsonl"))
        size = file.stat().st_size
        lines = file.read_bytes().splitlines(keepends=True)
        assert len(lines) == turns + 3, "the episode ended early"
        file.write_bytes(b"".join(lines[:-2]))
        seconds, asked = play(spec, Path(folder))
        assert len(file.read_bytes().splitlines()) == len(lines)
    return {
        "history": history,
        "turns": turns,
        "megabytes": round(size / 1e6, 1),
        "played_seconds": round(played, 2),
        "resumed_seconds": round(seconds, 2),
        "asked": asked,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one history, 1,000 turns")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    histories = ["full"] if options.quick else ["full", "diff", "window"]
    rows = [measure(history, 1000 if options.quick else 5000) for history in histories]
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
