"""Data of volumes on its way, as we read it: Velero's objects, and the pods that wait for it.

Field by field from the CRDs of 1.18, as in ``objects``.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from slackwater_velero.objects import Metadata, Read


class Write(Read):
    """The last write of one writer, as the API server keeps it."""

    time: datetime | None = None


class MovementMetadata(Metadata):
    """With the times at which anybody wrote."""

    managed_fields: list[Write] | None = None


class VolumePlace(Read):
    """A pod, or a claim that data goes to."""

    namespace: str = ""
    name: str = ""
    pvc: str = ""


class MovementSpec(Read):
    """Which volume: one that a pod has mounted, or a claim."""

    pod: VolumePlace | None = None
    volume: str = ""
    source_namespace: str = ""
    source_pvc: str = msgspec.field(default="", name="sourcePVC")
    target_volume: VolumePlace | None = None


class MovementStatus(Read):
    """How far the movement of one volume is. ``accepted``: a pod is made for it, from 1.17 on."""

    phase: str = ""
    message: str = ""
    accepted_timestamp: datetime | None = None
    start_timestamp: datetime | None = None


class Movement(Read):
    """Data of one volume on its way into the store or back.

    A ``PodVolumeBackup``, ``PodVolumeRestore``, ``DataUpload`` or ``DataDownload``.
    """

    metadata: MovementMetadata
    spec: MovementSpec = msgspec.field(default_factory=MovementSpec)
    status: MovementStatus | None = None

    @property
    def state(self) -> MovementStatus:
        """The status; an empty one before a node agent has seen it."""
        return self.status or MovementStatus()

    @property
    def last_write(self) -> datetime | None:
        """When anybody last wrote to it: how far it is, is written again and again."""
        times = [each.time for each in self.metadata.managed_fields or () if each.time]
        return max(times, default=self.state.start_timestamp)

    @property
    def volume(self) -> str:
        """Which volume, for people."""
        spec = self.spec
        if spec.pod is not None:
            return f"volume {spec.volume} of pod {spec.pod.namespace}/{spec.pod.name}"
        if spec.target_volume is not None:
            return f"claim {spec.target_volume.namespace}/{spec.target_volume.pvc}"
        return f"claim {spec.source_namespace}/{spec.source_pvc}"


class ContainerState(Read):
    """Whether a container has ended."""

    terminated: dict[str, object] | None = None


class ContainerStatus(Read):
    """How a container of a pod is."""

    name: str = ""
    state: ContainerState = msgspec.field(default_factory=ContainerState)


class PodStatus(Read):
    """How the containers are that prepare a pod."""

    init_container_statuses: list[ContainerStatus] | None = None


class PodSpec(Read):
    """The containers that prepare a pod, by name."""

    init_containers: list[VolumePlace] | None = None


class Pod(Read):
    """A pod, as far as the way of data into it goes."""

    metadata: Metadata
    spec: PodSpec = msgspec.field(default_factory=PodSpec)
    status: PodStatus | None = None

    def waits_in(self, container: str) -> bool:
        """Whether a container that prepares it is there and has not ended."""
        names = [each.name for each in self.spec.init_containers or ()]
        seen = (self.status and self.status.init_container_statuses) or ()
        ended = [each.name for each in seen if each.state.terminated]
        return container in names and container not in ended
