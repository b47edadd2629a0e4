"""``ludometer view``: runs in the browser."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli._paths import RUNS
from harness.errors import InputError


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
    import socket

    try:
        import uvicorn

        from harness.viewer.app import create_app
    except ImportError as error:
        raise InputError(f'view needs {error.name}: pip install "ludometer[view]"') from None
    try:
        listening = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise InputError(f"--port {port}: {error.strerror}; choose another one") from None
    with listening:
        token, number = secrets.token_urlsafe(24), listening.getsockname()[1]
        app = create_app(runs, token=token, port=number)
        click.echo(f"http://127.0.0.1:{number}/?token={token}")
        click.echo("Open this address on this machine. Ctrl-C ends it.", err=True)
        # Its log of requests would hold addresses that anybody can write, and the token.
        config = uvicorn.Config(
            app, access_log=False, log_level="warning", lifespan="off", ws="none", proxy_headers=False,
            server_header=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        try:
            uvicorn.Server(config).run(sockets=[listening])
        except KeyboardInterrupt:
            pass  # how it is meant to end
