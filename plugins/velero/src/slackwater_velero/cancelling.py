"""Velero has no cancel. What still waits has stored nothing, so its object can be removed."""

from __future__ import annotations

from slackwater.errors import OperationNotFound, Unsupported
from slackwater.model.operation import OperationRef
from slackwater_velero.access import Velero
from slackwater_velero.describing import NO_CANCEL
from slackwater_velero.objects import Backup
from slackwater_velero.operations import Handle
from slackwater_velero.phases import CANCELLABLE
from slackwater_velero.resources import BACKUPS
from slackwater_velero.voice import TOOL


def cancel(velero: Velero, ref: OperationRef) -> None:
    """Remove a Backup that still waits. Raises ``Unsupported`` for everything that has begun.

    A wait for a sync changes nothing, so there is nothing to stop.
    """
    handle = Handle.of(ref)
    if handle.sort == "sync":
        return
    if handle.sort == "backup":
        _remove_waiting(velero, handle.name)
        return
    raise _unsupported(velero, ref.handle)


def _remove_waiting(velero: Velero, name: str) -> None:
    """Only as it stands now: a Backup that is removed just after it was dequeued stays counted as
    running in the memory of 1.18.3, and nothing is dequeued any more until the server restarts.
    """
    backup = velero.find(BACKUPS, name, Backup)
    if backup is None:
        raise OperationNotFound(
            f"Velero in {velero.cluster.name} knows no backup {name} (any more)",
            backend=TOOL,
            cluster=velero.cluster.name,
        )
    if backup.state.phase not in CANCELLABLE:
        raise _unsupported(velero, f"backup {name}, which is {backup.state.phase}")
    velero.delete(BACKUPS, name, version=backup.metadata.resource_version)


def _unsupported(velero: Velero, what: str) -> Unsupported:
    return Unsupported(
        f"{what}: {NO_CANCEL}", backend=TOOL, cluster=velero.cluster.name, operation="cancel"
    )
