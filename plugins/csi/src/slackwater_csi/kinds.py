"""Which objects of a namespace are kept, and in which order they come back."""

from __future__ import annotations

from collections.abc import Sequence

from slackwater.clusters import Object, Resource, ServedKind, served_kinds
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
        found = [each.resource for each in served_kinds(here.cluster) if _is_wanted(each)]
    return sorted(found, key=_rank)


def is_kept(kind: Resource, content: Object) -> bool:
    """Whether an object is somebody's own, and not made by a controller for another object."""
    metadata = content["metadata"]
    if (str(kind), metadata["name"]) in _GIVEN_TO_ALL or content.get("type") == _TOKEN:
        return False
    return not any(owner.get("controller") for owner in metadata.get("ownerReferences") or ())


def _is_wanted(served: ServedKind) -> bool:
    kind = served.resource
    if kind.group in _SNAPSHOTS or not kind.namespaced:
        return False
    return {"list", "create"} <= served.verbs and str(kind) not in _NOT_KEPT


def _rank(kind: Resource) -> tuple[int, str]:
    """What others refer to comes first; what acts on others comes last."""
    if kind.plural in _FIRST:
        return _FIRST.index(kind.plural), ""
    late = kind.plural in _LAST
    return len(_FIRST) + late, str(kind)
