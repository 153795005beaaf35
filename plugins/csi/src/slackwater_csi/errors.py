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

TOOL = "csi"

NOT_INSTALLED = (
    "install the CRDs and the controller of external-snapshotter: "
    "https://github.com/kubernetes-csi/external-snapshotter"
)
_TERMINATING = "being terminated"
"""In the words of kube-apiserver, for an object in a namespace that is being deleted (a 403)."""


@contextmanager
def csi_errors(cluster: str, doing: str) -> Iterator[None]:
    """Turn errors of the cluster into errors of a backend; ``doing`` is verb and kind.

    ``ObjectExists`` passes: whoever creates knows what it means. So does a configuration error.
    """
    try:
        yield
    except ObjectExists:
        raise
    except ClusterError as error:
        raise translate(error, cluster, doing) from error


@contextmanager
def named_errors(cluster: str) -> Iterator[None]:
    """Put tool and cluster on errors of the store, which knows neither."""
    try:
        yield
    except BackendError as error:
        error.backend = error.backend or TOOL
        error.cluster = error.cluster or cluster
        raise


def translate(error: ClusterError, cluster: str, doing: str) -> BackendError:
    """Return the backend's error for one of the cluster."""
    if isinstance(error, ClusterThrottled):
        return Throttled(str(error), retry_after=error.retry_after, backend=TOOL, cluster=cluster)
    kind, message, hint = _sort(error, doing)
    return kind(message, backend=TOOL, cluster=cluster, operation=doing, hint=hint or error.hint)


def gone_wrong(message: str, cluster: str, hint: str = "") -> PermanentBackendError:
    """Return the error for what will not pass by itself."""
    return PermanentBackendError(message, backend=TOOL, cluster=cluster, hint=hint)


def not_yet(message: str, cluster: str, hint: str = "") -> BackendUnavailable:
    """Return the error for what may pass by itself."""
    return BackendUnavailable(message, backend=TOOL, cluster=cluster, hint=hint)


def _sort(error: ClusterError, doing: str) -> tuple[type[BackendError], str, str]:
    said = str(error)
    match error:
        case ClusterDenied() if _TERMINATING in said:
            return BackendUnavailable, f"cannot {doing}: {said}", "wait until the namespace is gone"
        case ClusterDenied():
            return PermissionDenied, f"not allowed to {doing}: {said}", ""
        case ObjectNotFound():
            return PermanentBackendError, f"cannot {doing}: {said}", NOT_INSTALLED
        case ClusterUnreachable():
            return BackendUnavailable, said, ""
        case ObjectConflict() | ListExpired():
            return TransientBackendError, said, ""
    return (BackendUnavailable if error.status >= 500 else PermanentBackendError), said, ""
