"""Which objects of a namespace are kept, and in which order they come back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slackwater.clusters import Object, Resource
from slackwater.errors import ObjectNotFound
from slackwater_csi.access import Here
from slackwater_csi.errors import csi_errors
from slackwater_csi.resources import CLAIMS, GROUP, GROUPS_GROUP

# Made by controllers for others, or about them: they come back by themselves, or mean nothing.
_NOT_KEPT = frozenset(
    (
        str(CLAIMS),
        "events",
        "events.events.k8s.io",
        "endpoints",
        "endpointslices.discovery.k8s.io",
        "leases.coordination.k8s.io",
        "controllerrevisions.apps",
        "pods.metrics.k8s.io",
    )
)
_SNAPSHOTS = (GROUP, GROUPS_GROUP)
"""Snapshots are not kept beside themselves: a restore must not take any."""
_GIVEN_TO_ALL = frozenset((("configmaps", "kube-root-ca.crt"), ("serviceaccounts", "default")))
_TOKEN = "kubernetes.io/service-account-token"  # noqa: S105  the type of a Secret
_FIRST = ("serviceaccounts", "secrets", "configmaps", "roles", "rolebindings", "services")
_LAST = ("ingresses", "horizontalpodautoscalers", "poddisruptionbudgets")


def kept_kinds(here: Here) -> Sequence[Resource]:
    """Return every kind that may be kept, in the order in which they come back."""
    with csi_errors(here.name, "look up kinds"):
        groups = here.cluster.get("/apis").get("groups") or ()
        versions = ["v1", *(g["preferredVersion"]["groupVersion"] for g in groups)]
        found = [kind for version in versions for kind in _served(here, version)]
    return sorted(found, key=_rank)


def is_kept(kind: Resource, content: Object) -> bool:
    """Whether an object is somebody's own, and not made by a controller for another object."""
    metadata = content["metadata"]
    if (str(kind), metadata["name"]) in _GIVEN_TO_ALL or content.get("type") == _TOKEN:
        return False
    return not any(owner.get("controller") for owner in metadata.get("ownerReferences") or ())


def _served(here: Here, version: str) -> Iterator[Resource]:
    try:
        path = f"/apis/{version}" if "/" in version else f"/api/{version}"
        resources = here.cluster.get(path).get("resources") or ()
    except ObjectNotFound:
        return
    group, _, number = version.rpartition("/")
    for each in resources:
        if _is_wanted(group, each):
            yield Resource(group, number, each["name"])


def _is_wanted(group: str, served: Mapping[str, Any]) -> bool:
    name, verbs = served["name"], served.get("verbs") or ()
    if group in _SNAPSHOTS or "/" in name or not served["namespaced"]:
        return False
    return {"list", "create"} <= set(verbs) and str(Resource(group, "", name)) not in _NOT_KEPT


def _rank(kind: Resource) -> tuple[int, str]:
    """What others refer to comes first; what acts on others comes last."""
    if kind.plural in _FIRST:
        return _FIRST.index(kind.plural), ""
    late = kind.plural in _LAST
    return len(_FIRST) + late, str(kind)
