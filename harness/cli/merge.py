"""``ludometer merge``: the shards of a run in one folder."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN RUN…")
@click.option(
    "--out", "-o", required=True, type=click.Path(path_type=Path), help="The folder to put them in."
)
@click.option("--report/--no-report", default=True, help="Write report.html at the end.")
@click.option("--json", "as_json", is_flag=True, help="Print the leaderboard as JSON, and nothing else.")
def merge(runs: tuple[Path, ...], out: Path, report: bool, as_json: bool) -> int:
    """Put the shards of a run (ludometer run --shard I/N) together, and score the whole.

    The shards stay as they are. The same command again adds what they have got since.
    """
    from harness.cli._conclude import conclude
    from harness.cli._live import Live
    from harness.folder import RunFolder
    from harness.merge import merge as put_together
    from harness.run import Result

    merged = put_together(runs, out)
    live = Live(quiet=as_json, bar=False)
    live.say(f"{merged.copied} episodes copied")
    if merged.versions:
        live.say(f"the shards were played with different versions of {', '.join(merged.versions)}")
    if merged.missing:
        live.say(f"{merged.missing} episodes of the run are in none of these shards")
    total = merged.done + merged.failed + merged.unfinished + merged.missing
    result = Result(total=total, done=merged.done, failed=merged.failed, unfinished=merged.unfinished)
    with RunFolder(out).lock():
        conclude(RunFolder(out), result, live, report=report, as_json=as_json)
    return 1 if merged.failed else 0
