"""K10's objects as we read them: only the fields that are needed, so long lists are quick.

Shapes as observed on 8.5 and 9.0. Everything is optional: sizes and times may be absent or null.
Receive strings and migration tokens are secrets: no type here has a field for them, so nothing
that was read can show them.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from slackwater_kasten import labels


class _Read(msgspec.Struct, rename="camel", gc=False, kw_only=True):
    """Read, never written back. Keeps no cycles, so the garbage collector need not look."""


class Metadata(_Read):
    """Of any object."""

    name: str
    namespace: str = ""
    uid: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None

    def label(self, name: str) -> str:
        """Return the value of a label, or empty."""
        return (self.labels or {}).get(name, "")


class Named(_Read):
    """An object of which only the metadata matters."""

    metadata: Metadata


class Reference(_Read):
    """Names an object."""

    name: str = ""
    namespace: str = ""
    kind: str = ""


class Failure(_Read):
    """``status.error``: ``cause`` is JSON in a string, nested several levels deep."""

    message: str = ""
    cause: str | None = None


class ActionSpec(_Read):
    """What an action works on."""

    subject: Reference | None = None
    expires_at: datetime | None = None
    profile: Reference | None = None
    filters: dict[str, object] | None = None


class Phase(_Read):
    """A step of an action, from ``/details``."""

    name: str = ""
    state: str = ""
    error: Failure | None = None


class ActionDetails(_Read):
    """Filled in by ``/details`` only."""

    phases: list[Phase] | None = None


class ActionStatus(_Read):
    """What K10 says of an action."""

    state: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None
    progress: float | None = None
    error: Failure | None = None
    restore_point: Reference | None = None
    action_details: ActionDetails | None = None


class Action(_Read):
    """Any kind of ``actions.kio.kasten.io``."""

    metadata: Metadata
    spec: ActionSpec = msgspec.field(default_factory=ActionSpec)
    status: ActionStatus | None = None

    @property
    def state(self) -> ActionStatus:
        """The status; an empty one before K10 has looked at the action."""
        return self.status or ActionStatus()


class RestorePointSpec(_Read):
    """Which content a RestorePoint makes visible in its namespace."""

    restore_point_content_ref: Reference | None = None


class RestorePointStatus(_Read):
    """Times of the backup; sizes are absent where no volume data is inside."""

    action_time: datetime | None = None


class RestorePoint(_Read):
    """``restorepoints.apps.kio.kasten.io``."""

    metadata: Metadata
    spec: RestorePointSpec = msgspec.field(default_factory=RestorePointSpec)
    status: RestorePointStatus | None = None

    @property
    def content(self) -> str:
        """The name of its RestorePointContent."""
        reference = self.spec.restore_point_content_ref
        return reference.name if reference else ""


class Identified(_Read):
    """``resource`` of an artefact: which object of the application it is."""

    group: str = ""
    version: str = ""
    resource: str = ""
    name: str = ""
    namespace: str = ""


class VolumeMeta(_Read):
    """Which claim data was read from."""

    pvc_name: str = ""


class StorageUsage(_Read):
    """Bytes, before and after deduplication."""

    logical: int | None = None


class DataMeta(_Read):
    """What the data mover noted down."""

    k8s_volume: VolumeMeta | None = msgspec.field(default=None, name="k8sVolume")
    storage_usage: StorageUsage | None = None


class DataArtifact(_Read):
    """Volume data in a location (``meta.kanister``)."""

    meta: DataMeta | None = None


class ArtifactMeta(_Read):
    """How the artefact is kept."""

    kanister: DataArtifact | None = None


class Artifact(_Read):
    """One thing that a restore point holds. Only in ``/details``."""

    resource: Identified | None = None
    volume_snapshot: dict[str, object] | None = None
    meta: ArtifactMeta | None = None


class ContentDetails(_Read):
    """Everything that is inside."""

    artifacts: list[Artifact] | None = None


class ContentStatus(_Read):
    """``Bound`` to a RestorePoint, or ``Unbound``."""

    state: str = ""
    action_time: datetime | None = None
    scheduled_time: datetime | None = None
    restore_point_ref: Reference | None = None
    restore_point_content_details: ContentDetails | None = None


class Content(_Read):
    """``restorepointcontents.apps.kio.kasten.io``: has no spec."""

    metadata: Metadata
    status: ContentStatus | None = None

    @property
    def state(self) -> ContentStatus:
        """The status."""
        return self.status or ContentStatus()

    @property
    def bound_to(self) -> Reference | None:
        """The RestorePoint that shows it, if one does."""
        reference = self.state.restore_point_ref
        return reference if reference and reference.name else None

    @property
    def export_profile(self) -> str:
        """The profile it was exported to; empty for what lies in the cluster.

        The presence of this label is the only reliable sign of an exported copy.
        """
        return self.metadata.label(labels.EXPORT_PROFILE)


class Validation(_Read):
    """What K10 found out about a policy or profile, some time after it was written."""

    validation: str = ""
    error: list[str] | None = None


class Expression(_Read):
    """One expression of a selector."""

    key: str = ""
    operator: str = ""
    values: list[str] | None = None


class Selector(_Read):
    """Which applications a policy is for."""

    match_expressions: list[Expression] | None = None
    match_labels: dict[str, str] | None = None


class ImportParameters(_Read):
    """Where an import policy looks. The receive string beside it is never read."""

    profile: Reference | None = None


class BackupParameters(_Read):
    """What a backup leaves out."""

    filters: dict[str, object] | None = None


class ExportData(_Read):
    """Whether an export takes the data of volumes along."""

    enabled: bool = True


class ExportParameters(_Read):
    """Where a policy exports to, and how often: every snapshot, where no frequency is named. The
    receive string beside it is never read.
    """

    profile: Reference | None = None
    frequency: str = ""
    export_data: ExportData | None = None

    @property
    def place(self) -> str:
        """The profile; empty where none is named."""
        return self.profile.name if self.profile else ""


class PolicyAction(_Read):
    """One of the things that a policy does."""

    action: str = ""
    import_parameters: ImportParameters | None = None
    backup_parameters: BackupParameters | None = None
    export_parameters: ExportParameters | None = None


class SubFrequency(_Read):
    """Times within the frequency, in UTC."""

    minutes: list[int] | None = None
    hours: list[int] | None = None
    weekdays: list[int] | None = None
    days: list[int] | None = None
    months: list[int] | None = None


class PolicySpec(_Read):
    """What a policy does, when, and for whom."""

    paused: bool = False
    frequency: str = ""
    sub_frequency: SubFrequency | None = None
    retention: dict[str, int] | None = None
    selector: Selector | None = None
    actions: list[PolicyAction] | None = None

    def does(self, action: str) -> bool:
        """Whether one of its actions is of this sort (``backup``, ``export``, ``import``)."""
        return any(each.action == action for each in self.actions or ())


class Policy(_Read):
    """``policies.config.kio.kasten.io``."""

    metadata: Metadata
    spec: PolicySpec = msgspec.field(default_factory=PolicySpec)
    status: Validation | None = None


class TransformSetSpec(_Read):
    """The transforms of a set, as they are written into an action."""

    transforms: list[dict[str, object]] | None = None


class TransformSet(_Read):
    """``transformsets.config.kio.kasten.io``."""

    metadata: Metadata
    spec: TransformSetSpec = msgspec.field(default_factory=TransformSetSpec)
    status: Validation | None = None


class ObjectStore(_Read):
    """A bucket. ``protection_period`` is how long an object is locked from each visit on."""

    name: str = ""
    object_store_type: str = ""
    endpoint: str = ""
    region: str = ""
    path: str = ""
    protection_period: str = ""


class LocationSpec(_Read):
    """Where a Location Profile leads."""

    type: str = ""
    object_store: ObjectStore | None = None
    file_store: dict[str, object] | None = None


class ProfileSpec(_Read):
    """``type`` is ``Location`` or ``Infra``."""

    type: str = ""
    location_spec: LocationSpec | None = None


class Profile(_Read):
    """``profiles.config.kio.kasten.io``."""

    metadata: Metadata
    spec: ProfileSpec = msgspec.field(default_factory=ProfileSpec)
    status: Validation | None = None

    @property
    def is_location(self) -> bool:
        """Whether backups can lie there."""
        return self.spec.type == "Location"

    @property
    def is_valid(self) -> bool:
        """Whether K10 has looked at it and found it good."""
        return self.status is not None and self.status.validation == "Success"


class Licensing(_Read):
    """Of a Report."""

    node_limit: int | None = None
    node_count: int | None = None
    status: str = ""


class Results(_Read):
    """Of a Report."""

    licensing: Licensing | None = None


class Report(_Read):
    """``reports.reporting.kio.kasten.io``."""

    metadata: Metadata
    results: Results | None = None
