"""A namespace as people write one: an application, its rights, its own kind of object, a volume."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from .road import Object, manifests, thing

if TYPE_CHECKING:
    from slackwater_testbed.cluster import Cluster

KINDS = (
    "configmaps,secrets,deployments,services,serviceaccounts,roles,rolebindings,"
    "persistentvolumeclaims,tides.harbour.example.org"
)
_BY_SERVERS = ("kube-root-ca.crt", "default")
_LABELS_BY_SERVERS = re.compile(r"velero\.io/|pv\.kubernetes\.io/|deployment\.kubernetes\.io/")
_FIELDS_BY_SERVERS = {
    "Service": ("clusterIP", "clusterIPs"),
    "PersistentVolumeClaim": ("volumeName",),
}


def definition() -> Object:
    """Return a CRD, for a kind that no server knows by itself."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": anything}}
    return thing(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "tides.harbour.example.org",
        spec={
            "group": "harbour.example.org",
            "scope": "Namespaced",
            "names": {"kind": "Tide", "plural": "tides", "singular": "tide"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    )


def furnish(cluster: Cluster, namespace: str, *, volume: bool = True) -> None:
    """Put one of everything into a namespace; a volume is what backup tools pass over."""
    cluster.apply(manifests(definition()))
    cluster.wait_for("crd", "tides.harbour.example.org", _established)
    # Velero learns of new kinds when it starts, and then every five minutes.
    cluster.velero.kill()
    cluster.velero.start()
    things = [*_application(namespace), *_rights(namespace), *_tides(namespace)]
    cluster.apply(manifests(*things))
    if volume:
        cluster.apply(manifests(*hand_made_volume(namespace)))
        cluster.wait_for("pvc", "books", _bound, namespace=namespace)


def _established(found: Object) -> bool:
    conditions = found.get("status", {}).get("conditions", ())
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


def _bound(found: Object) -> bool:
    return bool(found["status"]["phase"] == "Bound")


def _application(namespace: str) -> list[Object]:
    labels = {"app": "web"}
    container = {"name": "web", "image": "registry.example.org/web:1.0"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return [
        thing(
            "v1",
            "ConfigMap",
            "settings",
            namespace,
            data={"greeting": "ahoy", "height": "3 m, auf höhe"},
        ),
        thing("v1", "Secret", "login", namespace, stringData={"token": "slack water"}),
        thing("v1", "ServiceAccount", "clerk", namespace),
        thing(
            "apps/v1",
            "Deployment",
            "web",
            namespace,
            spec={"replicas": 2, "selector": {"matchLabels": labels}, "template": pod},
        ),
        thing(
            "v1",
            "Service",
            "web",
            namespace,
            spec={"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
        ),
    ]


def _rights(namespace: str) -> list[Object]:
    group = "rbac.authorization.k8s.io"
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}
    subject = {"kind": "ServiceAccount", "name": "clerk", "namespace": namespace}
    role = {"apiGroup": group, "kind": "Role", "name": "reader"}
    return [
        thing(f"{group}/v1", "Role", "reader", namespace, rules=[rule]),
        thing(f"{group}/v1", "RoleBinding", "reader", namespace, roleRef=role, subjects=[subject]),
    ]


def _tides(namespace: str) -> list[Object]:
    heights = {"high": {"metres": 4.2}, "low": {"metres": 0.3}}
    return [
        thing("harbour.example.org/v1", "Tide", name, namespace, spec=spec)
        for name, spec in heights.items()
    ]


def hand_made_volume(namespace: str) -> list[Object]:
    """A claim bound to a volume on a node's own disk, which backup tools pass over."""
    size, modes = {"storage": "1Gi"}, ["ReadWriteOnce"]
    common = {"accessModes": modes, "storageClassName": "manual"}
    disk = {
        **common,
        "capacity": size,
        "hostPath": {"path": "/srv/books"},
        "claimRef": {"namespace": namespace, "name": "books"},
    }
    claim = {**common, "resources": {"requests": size}, "volumeName": f"{namespace}-books"}
    return [
        thing("v1", "PersistentVolume", f"{namespace}-books", spec=disk),
        thing("v1", "PersistentVolumeClaim", "books", namespace, spec=claim),
    ]


def belongings(cluster: Cluster, namespace: str) -> dict[str, Object]:
    """Return what people wrote into a namespace, without what servers add; ``@`` is its name."""
    listed = json.loads(cluster.kubectl("get", KINDS, "-n", namespace, "-o", "json"))
    found = (each for each in listed["items"] if each["metadata"]["name"] not in _BY_SERVERS)
    return {
        f"{each['kind']}/{each['metadata']['name']}": _written(each, namespace) for each in found
    }


def _written(found: Object, namespace: str) -> Object:
    kept = {key: value for key, value in found.items() if key not in ("metadata", "status")}
    for name in _FIELDS_BY_SERVERS.get(found["kind"], ()):
        kept["spec"].pop(name, None)
    metadata = found["metadata"]
    for part in ("labels", "annotations"):
        own = {k: v for k, v in (metadata.get(part) or {}).items() if not _by_servers(k)}
        kept[part] = own
    return _unnamed(kept, namespace)


def _by_servers(key: str) -> bool:
    return bool(_LABELS_BY_SERVERS.search(key))


def _unnamed(value: Any, namespace: str) -> Any:
    """Take the namespace's own name out: references to itself follow it to its new name."""
    return json.loads(json.dumps(value).replace(f'"{namespace}"', '"@"'))
