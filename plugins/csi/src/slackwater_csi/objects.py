"""The fields that are read of each kind; msgspec builds nothing else.

Documented in external-snapshotter's ``client/apis``. Times differ: RFC 3339 in a snapshot,
nanoseconds in its content.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from slackwater.clusters.quantity import bytes_of
from slackwater_csi import labels


class Metadata(msgspec.Struct, rename="camel"):
    """Who an object is."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None

    def label(self, name: str) -> str:
        """Return a label, or nothing."""
        return (self.labels or {}).get(name, "")

    def annotation(self, name: str) -> str:
        """Return an annotation, or nothing."""
        return (self.annotations or {}).get(name, "")


class Named(msgspec.Struct):
    """Any object, of which only the head matters."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)

    @property
    def name(self) -> str:
        """Its name."""
        return self.metadata.name

    @property
    def claim(self) -> str:
        """The claim that it was made for by us."""
        return self.metadata.annotation(labels.CLAIM)


class Said(msgspec.Struct):
    """An error as the controllers write it into a status: progress, not an end."""

    message: str | None = None


class SnapshotSource(msgspec.Struct, rename="camel"):
    """Where a snapshot comes from: a claim, or a content that was there before."""

    persistent_volume_claim_name: str | None = None
    volume_snapshot_content_name: str | None = None


class SnapshotSpec(msgspec.Struct, rename="camel"):
    """What is asked of a snapshot."""

    source: SnapshotSource = msgspec.field(default_factory=SnapshotSource)
    volume_snapshot_class_name: str | None = None


class SnapshotStatus(msgspec.Struct, rename="camel"):
    """How far it is. ``ready_to_use`` is whatever stands there: only ``True`` counts."""

    bound_volume_snapshot_content_name: str | None = None
    creation_time: datetime | None = None
    ready_to_use: Any = None
    restore_size: str | int | None = None
    error: Said | None = None
    volume_group_snapshot_name: str | None = None


class Snapshot(Named):
    """A VolumeSnapshot."""

    spec: SnapshotSpec = msgspec.field(default_factory=SnapshotSpec)
    status: SnapshotStatus | None = None

    @property
    def claim(self) -> str:
        """The claim that it is of; empty for one that shows a content from elsewhere."""
        ours = self.metadata.annotation(labels.CLAIM)
        return self.spec.source.persistent_volume_claim_name or ours

    @property
    def content(self) -> str:
        """The content that it is bound to, or will be: ``snapcontent-<uid>`` (documented name)."""
        bound = self.status.bound_volume_snapshot_content_name if self.status else None
        given = self.spec.source.volume_snapshot_content_name
        return bound or given or f"snapcontent-{self.metadata.uid}"

    @property
    def said(self) -> str:
        """What the controllers last complained of."""
        error = self.status.error if self.status else None
        return (error.message or "") if error else ""

    @property
    def taken(self) -> datetime | None:
        """The moment that it holds."""
        return self.status.creation_time if self.status else None

    @property
    def size(self) -> int | None:
        """How many bytes a claim needs that is made of it."""
        size = self.status.restore_size if self.status else None
        return bytes_of(size) if isinstance(size, str) else size


class ContentSource(msgspec.Struct, rename="camel"):
    """The volume that was snapshotted, or the snapshot in the storage system."""

    volume_handle: str | None = None
    snapshot_handle: str | None = None


class SnapshotRef(msgspec.Struct):
    """The snapshot that a content belongs to; the uid once it is bound."""

    name: str = ""
    namespace: str = ""
    uid: str = ""


class ContentSpec(msgspec.Struct, rename="camel"):
    """What a content stands for."""

    volume_snapshot_ref: SnapshotRef = msgspec.field(default_factory=SnapshotRef)
    deletion_policy: str = ""
    driver: str = ""
    source: ContentSource = msgspec.field(default_factory=ContentSource)
    volume_snapshot_class_name: str | None = None
    source_volume_mode: str | None = None


class ContentStatus(msgspec.Struct, rename="camel"):
    """What the driver says of it."""

    snapshot_handle: str | None = None
    creation_time: int | None = None
    restore_size: int | None = None
    ready_to_use: Any = None
    error: Said | None = None


class Content(Named):
    """A VolumeSnapshotContent."""

    spec: ContentSpec = msgspec.field(default_factory=ContentSpec)
    status: ContentStatus | None = None

    @property
    def handle(self) -> str:
        """The name of the snapshot in the storage system."""
        told = self.status.snapshot_handle if self.status else None
        return told or self.spec.source.snapshot_handle or ""

    @property
    def taken(self) -> datetime | None:
        """The moment that it holds; here in nanoseconds."""
        nanoseconds = self.status.creation_time if self.status else None
        if not nanoseconds:
            return None
        seconds, rest = divmod(nanoseconds, 10**9)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)


class SnapshotClass(Named, rename="camel"):
    """A VolumeSnapshotClass, or one for groups."""

    driver: str = ""
    deletion_policy: str = ""


class GroupStatus(msgspec.Struct, rename="camel"):
    """How far a group is."""

    bound_volume_group_snapshot_content_name: str | None = None
    creation_time: datetime | None = None
    ready_to_use: Any = None
    error: Said | None = None


class GroupSnapshot(Named):
    """A VolumeGroupSnapshot."""

    status: GroupStatus | None = None

    @property
    def content(self) -> str:
        """The content that it is bound to."""
        return (self.status.bound_volume_group_snapshot_content_name if self.status else "") or ""

    @property
    def said(self) -> str:
        """What the controllers last complained of."""
        error = self.status.error if self.status else None
        return (error.message or "") if error else ""


class Requests(msgspec.Struct):
    """How much a claim asks for."""

    requests: dict[str, str] | None = None


class ClaimSpec(msgspec.Struct, rename="camel"):
    """What a claim asks for, and the volume that it got."""

    access_modes: list[str] | None = None
    storage_class_name: str | None = None
    volume_mode: str | None = None
    volume_name: str = ""
    resources: Requests = msgspec.field(default_factory=Requests)


class ClaimStatus(msgspec.Struct):
    """Whether it has its volume."""

    phase: str = ""
    capacity: dict[str, str] | None = None


class Claim(Named):
    """A PersistentVolumeClaim."""

    spec: ClaimSpec = msgspec.field(default_factory=ClaimSpec)
    status: ClaimStatus = msgspec.field(default_factory=ClaimStatus)

    @property
    def bound(self) -> bool:
        """Whether it has its volume."""
        return self.status.phase == "Bound" and bool(self.spec.volume_name)

    @property
    def requested(self) -> int:
        """How many bytes it asks for."""
        return bytes_of((self.spec.resources.requests or {}).get("storage", "0"))


class Volume(Named):
    """A PersistentVolume. What it consists of differs by kind."""

    spec: dict[str, Any] = {}

    @property
    def driver(self) -> str:
        """The CSI driver, or nothing where it is no CSI volume."""
        csi = self.spec.get("csi")
        return str(csi.get("driver", "")) if isinstance(csi, Mapping) else ""

    @property
    def reclaim(self) -> str:
        """What becomes of it when its claim goes."""
        return str(self.spec.get("persistentVolumeReclaimPolicy", ""))


class Container(msgspec.Struct):
    """A container of a pod."""

    name: str = ""


class ClaimUse(msgspec.Struct, rename="camel"):
    """Which claim a pod uses."""

    claim_name: str = ""


class PodVolume(msgspec.Struct, rename="camel"):
    """What a pod mounts."""

    persistent_volume_claim: ClaimUse | None = None


class PodSpec(msgspec.Struct):
    """What a pod consists of."""

    containers: list[Container] = []
    volumes: list[PodVolume] | None = None


class ContainerStatus(msgspec.Struct):
    """Which instance of a container runs."""

    container_id: str = msgspec.field(default="", name="containerID")


class PodStatus(msgspec.Struct, rename="camel"):
    """Whether it runs."""

    phase: str = ""
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None


class Pod(Named):
    """A pod."""

    spec: PodSpec = msgspec.field(default_factory=PodSpec)
    status: PodStatus = msgspec.field(default_factory=PodStatus)

    @property
    def runs(self) -> bool:
        """Whether commands can be run in it."""
        return self.status.phase == "Running" and self.metadata.deletion_timestamp is None

    @property
    def leaves(self) -> bool:
        """Whether it still runs, and is being stopped."""
        return self.status.phase == "Running" and self.metadata.deletion_timestamp is not None

    @property
    def place(self) -> str:
        """Where it is: ``namespace/name``."""
        return f"{self.metadata.namespace}/{self.name}"

    @property
    def instances(self) -> tuple[str, ...]:
        """Which instances of its containers run: others after a restart of one of them."""
        status = self.status
        found = (*(status.container_statuses or ()), *(status.init_container_statuses or ()))
        return tuple(sorted(each.container_id for each in found))

    @property
    def first_container(self) -> str:
        """The container that is meant where none is named."""
        return self.spec.containers[0].name if self.spec.containers else ""

    @property
    def claims(self) -> frozenset[str]:
        """The claims that it uses."""
        used = (volume.persistent_volume_claim for volume in self.spec.volumes or ())
        return frozenset(claim.claim_name for claim in used if claim)


class StorageClass(Named, rename="camel"):
    """A storage class: who makes its volumes, and when."""

    provisioner: str = ""
    volume_binding_mode: str = "Immediate"

    @property
    def waits(self) -> bool:
        """Whether a claim is bound only when a pod uses it."""
        return self.volume_binding_mode == "WaitForFirstConsumer"


class Event(Named, rename="camel"):
    """What a controller has to say about an object."""

    involved_object: Metadata = msgspec.field(default_factory=Metadata)
    reason: str = ""
    message: str = ""
    type: str = ""
