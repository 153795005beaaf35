"""Where what an API server, or a store, says becomes what a backend may raise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

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

Sorted: TypeAlias = tuple[type[BackendError], str, str]
"""Which error of a backend it is, what it says, and the way out where there is a special one."""


@dataclass(frozen=True)
class ClusterErrors:
    """Translates for one tool; ``not_installed`` is the way out where its kinds are not served."""

    tool: str
    not_installed: str

    @contextmanager
    def translated(self, cluster: str, doing: str) -> Iterator[None]:
        """Turn errors of the cluster into errors of a backend; ``doing`` is verb and kind.

        ``ObjectExists`` passes: whoever creates knows what it means. So does a configuration error.
        """
        try:
            yield
        except ObjectExists:
            raise
        except ClusterError as error:
            raise self.translate(error, cluster, doing) from error

    def translate(self, error: ClusterError, cluster: str, doing: str) -> BackendError:
        """Return the backend's error for one of the cluster."""
        by = {"backend": self.tool, "cluster": cluster}
        if isinstance(error, ClusterThrottled):
            return Throttled(str(error), retry_after=error.retry_after, **by)
        kind, message, hint = self.sort(error, doing)
        return kind(message, **by, operation=doing, hint=hint or error.hint)

    def sort(self, error: ClusterError, doing: str) -> Sorted:
        """Tell what may pass by itself from what will not. A tool with more to say overrides it."""
        said = str(error)
        match error:
            case ClusterDenied():
                return PermissionDenied, f"not allowed to {doing}: {said}", ""
            case ObjectNotFound():
                return PermanentBackendError, f"cannot {doing}: {said}", self.not_installed
            case ClusterUnreachable():
                return BackendUnavailable, said, ""
            case ObjectConflict() | ListExpired():
                return TransientBackendError, said, ""
        return (BackendUnavailable if error.status >= 500 else PermanentBackendError), said, ""


@contextmanager
def named_errors(tool: str, cluster: str) -> Iterator[None]:
    """Put tool and cluster on errors of a store, which knows neither."""
    try:
        yield
    except BackendError as error:
        error.backend = error.backend or tool
        error.cluster = error.cluster or cluster
        raise
