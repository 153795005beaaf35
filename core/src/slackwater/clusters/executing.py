"""Runs a command in a container, as ``kubectl exec`` does: over a websocket to the API server.

The channels are those of ``v4.channel.k8s.io`` (k8s.io/apimachinery, pkg/util/remotecommand): the
first byte of each message tells its stream, and the last message is a ``Status`` on channel 3.
Servers old and new speak it; ``v5``, since Kubernetes 1.30, only adds how an input is closed.
"""

# The package says that it is typed, but some of its methods are not.
# mypy: allow-untyped-calls

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from slackwater.clusters.decoding import decode

if TYPE_CHECKING:
    from websocket import WebSocket

PROTOCOL = "v4.channel.k8s.io"
_SAID, _ENDED = (1, 2), 3
_KEPT = 2000


@dataclass(frozen=True)
class Executed:
    """What became of a command.

    ``code`` is its exit code; None where it did not end in time, was not begun, or where the
    connection broke: ``why`` tells. ``said`` is the end of what it wrote to its two outputs.
    """

    code: int | None
    said: str = ""
    why: str = ""

    @property
    def well(self) -> bool:
        """Whether it ended with 0."""
        return self.code == 0


class _Cause(msgspec.Struct):
    reason: str = ""
    message: str = ""


class _Details(msgspec.Struct):
    causes: list[_Cause] | None = None


class _Status(msgspec.Struct):
    status: str = ""
    message: str = ""
    details: _Details | None = None


def exec_path(namespace: str, pod: str, container: str, command: Sequence[str]) -> str:
    """Return the path that runs a command; the server takes the only container for none."""
    asked = [("container", container)] if container else []
    query = [*asked, *(("command", word) for word in command), ("stdout", "1"), ("stderr", "1")]
    return f"/api/v1/namespaces/{namespace}/pods/{pod}/exec?{urlencode(query)}"


def listen(socket: WebSocket, seconds: float) -> Executed:
    """Listen until the command has ended, for at most so long. Closes the socket.

    A command that is late goes on in its container: nothing in the API ends it.
    """
    said, deadline = bytearray(), time.monotonic() + seconds
    try:
        while (left := deadline - time.monotonic()) > 0:
            socket.settimeout(left)
            message = _next(socket)
            if message is None:
                return Executed(None, _end_of(said), "the connection was closed before its end")
            if message[:1] and message[0] in _SAID:
                said += message[1:]
            elif message[:1] and message[0] == _ENDED:
                return _ended(message[1:], _end_of(said))
        return Executed(None, _end_of(said), f"it had not ended after {seconds:g} s")
    finally:
        socket.shutdown()


def _next(socket: WebSocket) -> bytes | None:
    """Return the next message; an empty one where none came in time, None at the end."""
    from websocket import ABNF, WebSocketException, WebSocketTimeoutException  # loaded by now

    try:
        kind, frame = socket.recv_data_frame(control_frame=True)
    except WebSocketTimeoutException:
        return b""
    except (WebSocketException, OSError):
        return None
    if kind == ABNF.OPCODE_CLOSE:
        return None
    return bytes(frame.data) if kind in (ABNF.OPCODE_BINARY, ABNF.OPCODE_TEXT) else b""


def _ended(body: bytes, said: str) -> Executed:
    try:
        status = decode(body, _Status)
    except msgspec.MsgspecError:
        return Executed(None, said, "how it ended was not told in a form that is known")
    if status.status == "Success":
        return Executed(0, said)
    causes = (status.details.causes if status.details else None) or []
    codes = [c.message for c in causes if c.reason == "ExitCode" and c.message.isdigit()]
    if codes:
        return Executed(int(codes[0]), said)
    return Executed(None, said, status.message or "the server gave no reason")


def _end_of(said: bytearray) -> str:
    return bytes(said[-_KEPT:]).decode("utf-8", "replace").strip()
