"""The viewer's server: on this machine only, its log quiet."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from harness.errors import InputError

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp


def listen(port: int) -> socket.socket:
    """A socket on 127.0.0.1 at a port, 0 for any free one.

    Raises:
        InputError: the port is taken.
    """
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise InputError(f"--port {port}: {error.strerror}; choose another one") from None


def server(app: ASGIApp) -> uvicorn.Server:
    """A server of an app, not yet running."""
    import uvicorn

    # Its log of requests would hold addresses that anybody can write, and the token.
    config = uvicorn.Config(
        app, access_log=False, log_level="warning", lifespan="off", ws="none", proxy_headers=False,
        server_header=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    return uvicorn.Server(config)
