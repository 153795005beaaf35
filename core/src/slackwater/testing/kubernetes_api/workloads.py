"""Small workloads for emulated clusters, and what stands of them later."""

from __future__ import annotations

from slackwater.testing.kubernetes_api import ApiError, KubernetesApi
from slackwater.testing.kubernetes_api.disks import DATA


def contents(api: KubernetesApi, namespace: str) -> dict[str, object]:
    """What stands in a namespace, and the data of its volumes."""
    found: dict[str, object] = {}
    for kind in ("configmaps", "secrets", "deployments.apps"):
        for each in api.list(kind, namespace):
            rest = {k: v for k, v in each.items() if k not in ("metadata", "status")}
            found[f"{kind}/{each['metadata']['name']}"] = rest
    for claim in api.list("persistentvolumeclaims", namespace):
        try:
            volume = api.get("persistentvolumes", claim["spec"]["volumeName"])
        except (ApiError, KeyError):
            continue
        annotations = volume["metadata"].get("annotations") or {}
        found[f"data/{claim['metadata']['name']}"] = annotations.get(DATA)
    return found


def seed(api: KubernetesApi) -> None:
    """Three namespaces: a shop with a volume, a CRM without, and books with a hostPath volume."""
    for name in ("shop", "crm", "books"):
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    put(api, "v1", "ConfigMap", "shop", "prices", data={"tea": "3"})
    template = {"spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]}}
    put(api, "apps/v1", "Deployment", "shop", "web", spec={"replicas": 1, "template": template})
    put(api, "v1", "Secret", "crm", "mail", data={"user": "Y3Jt"})
    put(api, "v1", "ConfigMap", "books", "pages", data={"count": "12"})
    claim(api, "shop", "data", "orders", csi={"driver": "x", "volumeHandle": "1"})
    claim(api, "books", "ledger", "sums", csi={"driver": "x", "volumeHandle": "2"})
    claim(api, "books", "scratch", "notes", hostPath={"path": "/notes"})


def put(api: KubernetesApi, version: str, kind: str, space: str, name: str, **rest: object) -> None:
    """Create an object in a namespace."""
    metadata = {"name": name, "namespace": space}
    api.create({"apiVersion": version, "kind": kind, "metadata": metadata, **rest})


def claim(api: KubernetesApi, namespace: str, name: str, data: str, **source: object) -> None:
    """Put a claim and its volume, bound, with data on it; ``source`` is ``csi`` or ``hostPath``."""
    volume = f"pv-{namespace}-{name}"
    reference = {"namespace": namespace, "name": name}
    api.seed(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": volume, "annotations": {DATA: data}},
            "spec": {"storageClassName": "fast", "claimRef": reference, **source},
        }
    )
    api.seed(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"storageClassName": "fast", "volumeName": volume},
            "status": {"phase": "Bound"},
        }
    )
