"""The in-memory tool's errors, translated once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from slackwater.errors import (
    BackendError,
    BackendUnavailable,
    PermanentBackendError,
    PermissionDenied,
    RecoveryPointNotFound,
    Throttled,
)
from slackwater.testing.memory.records import Refusal
from slackwater.testing.memory.tool import Refused


@contextmanager
def translated(
    backend: str, cluster: str, missing: type[PermanentBackendError] = RecoveryPointNotFound
) -> Iterator[None]:
    """Raise the tool's errors as the contract's; the tool's words stay, the cause is chained.

    ``missing`` is what it means here that something is not there.
    """
    try:
        yield
    except Refused as refused:
        raise _translate(refused, backend, cluster, missing) from refused


def _translate(
    refused: Refused, backend: str, cluster: str, missing: type[PermanentBackendError]
) -> BackendError:
    said = f"{backend} in {cluster}: {refused}"
    match refused.refusal:
        case Refusal.THROTTLED:
            wait = refused.retry_after
            return Throttled(said, retry_after=wait, backend=backend, cluster=cluster)
        case Refusal.DENIED:
            hint = "give the login of this cluster the right that is named"
            return PermissionDenied(said, backend=backend, cluster=cluster, hint=hint)
        case Refusal.MISSING:
            return missing(said, backend=backend, cluster=cluster)
        case _:
            return BackendUnavailable(said, backend=backend, cluster=cluster)
