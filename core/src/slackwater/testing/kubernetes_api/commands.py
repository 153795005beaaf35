"""Commands in the containers of emulated pods, over websockets as the real API server has them.

There are no containers: what a command does is for a test to say (``KubernetesApi.runner``). A pod
must be there, and the caller needs ``get`` and ``create`` of ``pods/exec``, as since Kubernetes
1.35 for websockets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response
from starlette.websockets import WebSocket

from slackwater.testing.kubernetes_api.access import User, denied
from slackwater.testing.kubernetes_api.requests import Call
from slackwater.testing.kubernetes_api.status import ApiError, Object, no_such_resource

if TYPE_CHECKING:
    from slackwater.testing.kubernetes_api.api import KubernetesApi

PROTOCOLS = ("v4.channel.k8s.io", "v5.channel.k8s.io")
"""What servers since Kubernetes 1.30 speak; older ones speak the first only. What is sent here is
the same in both.
"""
_OUT, _ENDED = b"\x01", b"\x03"
_VERBS = ("get", "create")


@dataclass(frozen=True, slots=True)
class Command:
    """What is to be run, and where. Without ``container`` it is the pod's only one."""

    namespace: str
    pod: str
    container: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ends; ``why`` is set where it could not be begun."""

    code: int = 0
    said: str = ""
    why: str = ""

    def status(self) -> Object:
        """Return the Status that the last message holds."""
        head: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}}
        if self.why:
            return head | {"status": "Failure", "reason": "InternalError", "message": self.why}
        if not self.code:
            return head | {"status": "Success"}
        cause = {"reason": "ExitCode", "message": str(self.code)}
        return head | {
            "status": "Failure",
            "reason": "NonZeroExitCode",
            "message": f"command terminated with non-zero exit code: exit status {self.code}",
            "details": {"causes": [cause]},
        }


Runner = Callable[[Command], Outcome]


def nothing_runs(command: Command) -> Outcome:
    """Answer as a pod whose container does not run."""
    return Outcome(why=f"container not found ({command.container!r})")


def admitted(api: KubernetesApi, user: User, call: Call, socket: WebSocket) -> Command:
    """Return the command that a websocket is to run; raise the 403 or 404 that stands before it."""
    if (call.plural, call.subresource) != ("pods", "exec"):
        raise no_such_resource()
    for verb in _VERBS:
        asked = replace(call, verb=verb)
        if not user.may(asked):
            raise denied(user, asked)
    api.get("pods", call.name, call.namespace)
    chosen(api, socket)
    query = socket.query_params
    words = tuple(query.getlist("command"))
    return Command(call.namespace, call.name, query.get("container", ""), words)


def chosen(api: KubernetesApi, socket: WebSocket) -> str:
    """Return the first protocol that the caller offers and the server speaks; a 403 where none is
    (httpstream/wsstream, handshake).
    """
    offered = socket.scope.get("subprotocols") or []
    for each in offered:
        if each in api.protocols:
            return str(each)
    why = f"requested protocol(s) are not supported: {offered}; supports {api.protocols}"
    raise ApiError(403, "Forbidden", why)


async def converse(socket: WebSocket, api: KubernetesApi, command: Command) -> Outcome:
    """Let the caller in, and run the command."""
    await socket.accept(chosen(api, socket))
    return await asyncio.to_thread(api.runner, command)


async def tell(socket: WebSocket, outcome: Outcome) -> None:
    """Tell what a command has said and how it ended."""
    if outcome.said:
        await socket.send_bytes(_OUT + outcome.said.encode())
    await socket.send_bytes(_ENDED + msgspec.json.encode(outcome.status()))
    await socket.close()


async def refuse(socket: WebSocket, error: ApiError) -> None:
    """Answer the handshake with an error."""
    headers = {"content-type": "application/json"}
    body = msgspec.json.encode(error.body())
    await socket.send_denial_response(Response(body, error.code, headers))
