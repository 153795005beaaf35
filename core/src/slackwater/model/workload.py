"""What is protected: workloads, and the scope that a recovery point claims over them."""

from __future__ import annotations

from enum import StrEnum
from fnmatch import fnmatchcase

from slackwater.model.frozen import Frozen


class WorkloadKind(StrEnum):
    """The five kinds of things a policy can protect."""

    CONTROL_PLANE = "control-plane"
    CLUSTER_OBJECTS = "cluster-objects"
    NAMESPACE = "namespace"
    VOLUME = "volume"
    IMAGES = "images"


class Workload(Frozen):
    """One protected thing in one cluster.

    ``namespace`` is set for namespaces, volumes and images of a namespace; ``name`` is the claim
    of a volume (the name of its PersistentVolumeClaim).
    """

    cluster: str
    kind: WorkloadKind = WorkloadKind.NAMESPACE
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        """Readable and unique: ``eu/shop``, ``eu/shop/data``, ``eu (control-plane)``."""
        path = "/".join(part for part in (self.cluster, self.namespace, self.name) if part)
        named = self.kind in (WorkloadKind.NAMESPACE, WorkloadKind.VOLUME)
        return path if named else f"{path} ({self.kind})"


class Scope(Frozen):
    """What a recovery point claims to cover, before anyone has looked inside.

    ``namespaces`` and ``excluded`` are names or globs, as tools write them (``*`` for all).
    ``limits`` says in words why not everything within the scope is in (a label selector, a
    filter of kinds); a limited scope never counts as covering a workload.
    """

    control_plane: bool = False
    cluster_objects: bool = False
    namespaces: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    volumes: tuple[tuple[str, str], ...] = ()
    limits: str = ""

    def touches(self, workload: Workload) -> bool:
        """Whether at least a part of the workload is claimed, to be restored by itself.

        A control plane holds all objects of its cluster, but they come back only with the whole.
        """
        match workload.kind:
            case WorkloadKind.NAMESPACE:
                return self._has_namespace(workload.namespace)
            case WorkloadKind.VOLUME:
                listed = (workload.namespace, workload.name) in self.volumes
                return listed or self._has_namespace(workload.namespace)
            case WorkloadKind.CONTROL_PLANE:
                return self.control_plane
            case WorkloadKind.CLUSTER_OBJECTS:
                return self.cluster_objects
            case WorkloadKind.IMAGES:
                return False

    def covers(self, workload: Workload) -> bool:
        """Whether the whole workload is claimed."""
        return not self.limits and self.touches(workload)

    def _has_namespace(self, namespace: str) -> bool:
        return _matches(namespace, self.namespaces) and not _matches(namespace, self.excluded)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return name in patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
