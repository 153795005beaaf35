"""Plans and starts deletions. Velero deletes data only through a DeleteBackupRequest.

Two traps are kept out of: a failed attempt under a taken name must never be deleted so, for what
lies in the bucket under that name is somebody else's good backup; and a Backup that was never
validated has nothing in the bucket, so only its record is removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slackwater.errors import RecoveryPointNotFound
from slackwater.model.act import Act, ActKind, ActPlan, Key
from slackwater.model.finding import Finding
from slackwater_velero import labels
from slackwater_velero.access import Velero
from slackwater_velero.acts import Do, text
from slackwater_velero.locations import Location
from slackwater_velero.objects import Backup, DeleteRequest
from slackwater_velero.phases import backup_phase
from slackwater_velero.resources import BACKUPS, DELETE_REQUESTS
from slackwater_velero.starting import start_once
from slackwater_velero.voice import TOOL, Voice


def plan_deletion(
    backup: Backup, location: Location | None, requests: Sequence[DeleteRequest], voice: Voice
) -> ActPlan:
    """Return the act that deletes a Backup. ``requests`` are earlier ones for it. Pure."""
    name, phase = backup.metadata.name, backup.state.phase
    if phase == "FailedValidation":
        return ActPlan(acts=(_record_act(name, voice),))
    findings = (
        *_location_findings(name, location, voice),
        *_phase_findings(name, phase, voice),
        *_earlier_findings(name, requests, voice),
    )
    return ActPlan(acts=(_delete_act(backup),), findings=findings)


def _delete_act(backup: Backup) -> Act:
    name = backup.metadata.name
    return Act(
        id="delete",
        kind=ActKind.OPERATED,
        title=f"Velero deletes {name}",
        effects=(
            f"removes the data of {name} from its store, for every cluster that shows it",
            "removes the Restore objects that were made from it",
        ),
        payload={
            "do": Do.DELETE,
            "backup": name,
            "uid": backup.metadata.uid,
            "stem": f"sw-delete-{name}",
            "labels": {
                labels.BACKUP_NAME: labels.label_value(name),
                labels.BACKUP_UID: backup.metadata.uid,
            },
            "annotations": {},
        },
    )


def _record_act(name: str, voice: Voice) -> Act:
    return Act(
        id="delete",
        kind=ActKind.PERFORMED,
        title=f"remove the record of {name}",
        effects=(
            f"removes Backup {name} in namespace {voice.namespace}; nothing was ever stored for it",
        ),
        payload={"do": Do.REMOVE_RECORD, "backup": name},
    )


def start_deletion(velero: Velero, act: Act, key: Key) -> str:
    """Make the request and return the handle. After a success both objects are gone: that is fine,
    and nothing is requested again.
    """
    backup = text(act.payload, "backup")
    request = key.name(text(act.payload, "stem"))
    known = velero.find(DELETE_REQUESTS, request, DeleteRequest)
    if known is None and velero.find(BACKUPS, backup, Backup) is None:
        return f"deletion/{backup}/{request}"
    made = start_once(velero, DELETE_REQUESTS, act, key, {"backupName": backup})
    return f"deletion/{backup}/{made}"


def remove_record(velero: Velero, act: Act) -> dict[str, object]:
    """Remove a Backup that never passed validation; leave it where it is something else by now."""
    name = text(act.payload, "backup")
    found = velero.find(BACKUPS, name, Backup)
    if found is None:
        return {"removed": False}
    if found.state.phase != "FailedValidation":
        raise RecoveryPointNotFound(
            f"Backup {name} is {found.state.phase} by now, not FailedValidation: plan again",
            backend=TOOL,
            cluster=velero.cluster.name,
        )
    return {"removed": velero.delete(BACKUPS, name, uid=found.metadata.uid)}


def _location_findings(name: str, location: Location | None, voice: Voice) -> Iterator[Finding]:
    if location is None:
        yield voice.error("store-gone", name, "its location is gone, so Velero cannot delete it")
    elif not location.writable:
        yield voice.error(
            "store-read-only",
            name,
            f"location {location.name} is read-only in {voice.cluster}: Velero refuses to delete",
            "delete it in the cluster that may write to the store",
        )
    elif not location.available:
        yield voice.error(
            "store-unavailable",
            name,
            f"location {location.name} is not available: {location.message or 'not looked at yet'}",
            voice.kubectl(f"get backupstoragelocation {location.name} -o yaml"),
        )


def _phase_findings(name: str, phase: str, voice: Voice) -> Iterator[Finding]:
    if not backup_phase(phase).terminal and phase != "Deleting":
        yield voice.error(
            "in-progress", name, f"it is still {phase or 'New'}: Velero refuses to delete it now"
        )


def _earlier_findings(
    name: str, requests: Sequence[DeleteRequest], voice: Voice
) -> Iterator[Finding]:
    """A deletion that failed leaves the Backup in ``Deleting``; a new request tries again."""
    for request in requests:
        for error in (request.status.errors if request.status else None) or ():
            yield voice.info("earlier-deletion", name, f"an earlier deletion failed: {error}")
