"""What a backend can do in one cluster, as data."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from slackwater.model.frozen import Frozen


class Capability(StrEnum):
    """Optional powers of a backend. Each has a promise in the conformance kit."""

    OBJECTS = "objects"
    """Backs up the objects of a namespace."""
    VOLUMES = "volumes"
    """Backs up volume data."""
    OFF_CLUSTER = "off-cluster"
    """Keeps the data outside the cluster and its storage systems."""
    CONTROL_PLANE = "control-plane"
    """Backs up a control plane as a whole."""
    CLUSTER_OBJECTS = "cluster-objects"
    """Backs up cluster-scoped objects."""
    RESTORE_ELSEWHERE = "restore-elsewhere"
    """Restores into another cluster than the origin."""
    BY_IMPORT = "by-import"
    """Shows no cluster what another has made: points come there as copies, by export and import."""
    MAP_NAMESPACES = "map-namespaces"
    MAP_STORAGE_CLASSES = "map-storage-classes"
    MAP_IMAGES = "map-images"
    MAP_CLAIMS = "map-claims"
    """Brings a volume back under another claim's name."""
    UPDATE_EXISTING = "update-existing"
    """Restores over objects that exist, by changing them."""
    CANCEL = "cancel"
    """An operation that the tool has begun can be stopped."""
    CANCEL_WAITING = "cancel-waiting"
    """An operation that the tool has not begun yet can be taken back."""
    DELETE = "delete"
    """A recovery point can be deleted."""


class Level(StrEnum):
    """``unknown`` is an answer: nobody could find out. It never counts as supported."""

    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"


class Support(Frozen):
    """A level, and the reason where it is not plain."""

    level: Level
    reason: str = ""


class Description(Frozen):
    """A tool in one cluster.

    ``available`` False with a ``reason`` is a proper answer (a managed control plane has no
    backend for its etcd). ``tested`` tells whether the plugin was developed on this version.
    ``limits`` tells how many acts of each sort the tool takes at once, by the name that
    ``Act.limit`` uses; a sort that is not named has no limit. ``homes`` are the namespaces in which
    the tool itself lives: what stands there is the tool's own affair, and no gap in the coverage.
    """

    tool: str
    available: bool = True
    reason: str = ""
    version: str = ""
    tested: bool = True
    capabilities: Mapping[Capability, Support] = Field(default_factory=dict)
    limits: Mapping[str, int] = Field(default_factory=dict)
    homes: tuple[str, ...] = ()

    def can(self, capability: Capability) -> bool:
        """Whether the capability is known to be supported here."""
        support = self.capabilities.get(capability)
        return self.available and support is not None and support.level is Level.SUPPORTED
