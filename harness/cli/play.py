"""``ludometer play``: a person plays a task, recorded and scored as any agent is."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from harness.agents.human import SEAT
from harness.cli.run import play_and_conclude
from harness.cli.view import app_maker
from harness.errors import InputError
from harness.folder import RunFolder
from harness.plan import Plan
from harness.spec import RunSpec, validate
from harness.storage import is_local

if TYPE_CHECKING:
    import uvicorn

    from harness.viewer.table import Table

SERIES = "play"
"""The seeds of people's play, which no suite evaluates: it can serve as demonstrations."""


@click.command()
@click.argument("task")
@click.option("--episodes", "-n", type=int, metavar="N", help="How many episodes (default: 1).")
@click.option("--observe", type=click.Choice(["auto", "text", "image", "both"]), help="What you get to see.")
@click.option("--steps", type=int, metavar="N", help="At most so many steps an episode.")
@click.option("--seeds", metavar="SERIES", default=SERIES, help="The series of seeds (default: play).")
@click.option("--out", "-o", metavar="DIR", help="The run folder; the same folder again goes on.")
@click.option("--browser", is_flag=True, help="Play in a page of the browser instead of the terminal.")
@click.option("--port", type=click.IntRange(0, 65535), help="With --browser: on 127.0.0.1 (default: any).")
def play(task: str, steps: int | None, browser: bool, port: int | None, **flags: Any) -> int:
    """Play TASK yourself, in the terminal or the browser, seeing what a model sees."""
    if port is not None and not browser:
        raise InputError("--port is where the browser finds the game: give --browser too")
    given = {"episodes": 1, **{key: value for key, value in flags.items() if value is not None}}
    limits = {} if steps is None else {"limits": {"steps": steps}}
    data = {"tasks": [task], "agents": ["human"], "concurrency": 1, **given, **limits}
    spec = validate(RunSpec, data, "the command line")
    if browser:
        return _in_browser(spec, port or 0)
    return play_and_conclude(spec, report=False, as_json=False)


def _in_browser(spec: RunSpec, port: int) -> int:
    pages = _Pages(port)
    before = SEAT.set(SEAT.get())  # what the pages set holds for this run only
    try:
        code = play_and_conclude(spec, report=False, as_json=False, opened=pages.open)
        if code != 130:
            pages.stay()
        return code
    finally:
        SEAT.reset(before)
        pages.close()


class _Pages:
    """The pages of one run that a person plays, served by a thread while the run goes and after it."""

    def __init__(self, port: int) -> None:
        from harness.viewer.serve import listen

        self._create_app = app_maker("play --browser")
        self._socket = listen(port)
        self._table: Table | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def open(self, folder: RunFolder, plan: Plan) -> None:
        """Serve the pages, say where, and let the person sit there.

        Raises:
            InputError: the run's folder is behind a URL.
        """
        import secrets

        from harness.viewer.serve import server
        from harness.viewer.table import Table

        if not is_local(folder.path):
            raise InputError(f"--out {folder.path}: --browser plays into folders on this machine's disks")
        token, number = secrets.token_urlsafe(24), self._socket.getsockname()[1]
        self._table = Table(folder.path, plan.episodes)
        app = self._create_app([folder.path], token=token, port=number, table=self._table)
        self._server = server(app)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        SEAT.set(self._table.seat)
        click.echo(f"http://127.0.0.1:{number}/play?token={token}")
        click.echo("Open this address on this machine. Ctrl-C stops the game.", err=True)

    def stay(self) -> None:
        """Show how it ended until the person leaves, by the page or by Ctrl-C."""
        if self._table is None:
            return
        self._table.finish()
        click.echo("The pages stay until Ctrl-C, or until they are left there.", err=True)
        with suppress(KeyboardInterrupt):
            self._table.left.wait()

    def close(self) -> None:
        """End the server; an answer that is under way is still given."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(5)
        self._socket.close()
