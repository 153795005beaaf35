"""What stands in the demo's clusters: small applications, and a volume that nobody sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slackwater.clusters import Cluster, Resource
from slackwater.errors import ObjectExists

Object = dict[str, Any]

NAMESPACES = Resource("", "v1", "namespaces", namespaced=False)
CONFIG_MAPS = Resource("", "v1", "configmaps")
SECRETS = Resource("", "v1", "secrets")
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts")
DEPLOYMENTS = Resource("apps", "v1", "deployments")
CLAIMS = Resource("", "v1", "persistentvolumeclaims")
VOLUMES = Resource("", "v1", "persistentvolumes", namespaced=False)
KINDS = (CONFIG_MAPS, SECRETS, SERVICE_ACCOUNTS, DEPLOYMENTS)
"""The kinds whose objects are compared in the end."""


def make_namespace(cluster: Cluster, namespace: str, tier: str) -> None:
    """Put an empty namespace. Repeatable."""
    create(cluster, NAMESPACES.path(), named("v1", "Namespace", namespace, tier=tier))


def furnish(cluster: Cluster, namespace: str, tier: str, *, orders: int, claim: str = "") -> None:
    """Put a small application into a namespace; ``claim`` is what its pods use. Repeatable."""
    make_namespace(cluster, namespace, tier)
    for resource, thing in _things(namespace, orders, claim):
        create(cluster, resource.path(namespace), thing)


def add_forgotten_volume(cluster: Cluster, namespace: str, claim_name: str = "books") -> None:
    """Add a volume on a node's own disk: the kind that backup tools pass over."""
    size = {"storage": "10Gi"}
    modes = ["ReadWriteOnce"]
    volume = named("v1", "PersistentVolume", f"{namespace}-{claim_name}")
    volume["spec"] = {
        "capacity": size,
        "accessModes": modes,
        "storageClassName": "manual",
        "hostPath": {"path": f"/srv/{claim_name}"},
        "claimRef": {"namespace": namespace, "name": claim_name},
    }
    claim = named("v1", "PersistentVolumeClaim", claim_name)
    claim["spec"] = {
        "accessModes": modes,
        "resources": {"requests": size},
        "storageClassName": "manual",
        "volumeName": f"{namespace}-{claim_name}",
    }
    create(cluster, VOLUMES.path(), volume)
    create(cluster, CLAIMS.path(namespace), claim)


def spoil(cluster: Cluster, namespace: str) -> None:
    """Do what a bad migration does: wrong prices, and the orders gone."""
    wrong = {"data": {"prices": "everything is free", "migrated": "yes"}}
    cluster.patch(CONFIG_MAPS.path(namespace, "settings"), wrong)
    for found in list(cluster.list(CONFIG_MAPS.path(namespace))):
        name = found["metadata"]["name"]
        if name.startswith("order-"):
            cluster.delete(CONFIG_MAPS.path(namespace, name))


def photograph(cluster: Cluster, namespace: str) -> dict[str, Object]:
    """Return everything compared in the end: what people wrote, without what servers add."""
    taken: dict[str, Object] = {}
    for kind in KINDS:
        for found in cluster.list(kind.path(namespace)):
            name = found["metadata"]["name"]
            if name not in ("kube-root-ca.crt", "default"):
                taken[f"{kind}/{name}"] = written_by_people(found)
    return taken


def written_by_people(found: Object) -> Object:
    """Return what people wrote of an object, without what servers add."""
    metadata = found["metadata"]
    labels: Mapping[str, str] = metadata.get("labels") or {}
    own = {key: value for key, value in labels.items() if key.startswith("demo.")}
    content = {k: v for k, v in found.items() if k not in ("metadata", "status")}
    return {"labels": own, **content}


def _things(namespace: str, orders: int, claim: str) -> Iterator[tuple[Resource, Object]]:
    settings = named("v1", "ConfigMap", "settings")
    settings["data"] = {"prices": "as agreed", "greeting": f"welcome to {namespace}"}
    yield CONFIG_MAPS, settings
    login = named("v1", "Secret", "login")
    login["data"] = {"token": "c2xhY2sgd2F0ZXI="}
    yield SECRETS, login
    yield SERVICE_ACCOUNTS, named("v1", "ServiceAccount", "clerk")
    yield DEPLOYMENTS, _deployment(namespace, claim)
    for number in range(orders):
        order = named("v1", "ConfigMap", f"order-{number:03}")
        order["data"] = {"customer": f"c{number % 7}", "sum": str(number * 13 % 101)}
        yield CONFIG_MAPS, order


def _deployment(namespace: str, claim: str) -> Object:
    thing = named("apps/v1", "Deployment", "web")
    labels = {"app": "web"}
    container = {"name": "web", "image": f"registry.example.org/{namespace}:1.0"}
    pod: Object = {"containers": [container]}
    if claim:
        pod["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
    thing["spec"] = {
        "replicas": 1 if claim else 0,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    return thing


def named(version: str, kind: str, name: str, **labels: str) -> Object:
    """Return an object of the demo's, with nothing in it yet."""
    own = {"demo.slackwater.dev/story": "tide", **labels}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": own}}


def create(cluster: Cluster, path: str, thing: Object) -> None:
    """Create an object, unless one of its name is there."""
    try:
        cluster.create(path, thing)
    except ObjectExists:
        return
