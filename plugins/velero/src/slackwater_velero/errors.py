"""The one place where what an API server says becomes what a backend may raise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from slackwater.errors import (
    BackendError,
    BackendUnavailable,
    ClusterDenied,
    ClusterError,
    ClusterThrottled,
    ClusterUnreachable,
    ListExpired,
    ObjectConflict,
    ObjectExists,
    ObjectNotFound,
    PermanentBackendError,
    PermissionDenied,
    Throttled,
    TransientBackendError,
)
from slackwater_velero.voice import TOOL

NOT_INSTALLED = "install Velero there: https://velero.io/docs/main/basic-install/"


@contextmanager
def velero_errors(cluster: str, doing: str) -> Iterator[None]:
    """Turn errors of the cluster into errors of a backend; ``doing`` is verb and kind.

    ``ObjectExists`` passes: whoever creates knows what it means. So does a configuration error.
    """
    try:
        yield
    except ObjectExists:
        raise
    except ClusterError as error:
        raise translate(error, cluster, doing) from error


def translate(error: ClusterError, cluster: str, doing: str) -> BackendError:
    """Return the backend's error for one of the cluster."""
    if isinstance(error, ClusterThrottled):
        return Throttled(str(error), retry_after=error.retry_after, backend=TOOL, cluster=cluster)
    kind, message, hint = _sort(error, doing)
    return kind(message, backend=TOOL, cluster=cluster, operation=doing, hint=hint or error.hint)


def _sort(error: ClusterError, doing: str) -> tuple[type[BackendError], str, str]:
    said = str(error)
    match error:
        case ClusterDenied():
            return PermissionDenied, f"not allowed to {doing}: {said}", ""
        case ObjectNotFound():
            return PermanentBackendError, f"cannot {doing}: {said}", NOT_INSTALLED
        case ClusterUnreachable():
            return BackendUnavailable, said, ""
        case ObjectConflict() | ListExpired():
            return TransientBackendError, said, ""
    return (BackendUnavailable if error.status >= 500 else PermanentBackendError), said, ""
