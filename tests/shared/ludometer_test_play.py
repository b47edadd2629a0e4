"""``python ludometer_test_play.py RUN.yaml FOLDER``: plays a run and nothing more (no scores, no report)."""

import asyncio
import sys
from pathlib import Path

from harness.folder import RunFolder
from harness.plan import make_plan
from harness.run import Watcher, execute
from harness.spec import load


def main(config, folder):
    spec, folder = load(Path(config), {}), RunFolder(Path(folder))
    plan = make_plan(spec)
    with folder.lock():
        digest = folder.open(spec, plan)
        result = asyncio.run(execute(spec, plan, folder, digest, Watcher()))
    return 1 if result.failed or result.unfinished else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
