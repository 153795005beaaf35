"""The tools' failures as errors of a backend: transient or permanent, their own words kept."""

from __future__ import annotations

import re
from pathlib import Path

from slackwater.errors import (
    BackendError,
    BackendUnavailable,
    PermanentBackendError,
    PermissionDenied,
    Throttled,
)

TOOL = "etcdctl"

_UNREACHABLE = re.compile(
    r"connection refused|deadline exceeded|no such host|no route to host|i/o timeout|unavailable"
    r"|connection reset|transport is closing|no leader|leader changed|server is likely overloaded"
    r"|unhealthy cluster|request timed out|error reading from server|broken pipe|server stopped",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"permission denied|authentication failed|invalid auth token|user name is empty"
    r"|user name not found|unknown authority|bad certificate|certificate required"
    r"|first record does not look like|x509|tls:",
    re.IGNORECASE,
)
_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_TOO_MANY = re.compile(r"too many requests", re.IGNORECASE)
_RETRY_AFTER = 5.0
"""Seconds. etcd says only that there were too many requests (server/etcdserver/errors)."""


class ToolMissing(PermanentBackendError):
    """A program is not where the fleet file or the PATH says."""


class ToolFailed(PermanentBackendError):
    """A program ended with an exit code other than 0; ``status`` is that.

    etcdctl (documented and measured): 1 an error, 2 a bad connection, 3 invalid input, 4 a
    feature of another version, 5 interrupted or unhealthy, 128 bad arguments.
    """

    status: int = 1


class ToolDied(PermanentBackendError):
    """A program was ended by a signal, and not by us; ``signal`` is its number.

    ``etcdutl snapshot status`` ends so (SIGBUS) on a file that was cut short.
    """

    signal: int = 0


class ToolTimedOut(BackendUnavailable):
    """A program did not end in its time and was ended by us."""


class SnapshotDamaged(PermanentBackendError):
    """A snapshot is not what the member sent: its hash, its structure or its length is wrong."""


class NoFitMember(BackendUnavailable):
    """No member is fit to be saved; the message says why for each."""


class TwoClusters(PermanentBackendError):
    """The endpoints, or etcd and the API server, do not belong to one cluster."""


def missing(program: str, wanted: str, cluster: str) -> ToolMissing:
    """Return the error for a program that is not there."""
    where = f"{wanted} is no program" if wanted else f"there is no {program} on the PATH"
    return ToolMissing(
        where,
        backend=TOOL,
        cluster=cluster,
        hint=f"install {program} (https://etcd.io/docs/latest/install/), or name it in the fleet "
        f"file: {program}: /path/to/{program}",
    )


def died(program: Path, signal: int, words: str, cluster: str) -> ToolDied:
    """Return the error for a program that a signal has ended."""
    error = ToolDied(_sentence(f"{program.name} died of signal {signal}", words), **_by(cluster))
    error.signal = signal
    return error


def timed_out(program: Path, seconds: float, words: str, cluster: str) -> ToolTimedOut:
    """Return the error for a program that was ended for being too slow."""
    message = f"{program.name} did not end within {seconds:g} s"
    return ToolTimedOut(_sentence(message, words), **_by(cluster))


def failed(program: Path, status: int, words: str, cluster: str) -> BackendError:
    """Return the error for an exit code: by the words, for the codes do not tell causes apart."""
    message = _sentence(f"{program.name} failed with exit code {status}", words)
    if _TOO_MANY.search(words):
        return Throttled(message, retry_after=_RETRY_AFTER, **_by(cluster))
    if _DENIED.search(words):
        return PermissionDenied(message, **_by(cluster), hint=_RIGHTS)
    if _UNREACHABLE.search(words):
        return BackendUnavailable(message, **_by(cluster))
    error = ToolFailed(message, **_by(cluster), hint=ROOM if _FULL.search(words) else "")
    error.status = status
    return error


ROOM = "make room there; the spool lies beside the ledger, which --ledger puts elsewhere"
"""The way out where the disk of the spool is full."""

_RIGHTS = (
    "give a client certificate that the members trust under tls:, or the user root with its "
    "password: etcd lets only root take a snapshot"
)


def _by(cluster: str) -> dict[str, str]:
    return {"backend": TOOL, "cluster": cluster}


def _sentence(message: str, words: str) -> str:
    return f"{message}: {words}" if words else message
