"""What only a control plane holds all of: a kind of its own, its objects, and who may do what."""

from __future__ import annotations

import time

from slackwater.clusters import Cluster, Resource
from slackwater.demo.things import (
    CONFIG_MAPS,
    NAMESPACES,
    Object,
    create,
    named,
    written_by_people,
)
from slackwater.errors import ClusterError, ObjectNotFound

NAMESPACE = "harbour"
TIDES = Resource("demo.slackwater.dev", "v1", "tides")
DEFINITIONS = Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", namespaced=False)
ROLES = Resource("rbac.authorization.k8s.io", "v1", "clusterroles", namespaced=False)
_ROLE = "harbour-master"
_KIND = f"{TIDES.plural}.{TIDES.group}"
_TIDES = 12
_SECONDS = 30


def build_harbour(cluster: Cluster) -> None:
    """Put a kind, a namespace with objects of it, and a role into a cluster."""
    create(cluster, DEFINITIONS.path(), _definition())
    create(cluster, NAMESPACES.path(), named("v1", "Namespace", NAMESPACE))
    create(cluster, ROLES.path(), _role())
    _wait_until_served(cluster)
    for number in range(_TIDES):
        tide = named("demo.slackwater.dev/v1", "Tide", f"tide-{number:02}")
        create(cluster, TIDES.path(NAMESPACE), {**tide, "spec": {"height": f"{number} dm"}})


def wreck_harbour(cluster: Cluster) -> None:
    """Do what the wrong script does: the kind gone with all its objects, and anybody let in."""
    everything = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    cluster.patch(ROLES.path(name=_ROLE), {"rules": everything})
    cluster.delete(DEFINITIONS.path(name=_KIND))
    cluster.delete(NAMESPACES.path(name=NAMESPACE))
    create(cluster, CONFIG_MAPS.path("default"), named("v1", "ConfigMap", "left-by-the-script"))


def look_at_harbour(cluster: Cluster) -> dict[str, Object | None]:
    """Return what stands there, each object asked for by its name; None for what does not."""
    tides = [TIDES.path(NAMESPACE, f"tide-{number:02}") for number in range(_TIDES)]
    alone = [NAMESPACES.path(name=NAMESPACE), ROLES.path(name=_ROLE)]
    stray = CONFIG_MAPS.path("default", "left-by-the-script")
    kind = DEFINITIONS.path(name=_KIND)
    return {path: _seen(cluster, path) for path in (kind, *alone, *tides, stray)}


def _seen(cluster: Cluster, path: str) -> Object | None:
    try:
        return written_by_people(cluster.get(path))
    except ObjectNotFound:
        return None


def _wait_until_served(cluster: Cluster) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        try:
            cluster.get(TIDES.path(NAMESPACE))
        except ClusterError:  # not there yet, or not ready yet
            time.sleep(0.1)
        else:
            return


def _role() -> Object:
    rules = [{"apiGroups": [TIDES.group], "resources": [TIDES.plural], "verbs": ["get", "list"]}]
    return {**named("rbac.authorization.k8s.io/v1", "ClusterRole", _ROLE), "rules": rules}


def _definition() -> Object:
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": anything}}
    version = {
        "name": TIDES.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
    }
    names = {"kind": "Tide", "plural": TIDES.plural, "singular": "tide"}
    spec = {"group": TIDES.group, "scope": "Namespaced", "names": names, "versions": [version]}
    return {**named("apiextensions.k8s.io/v1", "CustomResourceDefinition", _KIND), "spec": spec}
