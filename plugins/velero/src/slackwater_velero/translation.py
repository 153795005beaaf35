"""Velero's Backups in, recovery points out. Pure; quick enough for a hundred thousand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from slackwater.model.finding import Finding
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Place, PointId, RecoveryPoint
from slackwater_velero import labels
from slackwater_velero.locations import Location, default_location
from slackwater_velero.objects import Backup
from slackwater_velero.phases import KNOWN_BACKUP, backup_phase
from slackwater_velero.resource_policies import Filters
from slackwater_velero.scopes import scope_of
from slackwater_velero.stamps import read_stamp
from slackwater_velero.store_identity import missing_store
from slackwater_velero.voice import TOOL, Voice

ALREADY_STORED = "backup execution failed: backup already exists in object storage"
"""Velero's words where a name was taken in the bucket (``backup_controller.go``, 1.18).

Compared whole: where the store did not answer, the reason holds nearly the same words.
"""


def is_phantom(backup: Backup) -> bool:
    """Whether the object is no more than a failed attempt under the name of a stored backup.

    What lies in the bucket under its name belongs to somebody else's good backup.
    """
    state = backup.state
    return state.phase == "Failed" and state.failure_reason == ALREADY_STORED


@dataclass(frozen=True)
class Translator:
    """Translates the Backups of one cluster, whose locations were read before.

    ``filters`` tells what the resource policy of a Backup left out.
    """

    voice: Voice
    locations: Mapping[str, Location]
    filters: Callable[[Backup], Filters]

    def point(self, backup: Backup) -> RecoveryPoint:
        """Return the recovery point that a Backup stands for, contents unknown."""
        state, metadata = backup.state, backup.metadata
        stamp = read_stamp(metadata.annotations)
        location = self.location_of(backup)
        findings = tuple(self._findings(backup, location))
        return RecoveryPoint(
            id=PointId(tool=TOOL, store=self._store(backup, location), name=metadata.name),
            phase=_phase(backup),
            scope=scope_of(backup.spec, self.filters(backup)),
            begin=state.start_timestamp,
            end=state.completion_timestamp,
            origin=stamp.cluster if stamp else "",
            places=(self._place(backup, location),),
            expires=state.expiration,
            stamp=stamp,
            made_by=made_by(backup),
            tool_phase=state.phase,
            findings=findings,
        )

    def location_of(self, backup: Backup) -> Location | None:
        """Return the location of a Backup, if there still is one."""
        name = backup.spec.storage_location
        return self.locations.get(name) if name else default_location(self.locations)

    def _store(self, backup: Backup, location: Location | None) -> str:
        if location is not None:
            return location.identity
        return missing_store(self.voice.cluster, backup.spec.storage_location or "")

    def _place(self, backup: Backup, location: Location | None) -> Place:
        name = location.name if location else backup.spec.storage_location or ""
        writable = location is not None and location.writable
        return _shared_place(self.voice.cluster, name, writable)

    def _findings(self, backup: Backup, location: Location | None) -> Iterator[Finding]:
        name, state, voice = backup.metadata.name, backup.state, self.voice
        if location is None:
            where = backup.spec.storage_location or "(none)"
            yield voice.warning(
                "store-gone",
                name,
                f"its location {where!r} is gone; whether the data still lies there is not known",
                f"create the BackupStorageLocation {where!r} again, with bucket and prefix",
            )
        if state.phase not in KNOWN_BACKUP:
            yield voice.warning(
                "unknown-phase", name, f"Velero calls its phase {state.phase!r}, unknown here"
            )
        elif state.phase == "Deleting":
            yield voice.warning(
                "deleting",
                name,
                "it is being deleted, or a deletion failed and left it so",
                voice.kubectl(f"get deletebackuprequests -l velero.io/backup-name={name} -o yaml"),
            )
        elif state.phase == "PartiallyFailed":
            yield voice.warning(
                "partly-failed", name, f"Velero counted {_errors(state.errors)} while making it"
            )
        if is_empty(backup):
            yield voice.error("empty", name, "Velero backed up no object at all")


@lru_cache(maxsize=1024)
def _shared_place(cluster: str, store_name: str, writable: bool) -> Place:
    """One place for all the backups of a location: lists are long."""
    return Place(cluster=cluster, store_name=store_name, writable=writable)


def is_empty(backup: Backup) -> bool:
    """Whether Velero itself says that nothing was backed up; it calls that Completed."""
    state = backup.state
    counted = state.progress is not None and state.progress.items_backed_up == 0
    return counted and state.phase == "Completed"


def made_by(backup: Backup) -> str:
    """Say in words who made it: our policy, a Schedule, or somebody."""
    annotations = backup.metadata.annotations or {}
    if labels.CLUSTER in annotations:
        policy = annotations.get(labels.POLICY)
        return f"policy {policy}" if policy else "slackwater"
    schedule = (backup.metadata.labels or {}).get(labels.SCHEDULE_NAME)
    return f"schedule {schedule}" if schedule else "somebody"


def _phase(backup: Backup) -> Phase:
    return Phase.PARTIAL if is_empty(backup) else backup_phase(backup.state.phase)


def _errors(count: int) -> str:
    return "1 error" if count == 1 else f"{count} errors"
