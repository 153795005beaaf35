"""Small workloads for emulated clusters, and what stands of them later."""

from __future__ import annotations

from slackwater.testing.kubernetes_api import ApiError, KubernetesApi
from slackwater.testing.kubernetes_api.disks import DATA
from slackwater_csi.emulator.installing import CLASS, STORAGE_CLASS
from slackwater_csi.emulator.world import DRIVER, Object

_COMPARED = ("configmaps", "secrets", "deployments.apps", "services")


def seed(api: KubernetesApi) -> None:
    """A shop with two volumes and pods, a CRM with one, and books with a hostPath volume."""
    for name in ("shop", "crm", "books"):
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    put(api, "v1", "ConfigMap", "shop", "prices", data={"tea": "3"})
    put(api, "v1", "Secret", "crm", "mail", data={"user": "Y3Jt"})
    put(api, "v1", "ConfigMap", "books", "pages", data={"count": "12"})
    deployment(api, "shop", "web", "data")
    claim(api, "shop", "data", "orders")
    claim(api, "shop", "media", "pictures")
    claim(api, "crm", "letters", "dear all")
    claim(api, "books", "ledger", "sums")
    claim(api, "books", "scratch", "notes", hostPath={"path": "/notes"})


def contents(api: KubernetesApi, namespace: str) -> Object:
    """What stands in a namespace, and the data of its volumes."""
    found: Object = {}
    for kind in _COMPARED:
        for each in api.list(kind, namespace):
            if each["metadata"]["name"] != "kube-root-ca.crt":
                rest = {k: v for k, v in each.items() if k not in ("metadata", "status")}
                found[f"{kind}/{each['metadata']['name']}"] = rest
    for each in api.list("persistentvolumeclaims", namespace):
        found[f"data/{each['metadata']['name']}"] = data_of(api, each)
    return found


def data_of(api: KubernetesApi, claim: Object) -> str | None:
    """Return the data on the volume of a claim; None where it has none."""
    try:
        volume = api.get("persistentvolumes", claim["spec"].get("volumeName", ""))
    except (ApiError, KeyError):
        return None
    return str((volume["metadata"].get("annotations") or {}).get(DATA))


def write(api: KubernetesApi, namespace: str, name: str, data: str) -> None:
    """Write other data on the volume of a claim, as its pods would."""
    found = api.get("persistentvolumeclaims", name, namespace)
    change = {"metadata": {"annotations": {DATA: data}}}
    api.patch("persistentvolumes", found["spec"]["volumeName"], change)


def put(api: KubernetesApi, version: str, kind: str, space: str, name: str, **rest: object) -> None:
    """Create an object in a namespace."""
    metadata = {"name": name, "namespace": space}
    api.create({"apiVersion": version, "kind": kind, "metadata": metadata, **rest})


def deployment(api: KubernetesApi, space: str, name: str, *claims: str, replicas: int = 1) -> None:
    """Create a Deployment whose pods use claims."""
    volumes = [{"name": c, "persistentVolumeClaim": {"claimName": c}} for c in claims]
    containers = [{"name": name, "image": "registry.example/web:1"}]
    template = {"spec": {"containers": containers, "volumes": volumes}}
    spec = {"replicas": replicas, "template": template}
    put(api, "apps/v1", "Deployment", space, name, spec=spec)


def snapshot(api: KubernetesApi, space: str, name: str, claim: str) -> None:
    """Ask for a snapshot, as somebody does with kubectl."""
    source = {"persistentVolumeClaimName": claim}
    spec = {"volumeSnapshotClassName": CLASS, "source": source}
    put(api, "snapshot.storage.k8s.io/v1", "VolumeSnapshot", space, name, spec=spec)


def claim(
    api: KubernetesApi,
    namespace: str,
    name: str,
    data: str,
    *,
    storage_class: str = STORAGE_CLASS,
    driver: str = DRIVER,
    mode: str = "Filesystem",
    **source: object,
) -> None:
    """Put a claim and its volume, bound, with data on it; ``source`` where it is no CSI volume."""
    volume = f"pv-{namespace}-{name}"[:253]
    reference = {"namespace": namespace, "name": name}
    behind = source or {"csi": {"driver": driver, "volumeHandle": f"vol-{namespace}-{name}"}}
    size = {"storage": "1Gi"}
    api.seed(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": volume, "annotations": {DATA: data}},
            "spec": {
                "storageClassName": storage_class,
                "volumeMode": mode,
                "persistentVolumeReclaimPolicy": "Delete",
                "claimRef": reference,
                **behind,
            },
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "storageClassName": storage_class,
                "accessModes": ["ReadWriteOnce"],
                "volumeMode": mode,
                "volumeName": volume,
                "resources": {"requests": size},
            },
            "status": {"phase": "Bound", "capacity": size},
        },
    )
