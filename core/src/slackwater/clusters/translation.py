"""Turns what goes wrong between us and an API server into our own errors, in one place.

Two directions: an answer with an error status (``from_answer``), and no usable answer at all
(``from_failure``: what urllib3, ssl and the ``kubernetes`` package raise). The server's own words
are kept; credentials and tracebacks never are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from slackwater.clusters.decoding import decode
from slackwater.errors import (
    ClusterDenied,
    ClusterError,
    ClusterThrottled,
    ClusterUnreachable,
    ConfigurationError,
    KindNotServed,
    ListExpired,
    ObjectConflict,
    ObjectExists,
    ObjectNotFound,
    Problem,
    SlackwaterError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_IN_AGAIN = "log in again: the credentials in the kubeconfig may have expired or been replaced"
WRONG_AUTHORITY = (
    "compare certificate-authority-data, server and tls-server-name in the kubeconfig with the "
    "server's certificate; the clock of this machine must be right, too"
)
_NO_SUCH_KIND = "the server could not find the requested resource"
"""The API's words for a kind that its group does not serve; for a whole group it says no JSON."""
WRONG_CERTIFICATE = "renew the client certificate in the kubeconfig"
CHECK_ADDRESS = "check the server's address, the network, a VPN, and proxy-url in the kubeconfig"


@dataclass(frozen=True)
class Call:
    """What was being done, for messages: whose server, and which request."""

    cluster: str
    url: str
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class _Cause(msgspec.Struct):
    message: str = ""
    field: str = ""


class _Details(msgspec.Struct):
    causes: list[_Cause] | None = None
    retryAfterSeconds: float = 0.0  # noqa: N815  the server's word


class _Status(msgspec.Struct):
    """The API's ``Status`` object (meta/v1): how the server explains itself."""

    message: str = ""
    reason: str = ""
    details: _Details | None = None


def from_answer(call: Call, status: int, headers: Mapping[str, str], body: bytes) -> ClusterError:
    """The error for an answer with this HTTP status."""
    said = _read_status(body)
    message = f"{call.cluster}: {_sentence(said, body)} ({_facts(status, said)}; {call})"
    if status == 429:
        return ClusterThrottled(
            message, cluster=call.cluster, retry_after=_retry_after(headers, said)
        )
    hint = LOG_IN_AGAIN if status == 401 else ""
    return _kind_of(call, status, said)(message, cluster=call.cluster, status=status, hint=hint)


def _kind_of(call: Call, status: int, said: _Status) -> type[ClusterError]:
    if status == 409:
        exists = said.reason == "AlreadyExists" or (not said.reason and call.method == "POST")
        return ObjectExists if exists else ObjectConflict
    if status == 404 and (not said.reason or said.message == _NO_SUCH_KIND):
        return KindNotServed
    known: dict[int, type[ClusterError]] = {
        401: ClusterDenied,
        403: ClusterDenied,
        404: ObjectNotFound,
        410: ListExpired,
    }
    return known.get(status, ClusterError)


def _read_status(body: bytes) -> _Status:
    try:
        return decode(body, _Status)
    except msgspec.MsgspecError:
        return _Status()


def _sentence(said: _Status, body: bytes) -> str:
    """The message, with those causes that it does not already contain."""
    if not said.message:
        text = body[:300].decode("utf-8", "replace")
        return " ".join(text.split()) or "the server gave no reason"
    causes = (said.details.causes if said.details else None) or []
    extra = [
        f"{cause.field}: {cause.message}" if cause.field else cause.message
        for cause in causes
        if cause.message and cause.message not in said.message
    ]
    return "; ".join([said.message, *extra])


def _facts(status: int, said: _Status) -> str:
    return f"{status} {said.reason}" if said.reason else str(status)


def _retry_after(headers: Mapping[str, str], said: _Status) -> float:
    """API servers send whole seconds; a proxy in between may send a date, which says nothing."""
    asked = headers.get("Retry-After", "")
    if asked.isdigit():
        return float(asked)
    return said.details.retryAfterSeconds if said.details else 0.0


def from_failure(call: Call, error: Exception) -> SlackwaterError:
    """The error for a request that got no usable answer."""
    from urllib3 import exceptions as urllib3  # slow to import, and here it is loaded anyway

    if isinstance(error, SlackwaterError):
        return error
    if isinstance(error, (urllib3.LocationValueError, urllib3.ProxySchemeUnsupported)):
        return _configuration(call, f"the server's or proxy's address is not usable: {error}")
    if isinstance(error, (urllib3.SSLError, OSError)):
        return _tls(call, str(error))
    if isinstance(error, urllib3.ProxyError):
        return _unreachable(call, f"{error.args[0]}: {_plain(error.original_error)}")
    if isinstance(error, urllib3.HTTPError):
        return _unreachable(call, _plain(error))
    return _foreign(call, error)


def _foreign(call: Call, error: Exception) -> SlackwaterError:
    """What remains: the ``kubernetes`` package, and Python's refusal to send odd headers."""
    from kubernetes.client.exceptions import ApiException  # as slow as the package, see login.py

    if isinstance(error, ApiException):
        body = error.body or ""
        raw = body.encode() if isinstance(body, str) else body
        return from_answer(call, error.status or 0, dict(error.headers or {}), raw)
    # http.client quotes the header that it refuses, and that header is the token.
    return _configuration(call, f"the request could not be made ({type(error).__name__})")


def _configuration(call: Call, said: str) -> ConfigurationError:
    return ConfigurationError(Problem(f"{call.cluster}: {said} ({call.url})"))


def _unreachable(call: Call, said: str, hint: str = CHECK_ADDRESS) -> ClusterUnreachable:
    return ClusterUnreachable(
        f"{call.cluster}: no answer from {call.url}: {said}", cluster=call.cluster, hint=hint
    )


def _tls(call: Call, said: str) -> SlackwaterError:
    """Sorts TLS failures by OpenSSL's words: theirs, ours, or the network's."""
    words = said.lower()
    # An alert is the *server's* complaint, about the certificate that we showed.
    if "alert" in words and any(sign in words for sign in ("certificate", "unknown ca")):
        message = f"{call.cluster}: {call.url} refuses our certificate: {_openssl(said)}"
        return ClusterDenied(message, cluster=call.cluster, hint=WRONG_CERTIFICATE)
    if any(sign in words for sign in ("pem lib", "[x509", "[pem", "no such file", "key values")):
        return _configuration(call, f"a certificate or key is not usable: {_openssl(said)}")
    return _unreachable(
        call, _openssl(said), WRONG_AUTHORITY if "verify failed" in words else CHECK_ADDRESS
    )


def _openssl(said: str) -> str:
    """Without the place in OpenSSL's source: ``… (_ssl.c:1006)``."""
    return re.sub(r"\s*\(_ssl\.c:\d+\)", "", said)


def _plain(error: BaseException) -> str:
    """The words of a network error, without the connections that urllib3 puts among them."""
    parts = () if isinstance(error, OSError) else error.args
    words = [str(part) for part in parts if isinstance(part, (str, BaseException))]
    text = " ".join(words) or str(error) or type(error).__name__
    return re.sub(r"^\w*Connection\w*\([^()]*\):\s*", "", text)
