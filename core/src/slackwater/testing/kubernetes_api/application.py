"""The emulated API as an ASGI application: faults and rights around the verbs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from slackwater.testing.kubernetes_api.access import Access, User
from slackwater.testing.kubernetes_api.api import KubernetesApi
from slackwater.testing.kubernetes_api.commands import admitted, converse, refuse, tell
from slackwater.testing.kubernetes_api.faults import Cut, Faults, Refuse, Slow, Tear, refusal
from slackwater.testing.kubernetes_api.handlers import (
    Exchange,
    Reply,
    authorised,
    handle,
    nothing_there,
    refused,
)
from slackwater.testing.kubernetes_api.lists import Query
from slackwater.testing.kubernetes_api.requests import Call, parse_call
from slackwater.testing.kubernetes_api.status import ApiError
from slackwater.testing.kubernetes_api.watching import watch

CALLS_KEPT = 10_000


@dataclass
class Application:
    """One API behind HTTP. `cut` closes the connection of a request; `calls` are the latest."""

    api: KubernetesApi
    faults: Faults
    access: Access
    cut: Callable[[Scope], None]
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=CALLS_KEPT))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "websocket":
            await self._converse(WebSocket(scope, receive, send))
            return
        request = Request(scope, receive)
        exchange = await _read(request)
        self.calls.append(exchange.call)
        fault = self.faults.strike(exchange.call)
        if isinstance(fault, Slow):
            await asyncio.sleep(fault.seconds)
        if fault != Cut(after_effect=False):
            response = self._answer(request, exchange, fault)
        if isinstance(fault, Tear):
            await send_half(response, send)
        if isinstance(fault, Cut | Tear):
            self.cut(scope)
            await receive()  # returns when the server has seen the connection go
        else:
            await response(scope, receive, send)

    async def _converse(self, socket: WebSocket) -> None:
        """Run a command in a container, or refuse to."""
        call = parse_call("GET", socket.url.path, dict(socket.query_params))
        self.calls.append(call)
        fault = self.faults.strike(call)
        try:
            if isinstance(fault, Refuse):
                raise refusal(fault, call)
            user = self.access.caller(socket.headers.get("authorization", ""))
            command = admitted(self.api, user, call, socket)
        except ApiError as error:
            await refuse(socket, error)
            return
        if fault == Cut(after_effect=False):
            self.cut(socket.scope)
            return
        ending = await converse(socket, self.api, command)
        if isinstance(fault, Cut):
            self.cut(socket.scope)
        else:
            await tell(socket, ending)

    def _answer(self, request: Request, exchange: Exchange, fault: object) -> Response:
        if isinstance(fault, Refuse):
            return self._response(refused(refusal(fault, exchange.call)), fault.retry_after)
        try:
            user = self.access.caller(request.headers.get("authorization", ""))
            passed_on = self.api.aggregation.find(exchange.call) is not None
            if exchange.call.verb == "watch" and not passed_on:
                return self._watch(user, exchange)
            return self._response(handle(self.api, user, exchange))
        except ApiError as error:
            return self._response(refused(error), error.retry_after)
        except Exception as error:  # noqa: BLE001  as a real server: the client is told
            failure = ApiError(500, "InternalError", f"Internal error occurred: {error!r}")
            return self._response(refused(failure))

    def _watch(self, user: User, exchange: Exchange) -> Response:
        call, parameters = exchange.call, exchange.parameters
        resource = authorised(self.api, user, call)
        if resource is None:
            return self._response(nothing_there(call.path))
        query = Query.parse(call.namespace if resource.namespaced else "", parameters)
        seconds = float(parameters["timeoutSeconds"]) if "timeoutSeconds" in parameters else None
        lines = watch(self.api.store, resource, query, seconds)
        headers = {"date": self._date(), "content-type": "application/json"}
        return StreamingResponse(lines, headers=headers)

    def _response(self, reply: Reply, retry_after: int | None = None) -> Response:
        headers = {"date": self._date(), "content-type": reply.media_type}
        if retry_after is not None:
            headers["retry-after"] = str(retry_after)
        return Response(reply.body, reply.code, headers)

    def _date(self) -> str:
        return format_datetime(self.api.clock(), usegmt=True)


async def send_half(response: Response, send: Send) -> None:
    """Send the head of an answer, which tells its whole length, and half of its body."""
    head = {"status": response.status_code, "headers": response.raw_headers}
    await send({"type": "http.response.start", **head})
    whole = getattr(response, "body", b"")  # a watch has none
    half = bytes(whole[: len(whole) // 2])
    await send({"type": "http.response.body", "body": half, "more_body": True})


async def _read(request: Request) -> Exchange:
    parameters = dict(request.query_params)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    call = parse_call(request.method, request.url.path, parameters)
    return Exchange(call, parameters, media_type, await request.body())
