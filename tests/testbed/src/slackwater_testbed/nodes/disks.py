"""Disks of a node: volumes of a class that neither provisions nor snapshots any."""

from __future__ import annotations

from pathlib import Path

import yaml

from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.nodes.machine import NamespacedMachine

CLASS = "disks"
_FOLDER = Path("/var/lib/testbed-disks")


def add_disk(cluster: ControlPlane, machine: NamespacedMachine, name: str) -> None:
    """Give the node of a cluster one more disk; a claim of the class `disks` may have it."""
    place = _FOLDER / name
    machine.run("/bin/mkdir", "-p", str(place))
    cluster.apply(yaml.safe_dump_all([_class(), _volume(name, place, cluster.name)]))


def _class() -> dict[str, object]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": CLASS},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def _volume(name: str, place: Path, node: str) -> dict[str, object]:
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": CLASS,
            "local": {"path": str(place)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }
