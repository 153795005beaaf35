"""The kinds of objects that are read and written, and how a new one begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slackwater.clusters import (
    NAMESPACES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    STORAGE_CLASSES,
    Resource,
)

GROUP = "snapshot.storage.k8s.io"
VERSION = "v1"
GROUPS_GROUP = "groupsnapshot.storage.k8s.io"
GROUPS_VERSIONS = ("v1", "v1beta2")
"""Those that are understood here, the best first. v1beta1 is deprecated, and older nodes apart."""

SNAPSHOTS = Resource(GROUP, VERSION, "volumesnapshots")
CONTENTS = Resource(GROUP, VERSION, "volumesnapshotcontents", namespaced=False)
CLASSES = Resource(GROUP, VERSION, "volumesnapshotclasses", namespaced=False)
CLAIMS = PERSISTENT_VOLUME_CLAIMS
VOLUMES = PERSISTENT_VOLUMES
STORAGE = STORAGE_CLASSES
SPACES = NAMESPACES
PODS = Resource("", "v1", "pods")
EXEC = Resource("", "v1", "pods/exec")
EVENTS = Resource("", "v1", "events")
DEPLOYMENTS = Resource("apps", "v1", "deployments")
STATEFUL_SETS = Resource("apps", "v1", "statefulsets")
SCALABLE = (DEPLOYMENTS, STATEFUL_SETS)

_KINDS = {
    SNAPSHOTS: "VolumeSnapshot",
    CONTENTS: "VolumeSnapshotContent",
    CLAIMS: "PersistentVolumeClaim",
    SPACES: "Namespace",
}


@dataclass(frozen=True)
class GroupKinds:
    """The kinds of group snapshots in one version of their API."""

    version: str

    @property
    def snapshots(self) -> Resource:
        """VolumeGroupSnapshots."""
        return Resource(GROUPS_GROUP, self.version, "volumegroupsnapshots")

    @property
    def contents(self) -> Resource:
        """VolumeGroupSnapshotContents."""
        return Resource(GROUPS_GROUP, self.version, "volumegroupsnapshotcontents", namespaced=False)

    @property
    def classes(self) -> Resource:
        """VolumeGroupSnapshotClasses."""
        return Resource(GROUPS_GROUP, self.version, "volumegroupsnapshotclasses", namespaced=False)


def kind_of(resource: Resource) -> str:
    """Return the kind of a resource that we write."""
    if resource.group == GROUPS_GROUP:
        return "VolumeGroupSnapshot"
    return _KINDS[resource]


def manifest(
    resource: Resource,
    name: str,
    namespace: str = "",
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    **content: object,
) -> dict[str, object]:
    """Return a new object; ``content`` is what stands beside metadata."""
    metadata: dict[str, object] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = dict(labels)
    if annotations:
        metadata["annotations"] = dict(annotations)
    version = f"{resource.group}/{resource.version}" if resource.group else resource.version
    return {"apiVersion": version, "kind": kind_of(resource), "metadata": metadata, **content}
