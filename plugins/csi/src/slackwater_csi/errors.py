"""What an API server says, as this backend's errors."""

from __future__ import annotations

from functools import partial

from slackwater.backend import cluster_errors
from slackwater.errors import (
    BackendUnavailable,
    ClusterDenied,
    ClusterError,
    PermanentBackendError,
)

TOOL = "csi"

NOT_INSTALLED = (
    "install the CRDs and the controller of external-snapshotter: "
    "https://github.com/kubernetes-csi/external-snapshotter"
)
_TERMINATING = "being terminated"
"""In the words of kube-apiserver, for an object in a namespace that is being deleted (a 403)."""


class _CsiErrors(cluster_errors.ClusterErrors):
    def sort(self, error: ClusterError, doing: str) -> cluster_errors.Sorted:
        """Wait for a namespace that is on its way out: it refuses, but no right is missing."""
        said = str(error)
        if isinstance(error, ClusterDenied) and _TERMINATING in said:
            return BackendUnavailable, f"cannot {doing}: {said}", "wait until the namespace is gone"
        return super().sort(error, doing)


_ERRORS = _CsiErrors(TOOL, NOT_INSTALLED)
csi_errors = _ERRORS.translated
translate = _ERRORS.translate
named_errors = partial(cluster_errors.named_errors, TOOL)


def gone_wrong(message: str, cluster: str, hint: str = "") -> PermanentBackendError:
    """Return the error for what will not pass by itself."""
    return PermanentBackendError(message, backend=TOOL, cluster=cluster, hint=hint)


def not_yet(message: str, cluster: str, hint: str = "") -> BackendUnavailable:
    """Return the error for what may pass by itself."""
    return BackendUnavailable(message, backend=TOOL, cluster=cluster, hint=hint)
