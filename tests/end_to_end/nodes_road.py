"""Roads where pods run: clusters with nodes; Velero moves the data of volumes, or CSI keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slackwater.testing.fleet_stores import folder_entry

from .road import VELERO, Object, Road

STORE = "vault"


@dataclass
class NodesRoad(Road):
    """What a test with volumes goes by. ``velero`` are settings of its backend."""

    velero: Mapping[str, object] = field(default_factory=dict)

    def backends(self, cluster: str) -> Object:
        """Return what the fleet file says of a cluster's tools."""
        return {"velero": {"namespace": VELERO, "volumes": "fs-backup", **self.velero}}


@dataclass
class SnapshotsRoad(Road):
    """What a test goes by whose volumes are snapshotted. ``csi`` are settings of its backend."""

    csi: Mapping[str, object] = field(default_factory=dict)

    def backends(self, cluster: str) -> Object:
        """Return what the fleet file says of a cluster's tools."""
        return {"csi": {"store": STORE, "objects": True, **self.csi}}

    def stores(self) -> Object:
        """Return what the fleet file says of stores: one, in a folder of the test."""
        return {STORE: folder_entry(self.folder / STORE)}
