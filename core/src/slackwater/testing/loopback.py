"""Serving ASGI applications on loopback, all of them from one thread of this process.

uvicorn's own `Server` brings a thread and an event loop each, looks ten times a second whether it
should end, and takes its time to do so. Tests start hundreds of servers; here one costs a socket.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import uvicorn
import uvloop
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

T = TypeVar("T")
GRACE = 1.0  # seconds for answers that are being given when a server ends


class Connections:
    """The open connections of a server, so that a test can close one under a request."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def cut(self, scope: Scope) -> None:
        """Close the connection that a request came by, at once and without an answer."""
        self._open[tuple(scope["client"])].abort()

    def protocol(self) -> type[HttpToolsProtocol]:
        """Return uvicorn's protocol with one addition: it notes the connections down."""
        noted = self._open

        class Noting(HttpToolsProtocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                self._peer = tuple(transport.get_extra_info("peername"))
                noted[self._peer] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                noted.pop(self._peer, None)

        return Noting


@contextmanager
def serve_on_loopback(
    application: ASGIApp,
    connections: Connections | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[int]:
    """Serve on a free port of 127.0.0.1 until the block is left; gives the port.

    Applications share one event loop: none may block it, nor wait in it for another of them.
    """
    protocol = connections.protocol() if connections else HttpToolsProtocol
    listener, serving = _listener(), _Serving(application, protocol, tls)
    _in_loop(serving.begin(listener))
    try:
        yield int(listener.getsockname()[1])
    finally:
        _in_loop(serving.end())


class _Serving:
    """One application on one port."""

    def __init__(
        self, application: ASGIApp, protocol: type[HttpToolsProtocol], tls: ssl.SSLContext | None
    ) -> None:
        self._config = _configuration(application)
        self._protocol = protocol
        self._tls = tls
        self._state = ServerState()

    async def begin(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, sock=listener, ssl=self._tls)

    async def end(self) -> None:
        """Close what is idle at once; what is being answered gets a moment, then is cancelled."""
        self._server.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        if answering := set(self._state.tasks):
            _, late = await asyncio.wait(answering, timeout=GRACE)
            for each in late:
                each.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _connection(self) -> HttpToolsProtocol:
        return self._protocol(self._config, self._state, {})


def _listener() -> socket.socket:
    """Listen on a free port; without TCP_NODELAY each answer would wait 40 ms for an ACK."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _configuration(application: ASGIApp) -> uvicorn.Config:
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    return uvicorn.Config(
        application,
        http=HttpToolsProtocol,
        ws="wsproto",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
    )


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """The event loop of all servers; its thread ends with the process."""
    loop = uvloop.new_event_loop()
    threading.Thread(target=loop.run_forever, name="loopback servers", daemon=True).start()
    return loop


def _in_loop(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()
