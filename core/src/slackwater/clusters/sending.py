"""The shortest way of a request through urllib3: straight to the connections of the one server.

A ``PoolManager`` finds them anew for each request, and takes the address apart twice on the way: a
fifth of what a request costs us. It is left to do so only where a proxy may want more than a path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, HTTPConnectionPool, PoolManager

    Send = Callable[[str, str, Mapping[str, str], bytes | None, float], BaseHTTPResponse]


def sender(pool: PoolManager, server: str) -> Send:
    """Return what sends a request: method, path, headers, body, and a time-out in seconds.

    It tries once, and raises what urllib3 does. Raises ``ValueError`` for an address without a
    scheme: urllib3 would take it for one that is not encrypted.
    """
    if "://" not in server:
        raise ValueError(f"the server's address {server!r} does not begin with https://")
    return _Straight(pool, server).send if pool.proxy is None else _by_address(pool, server)


def _by_address(pool: PoolManager, server: str) -> Send:
    def send(
        method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout: float
    ) -> BaseHTTPResponse:
        said = {"headers": headers, "body": body, "timeout": timeout}
        return pool.urlopen(method, server + path, redirect=False, retries=False, **said)

    return send


class _Straight:
    """Sends to the connections in use, or to others where somebody closed them meanwhile."""

    def __init__(self, pool: PoolManager, server: str) -> None:
        self._pool = pool
        self._server = server
        self._found: tuple[HTTPConnectionPool, str] | None = None

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout: float
    ) -> BaseHTTPResponse:
        connections, prefix = self._connections()
        return connections.urlopen(
            method,
            prefix + path,
            body=body,
            headers=headers,
            timeout=timeout,
            retries=False,
            redirect=False,
        )

    def _connections(self) -> tuple[HTTPConnectionPool, str]:
        from urllib3.util import parse_url  # loaded by the login anyway

        found = self._found
        if found is None or found[0].pool is None:
            connections = self._pool.connection_from_url(self._server)
            found = self._found = connections, parse_url(self._server).path or ""
        return found
