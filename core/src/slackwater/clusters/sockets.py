"""Opens a websocket to an API server, by the login that is in use."""

# The package says that it is typed, but some of its methods are not.
# mypy: allow-untyped-calls

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from slackwater.clusters.executing import PROTOCOL
from slackwater.clusters.translation import Call, from_answer, from_failure
from slackwater.errors import SlackwaterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubernetes.client import Configuration
    from websocket import WebSocket


def open_socket(
    settings: Configuration, url: str, headers: Mapping[str, str], timeout: float
) -> WebSocket:
    """Open a websocket; ``timeout`` is in seconds, for connecting and each silence until open.

    Raises what ``websocket`` and ``ssl`` do.
    """
    from websocket import WebSocket  # only needed with the first command

    socket = WebSocket(sslopt=_tls(settings) if url.startswith("https") else {})
    socket.connect(
        "ws" + url.removeprefix("http"),
        header=[f"{name}: {value}" for name, value in headers.items()],
        subprotocols=[PROTOCOL],
        suppress_origin=True,
        timeout=timeout,
        **_proxy(settings),
    )
    return socket


def _tls(settings: Configuration) -> dict[str, Any]:
    found: dict[str, Any] = {
        "cert_reqs": ssl.CERT_REQUIRED if settings.verify_ssl else ssl.CERT_NONE,
        "check_hostname": bool(settings.verify_ssl) and settings.assert_hostname is not False,
        "ca_certs": settings.ssl_ca_cert if settings.verify_ssl else None,
        "certfile": settings.cert_file,
        "keyfile": settings.key_file,
        "server_hostname": settings.tls_server_name,
    }
    return {key: value for key, value in found.items() if value is not None}


def _proxy(settings: Configuration) -> dict[str, Any]:
    proxy = urlsplit(settings.proxy or "")
    if not proxy.hostname:
        return {}
    login = {"http_proxy_auth": (proxy.username, proxy.password or "")} if proxy.username else {}
    return {"http_proxy_host": proxy.hostname, "http_proxy_port": proxy.port, **login}


def socket_failure(call: Call, error: Exception) -> SlackwaterError:
    """Return the error for a websocket that could not be opened."""
    from websocket import WebSocketBadStatusException, WebSocketException  # loaded by now

    if isinstance(error, WebSocketBadStatusException):
        headers, body = error.resp_headers or {}, error.resp_body or b""
        return from_answer(call, error.status_code, headers, body)
    if isinstance(error, WebSocketException):
        return from_failure(call, OSError(str(error)))
    return from_failure(call, error)
