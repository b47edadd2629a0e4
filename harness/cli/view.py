"""``ludometer view``: runs in the browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli._paths import RUNS
from harness.errors import InputError

if TYPE_CHECKING:
    from starlette.types import ASGIApp


@click.command()
@RUNS
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="On 127.0.0.1 (default: any free one)."
)
def view(runs: tuple[Path, ...], port: int) -> None:
    """Look at runs in the browser: episodes, turn by turn, also while they are played.

    Prints an address that opens on this machine only, until Ctrl-C.
    """
    from harness.storage import is_local

    for run in runs:
        if not is_local(run):
            raise InputError(f"{run}: view reads folders on this machine's disks; copy the run there first")
    _serve(runs, port)


def _serve(runs: tuple[Path, ...], port: int) -> None:
    import secrets

    from harness.viewer.serve import listen, server

    create_app = app_maker("view")
    with listen(port) as listening:
        token, number = secrets.token_urlsafe(24), listening.getsockname()[1]
        app = create_app(runs, token=token, port=number)
        click.echo(f"http://127.0.0.1:{number}/?token={token}")
        click.echo("Open this address on this machine. Ctrl-C ends it.", err=True)
        try:
            server(app).run(sockets=[listening])
        except KeyboardInterrupt:
            pass  # how it is meant to end


def app_maker(what: str) -> Callable[..., ASGIApp]:
    """`harness.viewer.app.create_app`.

    Raises:
        InputError: a package is missing that `what` needs.
    """
    try:
        import uvicorn  # noqa: F401 - what serves it

        from harness.viewer.app import create_app
    except ImportError as error:
        raise InputError(f'{what} needs {error.name}: pip install "ludometer[view]"') from None
    return create_app
