"""The one place where what an API server says becomes what a backend may raise.

K10's actions and restore points are served by an aggregated API server: where that is down the
API server answers 503, while policies and profiles, which are custom resources, still answer.
"""

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
from slackwater_kasten.voice import TOOL

NOT_INSTALLED = "install K10 there: https://docs.kasten.io/latest/install/"
API_DOWN = "look at K10's aggregated API: kubectl get apiservices | grep kasten"


@contextmanager
def kasten_errors(cluster: str, doing: str) -> Iterator[None]:
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
    if error.status >= 500:
        return BackendUnavailable, said, API_DOWN if error.status == 503 else ""
    return PermanentBackendError, said, ""
