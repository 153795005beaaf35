"""A way to a real API server on which a test lets single requests go wrong.

What passes is unchanged, and everybody who comes by here is let in by the server itself, with the
rights that it gives: tokens pass. Client certificates cannot, for TLS ends here; the certificate
that is shown is signed by the cluster's own authority, so that it is the same cluster by its pins.
Watches pass. Websockets (commands in pods) do not: they are refused.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from slackwater.testing.kubernetes_api import Call, Cut, Faults, Refuse, Slow, Tear
from slackwater.testing.kubernetes_api.application import send_half
from slackwater.testing.kubernetes_api.faults import refusal
from slackwater.testing.kubernetes_api.handlers import refused
from slackwater.testing.kubernetes_api.requests import parse_call
from slackwater.testing.loopback import Connections, serve_on_loopback
from slackwater_testbed.certificates import Authority
from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.kubeconfig import Login

OF_ONE_CONNECTION = frozenset((b"connection", b"keep-alive", b"transfer-encoding", b"host"))
BUSY = "Too many requests, please try again later.\n"
"""What an API server that has too much to do says, in plain text (1.36)."""


class ApiWire:
    """A wire to the API server of one control plane.

    `plane` is where it leads, `faults` say what goes wrong; `passed` counts the requests that the
    server has answered.
    """

    def __init__(self, plane: ControlPlane) -> None:
        self.url = ""
        self.faults = Faults()
        self.passed = 0
        self.plane = plane
        self._connections = Connections()
        # No connection outlives its request: the server may be killed between two.
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=plane.authority),
            limits=httpx.Limits(max_keepalive_connections=0),
            timeout=None,  # noqa: S113  watches last; who asks has a time-out of his own
            trust_env=False,
        )

    def login(self, account: str, token: str) -> Login:
        """Return the context of a token's owner, which leads here and is named as the cluster."""
        name = self.plane.name
        return Login(name, name, self.url, self.plane.authority, account, token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or let go wrong what a test has asked for."""
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).close()
            return
        request = Request(scope, receive)
        call = parse_call(request.method, request.url.path, request.query_params)
        body = await request.body()
        fault = self.faults.strike(call)
        try:
            response = await self._answer(request, body, call, fault)
        except httpx.TransportError:  # the server is down, and so is the way to it
            response = None
        if response is not None and isinstance(fault, Tear):
            await send_half(response, send)
        if response is None or isinstance(fault, Cut | Tear):
            self._connections.cut(scope)
            await receive()  # returns when the connection is seen to be gone
            return
        await response(scope, receive, send)

    async def _answer(
        self, request: Request, body: bytes, call: Call, fault: object
    ) -> Response | None:
        if isinstance(fault, Slow):
            await asyncio.sleep(fault.seconds)
        if fault == Cut(after_effect=False):
            return None
        if isinstance(fault, Refuse):
            return _refused(fault, call)
        answer = await self._client.send(self._onward(request, body), stream=True)
        self.passed += 1
        if not isinstance(fault, Cut | Tear):
            return _passed_on(answer)
        whole = b"".join([piece async for piece in _bytes(answer)])
        return _with_headers(Response(whole, answer.status_code), answer)

    def _onward(self, request: Request, body: bytes) -> httpx.Request:
        scope = request.scope
        url = httpx.URL(self.plane.url)
        target = scope["raw_path"] + (
            b"?" + scope["query_string"] if scope["query_string"] else b""
        )
        headers = [each for each in request.headers.raw if each[0] not in OF_ONE_CONNECTION]
        return httpx.Request(
            request.method, url.copy_with(raw_path=target), headers=headers, content=body
        )


@contextmanager
def api_wire(plane: ControlPlane) -> Iterator[ApiWire]:
    """Lay a wire to an API server on a free port of 127.0.0.1, until the block is left."""
    wire = ApiWire(plane)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = Authority(plane.authority.parent).issue("wire", "wire")
    tls.load_cert_chain(pair.certificate, pair.key)
    with serve_on_loopback(wire, wire._connections, tls) as port:
        wire.url = f"https://127.0.0.1:{port}"
        yield wire


def _refused(fault: Refuse, call: Call) -> Response:
    waited = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    if fault.code == 429 and not fault.message:
        return PlainTextResponse(BUSY, 429, waited)
    reply = refused(refusal(fault, call))
    return Response(reply.body, reply.code, waited, reply.media_type)


def _passed_on(answer: httpx.Response) -> Response:
    return _with_headers(StreamingResponse(_bytes(answer), answer.status_code), answer)


def _with_headers(response: Response, answer: httpx.Response) -> Response:
    response.raw_headers = [
        (name.lower(), value)
        for name, value in answer.headers.raw
        if name.lower() not in OF_ONE_CONNECTION
    ]
    return response


async def _bytes(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The answer as it came, compressed if it was; a watch goes on until one side ends it."""
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()
