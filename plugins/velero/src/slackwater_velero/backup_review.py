"""What the Backups of a cluster show when they are looked at together. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from slackwater.model.finding import Finding
from slackwater_velero import labels
from slackwater_velero.locations import Location
from slackwater_velero.objects import Backup, DeleteRequest
from slackwater_velero.stamps import read_stamp
from slackwater_velero.translation import is_phantom
from slackwater_velero.voice import Voice
from slackwater_velero.watchdogs import queue_findings


def review_backups(
    backups: Sequence[Backup],
    requests: Sequence[DeleteRequest],
    locations: Mapping[str, Location],
    *,
    cluster_uid: str,
    voice: Voice,
    now: datetime,
) -> Iterator[Finding]:
    """Yield findings about all Backups of a cluster. ``cluster_uid`` is its own."""
    yield from queue_findings(backups, voice, now)
    for backup in backups:
        yield from _phantom(backup, voice)
        yield from _left_deleting(backup, requests, voice)
        yield from _not_collected(backup, voice)
    yield from _other_writers(backups, locations, cluster_uid, voice)


def _phantom(backup: Backup, voice: Voice) -> Iterator[Finding]:
    """Its deletion through Velero, the collector's too, would take the good backup with it."""
    if is_phantom(backup):
        name = backup.metadata.name
        yield voice.warning(
            "phantom",
            name,
            f"Backup {name} failed because a backup of that name is stored already. When this "
            "object expires, Velero deletes the stored one",
            f"{voice.kubectl(f'delete backup {name}')}  (never: velero backup delete)",
        )


def _left_deleting(
    backup: Backup, requests: Sequence[DeleteRequest], voice: Voice
) -> Iterator[Finding]:
    if backup.state.phase != "Deleting":
        return
    name = backup.metadata.name
    errors = [
        error
        for request in requests
        if request.spec.backup_name == name and request.status
        for error in request.status.errors or ()
    ]
    if errors:
        yield voice.warning(
            "deletion-failed",
            name,
            f"the deletion of {name} failed and left it Deleting: {errors[0]}",
            "mend the cause and delete the recovery point again",
        )


def _not_collected(backup: Backup, voice: Voice) -> Iterator[Finding]:
    why = (backup.metadata.labels or {}).get(labels.GC_FAILURE)
    if why:
        name = backup.metadata.name
        yield voice.info(
            "not-collected", name, f"{name} has expired, but Velero cannot delete it ({why})"
        )


def _other_writers(
    backups: Sequence[Backup],
    locations: Mapping[str, Location],
    cluster_uid: str,
    voice: Voice,
) -> Iterator[Finding]:
    """Every cluster that may write to a store collects there, whoever made the backups."""
    others: dict[str, str] = {}
    if not cluster_uid:
        return
    for backup in backups:
        stamp = read_stamp(backup.metadata.annotations)
        if stamp and stamp.cluster_uid and stamp.cluster_uid != cluster_uid:
            others.setdefault(backup.spec.storage_location or "", stamp.cluster)
    for name, cluster in sorted(others.items()):
        location = locations.get(name)
        if location is not None and location.writable:
            yield voice.warning(
                "two-writers",
                name,
                f"location {name} is writable here and holds backups of {cluster}: this Velero "
                "deletes what has expired there, and two clusters may use one name",
                voice.kubectl(
                    f"patch backupstoragelocation {name} --type merge "
                    """-p '{"spec":{"accessMode":"ReadOnly"}}'"""
                ),
            )
