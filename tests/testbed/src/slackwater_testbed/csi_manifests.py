"""The classes of the testbed's driver."""

from __future__ import annotations

import yaml

from slackwater_testbed.csi_driver import NAME

CLASS = "directory"


def classes() -> str:
    """Return the driver's object and its default classes for volumes, snapshots and groups."""
    return yaml.safe_dump_all([_driver(), _storage_class(), _snapshot_class(), _group_class()])


def _driver() -> dict[str, object]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSIDriver",
        "metadata": {"name": NAME},
        "spec": {"attachRequired": False, "fsGroupPolicy": "File"},
    }


def _storage_class() -> dict[str, object]:
    """Claims are bound at once: there is no pod to wait for."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": NAME,
        "volumeBindingMode": "Immediate",
        "reclaimPolicy": "Delete",
    }


def _snapshot_class() -> dict[str, object]:
    return {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshotClass",
        "metadata": {
            "name": CLASS,
            "annotations": {"snapshot.storage.kubernetes.io/is-default-class": "true"},
        },
        "driver": NAME,
        "deletionPolicy": "Delete",
    }


def _group_class() -> dict[str, object]:
    return {
        "apiVersion": "groupsnapshot.storage.k8s.io/v1",
        "kind": "VolumeGroupSnapshotClass",
        "metadata": {
            "name": CLASS,
            "annotations": {"groupsnapshot.storage.kubernetes.io/is-default-class": "true"},
        },
        "driver": NAME,
        "deletionPolicy": "Delete",
    }
