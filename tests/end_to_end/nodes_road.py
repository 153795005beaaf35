"""The road where pods run: clusters with nodes, and Velero moving the data of volumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .road import VELERO, Object, Road


@dataclass
class NodesRoad(Road):
    """What a test with volumes goes by. ``velero`` are settings of its backend."""

    velero: Mapping[str, object] = field(default_factory=dict)

    def backends(self, cluster: str) -> Object:
        """Return what the fleet file says of a cluster's tools."""
        return {"velero": {"namespace": VELERO, "volumes": "fs-backup", **self.velero}}
