"""Velero's objects as we read them: only the fields that are needed, so long lists are quick.

Field by field from the CRDs of 1.18. Go leaves out empty values or writes null, so everything is
optional.
"""

from __future__ import annotations

from datetime import datetime

import msgspec


class Read(msgspec.Struct, rename="camel", gc=False, kw_only=True):
    """Read, never written back. Keeps no cycles, so the garbage collector need not look."""


class Metadata(Read):
    """Of any object."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class Named(Read):
    """An object of which only the metadata matters."""

    metadata: Metadata


class BackupSpec(Read):
    """What a Backup covers. Velero completes it when it validates it."""

    included_namespaces: list[str] | None = None
    excluded_namespaces: list[str] | None = None
    included_resources: list[str] | None = None
    excluded_resources: list[str] | None = None
    include_cluster_resources: bool | None = None
    included_cluster_scoped_resources: list[str] | None = None
    excluded_cluster_scoped_resources: list[str] | None = None
    included_namespace_scoped_resources: list[str] | None = None
    excluded_namespace_scoped_resources: list[str] | None = None
    label_selector: dict[str, object] | None = None
    or_label_selectors: list[object] | None = None
    resource_policy: dict[str, object] | None = None
    storage_location: str | None = None

    @property
    def has_older_filters(self) -> bool:
        """Whether kinds are filtered regardless of scope; Velero refuses a mixture."""
        return bool(
            self.include_cluster_resources is not None
            or self.included_resources
            or self.excluded_resources
        )


class BackupProgress(Read):
    """Objects backed up so far; patched at most once a second."""

    total_items: int = 0
    items_backed_up: int = 0


class BackupStatus(Read):
    """What Velero says about a Backup."""

    phase: str = ""
    start_timestamp: datetime | None = None
    completion_timestamp: datetime | None = None
    expiration: datetime | None = None
    progress: BackupProgress | None = None
    errors: int = 0
    warnings: int = 0
    failure_reason: str = ""
    validation_errors: list[str] | None = None
    queue_position: int = 0


class Backup(Read):
    """``backups.velero.io``."""

    metadata: Metadata
    spec: BackupSpec = msgspec.field(default_factory=BackupSpec)
    status: BackupStatus | None = None

    @property
    def state(self) -> BackupStatus:
        """The status; an empty one before the server has seen the Backup."""
        return self.status or _NO_BACKUP_STATUS

    @property
    def made_here(self) -> bool:
        """Whether it was made in this cluster: one that was synced was created after its end.

        In the second in which it ended, the generation tells: every change of its status counts,
        and one that was synced came with its status.
        """
        created, ended = self.metadata.creation_timestamp, self.state.completion_timestamp
        if created is None or ended is None:
            return True
        return created < ended or (created == ended and self.metadata.generation > 1)


class RestoreSpec(Read):
    """What a Restore brings back."""

    backup_name: str = ""
    schedule_name: str = ""


class RestoreProgress(Read):
    """Objects restored so far."""

    total_items: int = 0
    items_restored: int = 0


class RestoreStatus(Read):
    """What Velero says about a Restore."""

    phase: str = ""
    start_timestamp: datetime | None = None
    completion_timestamp: datetime | None = None
    progress: RestoreProgress | None = None
    errors: int = 0
    warnings: int = 0
    failure_reason: str = ""
    validation_errors: list[str] | None = None


class Restore(Read):
    """``restores.velero.io``."""

    metadata: Metadata
    spec: RestoreSpec = msgspec.field(default_factory=RestoreSpec)
    status: RestoreStatus | None = None

    @property
    def state(self) -> RestoreStatus:
        """The status; an empty one before the server has seen the Restore."""
        return self.status or RestoreStatus()


class SecretKey(Read):
    """A key in a Secret of the Velero namespace."""

    name: str = ""
    key: str = ""


class ObjectStorage(Read):
    """Where a location lies. ``ca_cert`` is PEM in base64."""

    bucket: str = ""
    prefix: str | None = None
    ca_cert: str | None = None
    ca_cert_ref: SecretKey | None = None


class LocationSpec(Read):
    """How a location is reached."""

    provider: str = ""
    object_storage: ObjectStorage | None = None
    config: dict[str, str] | None = None
    credential: SecretKey | None = None
    default: bool = False
    access_mode: str = ""


class LocationStatus(Read):
    """Empty until Velero has looked at the location for the first time."""

    phase: str = ""
    message: str = ""
    last_synced_time: datetime | None = None


class StorageLocation(Read):
    """``backupstoragelocations.velero.io``."""

    metadata: Metadata
    spec: LocationSpec = msgspec.field(default_factory=LocationSpec)
    status: LocationStatus | None = None


class ScheduleSpec(Read):
    """When a Schedule is due, and what it backs up."""

    schedule: str = ""
    template: BackupSpec = msgspec.field(default_factory=BackupSpec)
    paused: bool = False


class ScheduleStatus(Read):
    """There is no next run in it: that has to be computed."""

    phase: str = ""
    last_backup: datetime | None = None
    last_skipped: datetime | None = None
    validation_errors: list[str] | None = None


class Schedule(Read):
    """``schedules.velero.io``."""

    metadata: Metadata
    spec: ScheduleSpec = msgspec.field(default_factory=ScheduleSpec)
    status: ScheduleStatus | None = None


class DeleteRequestSpec(Read):
    """The Backup to be deleted."""

    backup_name: str = ""


class DeleteRequestStatus(Read):
    """``Processed`` with errors is how a deletion fails; one that succeeded vanishes."""

    phase: str = ""
    errors: list[str] | None = None


class DeleteRequest(Read):
    """``deletebackuprequests.velero.io``."""

    metadata: Metadata
    spec: DeleteRequestSpec = msgspec.field(default_factory=DeleteRequestSpec)
    status: DeleteRequestStatus | None = None


class Plugin(Read):
    """One capability that a plugin of the server registered."""

    name: str = ""
    kind: str = ""


class ServerStatus(Read):
    """The answer to a ServerStatusRequest."""

    phase: str = ""
    server_version: str = ""
    plugins: list[Plugin] | None = None


class StatusRequest(Read):
    """``serverstatusrequests.velero.io``."""

    metadata: Metadata
    status: ServerStatus | None = None


class DownloadStatus(Read, repr_omit_defaults=True):
    """``download_url`` is signed: whoever has it may read. Never logged or shown."""

    phase: str = ""
    download_url: str = msgspec.field(default="", name="downloadURL")
    message: str = ""

    def __repr__(self) -> str:
        return f"DownloadStatus(phase={self.phase!r})"


class DownloadRequest(Read):
    """``downloadrequests.velero.io``."""

    metadata: Metadata
    status: DownloadStatus | None = None


_NO_BACKUP_STATUS = BackupStatus()
