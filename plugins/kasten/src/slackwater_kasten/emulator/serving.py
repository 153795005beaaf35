"""Serves an emulated K10 as a real aggregated API, behind a real kube-apiserver.

The API server asks by TLS and tells the caller in ``X-Remote-User``; it has already looked at the
caller's rights. It finds the server by an APIService whose Service is of type ExternalName: the
only kind that leads to a process on loopback.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from slackwater.testing.kubernetes_api import ApiError
from slackwater.testing.kubernetes_api.requests import parse_call
from slackwater_kasten.emulator.aggregated import AggregatedApi, is_ours
from slackwater_kasten.emulator.catalog import Object
from slackwater_kasten.emulator.kinds import GROUPS, VERSION, group_document, resources_document

SERVICE = "aggregatedapis-svc"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class AggregatedServer:
    """Turns requests over HTTP into questions to an aggregated API."""

    def __init__(self, api: AggregatedApi) -> None:
        self._api = api

    def application(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(routes=[Route("/{path:path}", self._receive, methods=_METHODS)])

    async def _receive(self, request: Request) -> Response:
        body = await request.body()
        code, answer = await run_in_threadpool(self._answer, request, body)
        return Response(msgspec.json.encode(answer), code, media_type="application/json")

    def _answer(self, request: Request, body: bytes) -> tuple[int, Object]:
        try:
            return self._answered(request, body)
        except ApiError as error:
            return error.code, error.body()

    def _answered(self, request: Request, body: bytes) -> tuple[int, Object]:
        path, parameters = request.url.path, dict(request.query_params)
        call = parse_call(request.method, path, parameters)
        if not call.plural:
            return 200, self._discovered(path)
        if not is_ours(call):
            raise ApiError(404, "NotFound", "404 page not found")
        sent = body and call.verb in ("create", "delete")
        content: Object | None = msgspec.json.decode(body) if sent else None
        found = self._api.answer(call, parameters, content)
        return found.code, found.body

    def _discovered(self, path: str) -> Object:
        """The API server takes a group for available as long as it is answered here."""
        if self._api.faults.down:
            raise ApiError(503, "ServiceUnavailable", "the catalogue is down")
        match path.strip("/").split("/"):
            case ["apis", group] if group in GROUPS:
                return {"kind": "APIGroup", "apiVersion": "v1", **group_document(group)}
            case ["apis", group, version] if group in GROUPS and version == VERSION:
                return resources_document(group)
        raise ApiError(404, "NotFound", "404 page not found")


@contextmanager
def serve_aggregated(api: AggregatedApi, certificate: Path, key: Path) -> Iterator[int]:
    """Serve by TLS on a free port of 127.0.0.1 until the block is left; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    runner = uvicorn.Server(
        uvicorn.Config(
            AggregatedServer(api).application(),
            lifespan="off",
            log_config=None,
            access_log=False,
            ssl_certfile=certificate,
            ssl_keyfile=str(key),
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(
        target=runner.run, args=([listener],), name="aggregated K10", daemon=True
    )
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        runner.should_exit = True
        thread.join()


def registration(namespace: str, port: int) -> Iterator[Object]:
    """Yield what makes a real API server pass requests on: a Service, and an APIService a group."""
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": SERVICE, "namespace": namespace},
        "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
    }
    for group in GROUPS:
        service = {"name": SERVICE, "namespace": namespace, "port": port}
        yield {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": f"{VERSION}.{group}"},
            "spec": {
                "group": group,
                "version": VERSION,
                "service": service,
                "insecureSkipTLSVerify": True,
                "groupPriorityMinimum": 1000,
                "versionPriority": 15,
            },
        }
