"""Volumes with data, for emulated clusters. There are no disks here: text stands for data."""

from __future__ import annotations

from slackwater.testing.kubernetes_api.api import KubernetesApi
from slackwater.testing.kubernetes_api.status import ApiError, Object

DATA = "emulator.slackwater.dev/data"
"""Annotation on a PersistentVolume that stands for the data on it, for every emulator."""
CLASSES = "storageclasses.storage.k8s.io"
VOLUMES = "persistentvolumes"
CLAIMS = "persistentvolumeclaims"


def add_disks(api: KubernetesApi, name: str = "disks") -> None:
    """Put a storage class, unless there is one: a cluster has disks."""
    if not api.list(CLASSES):
        api.create(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": name},
                "provisioner": f"{name}.emulated.example",
            }
        )


def put_volume(api: KubernetesApi, namespace: str, claim: str, data: str) -> None:
    """Put a claim and its volume, bound, of the cluster's first storage class."""
    of_class = api.list(CLASSES)[0]
    name, size = f"pv-{namespace}-{claim}"[:253], {"storage": "1Gi"}
    common = {
        "storageClassName": of_class["metadata"]["name"],
        "accessModes": ["ReadWriteOnce"],
    }
    api.seed(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name, "annotations": {DATA: data}},
            "spec": {
                **common,
                "capacity": size,
                "persistentVolumeReclaimPolicy": "Delete",
                "claimRef": {"namespace": namespace, "name": claim},
                "csi": {"driver": of_class["provisioner"], "volumeHandle": name},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": claim, "namespace": namespace},
            "spec": {**common, "volumeName": name, "resources": {"requests": size}},
            "status": {"phase": "Bound", "capacity": size},
        },
    )


def write(api: KubernetesApi, namespace: str, claim: str, data: str) -> None:
    """Write other data on the volume of a claim, as its pods would."""
    found = api.get(CLAIMS, claim, namespace)
    api.patch(VOLUMES, found["spec"]["volumeName"], {"metadata": {"annotations": {DATA: data}}})


def data_on(api: KubernetesApi, namespace: str, claim: str) -> str | None:
    """Return the data on the volume of a claim; None where there is none."""
    try:
        found: Object = api.get(CLAIMS, claim, namespace)
        volume = api.get(VOLUMES, found["spec"].get("volumeName", ""))
    except ApiError:
        return None
    notes: dict[str, str] = volume["metadata"].get("annotations") or {}
    return notes.get(DATA)
