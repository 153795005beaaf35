"""Waiting until Velero has found a backup in a store, as an operation. Pure.

Nothing is created for it: the state is read from the location and the Backup object alone, so it
can be asked by anybody at any time.
"""

from __future__ import annotations

from slackwater.model.finding import Finding
from slackwater.model.operation import Operation, OperationRef, Phase
from slackwater_velero.locations import Location
from slackwater_velero.objects import Backup
from slackwater_velero.translation import is_phantom
from slackwater_velero.voice import Voice


def sync_operation(
    ref: OperationRef, location: Location | None, backup: Backup | None, voice: Voice
) -> Operation:
    """Return how far the sync is.

    It has ended when the Backup stands here and the location's ``lastSyncedTime`` is not before
    its creation: volume records are created after the Backup, the time is written last. Both have
    whole seconds, and one round of the sync follows the other after a minute, so equal is enough.
    """
    if location is None:
        return _failed(ref, "the BackupStorageLocation was removed meanwhile", retryable=False)
    if backup is None:
        return _waiting(ref, location, voice)
    if (backup.spec.storage_location or "") != location.name or is_phantom(backup):
        name = backup.metadata.name
        return _failed(
            ref,
            f"another Backup named {name} stands in the way: Velero compares names only, and will "
            f"never show the one in {location.name}",
            retryable=False,
        )
    created, synced = backup.metadata.creation_timestamp, location.last_synced
    if created is not None and (synced is None or synced < created):
        return Operation(
            ref=ref,
            phase=Phase.RUNNING,
            tool_phase="Syncing",
            message="found; Velero is still creating the records of its volumes",
        )
    return Operation(
        ref=ref, phase=Phase.SUCCEEDED, tool_phase="Synced", began=created, ended=synced
    )


def _waiting(ref: OperationRef, location: Location, voice: Voice) -> Operation:
    findings: tuple[Finding, ...] = ()
    if not location.available and location.message:
        findings = (
            voice.warning(
                "store-unavailable",
                location.name,
                f"location {location.name} is not available: {location.message}",
                voice.kubectl(f"get backupstoragelocation {location.name} -o yaml"),
            ),
        )
    return Operation(
        ref=ref,
        phase=Phase.RUNNING,
        tool_phase="Waiting",
        message="Velero looks into its stores once a minute",
        findings=findings,
    )


def _failed(ref: OperationRef, message: str, *, retryable: bool) -> Operation:
    return Operation(
        ref=ref, phase=Phase.FAILED, tool_phase="Waiting", message=message, retryable=retryable
    )
