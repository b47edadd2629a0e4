"""What must be there at once: nothing heavy is imported for it."""

import subprocess
import sys

import pytest

HEAVY = {
    "altair",
    "av",
    "gymnasium",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "ray",
    "scipy",
    "torch",
    "upath",
}


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["--help"], ["list", "tasks"], ["list", "tasks", "--json"], ["list", "games"]],
)
def test_nothing_heavy_is_imported(arguments):
    code = (
        "import sys, harness.cli\n"
        "try: harness.cli.main(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print(*sorted({name for name in sys.modules if '.' not in name}), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout
    assert not HEAVY & set(done.stderr.splitlines()[-1].split())
