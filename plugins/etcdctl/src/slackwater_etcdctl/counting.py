"""How many objects of each kind there are in an etcd, as its API server tells it.

At a snapshot's own revision that is what the snapshot holds: an API server reads a list at an exact
resource version from etcd, and says how many objects follow the first one (Kubernetes' API
concepts, "resource versions" and "retrieving large results sets in chunks"; etcd counts keys
without reading them). So a backup learns it in one small request for each kind.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from slackwater.clusters import Cluster, Resource, kinds_of, preferred_versions
from slackwater.errors import ClusterError, ListExpired

_GROWN_BY_ITSELF = frozenset(
    (
        "events",
        "events.events.k8s.io",
        "leases.coordination.k8s.io",
        "endpoints",
        "endpointslices.discovery.k8s.io",
    )
)
"""Written every few seconds by the cluster itself; nobody misses them."""
_SECONDS = 20.0
"""How long objects are counted at a backup; what was not come to is not known later."""


def held_at(cluster: Cluster, revision: int, *, seconds: float = _SECONDS) -> Mapping[str, int]:
    """Count the objects of each kind at a revision; those that could not be counted are left out.

    Empty where the API server is silent, or the revision has been compacted meanwhile.
    """
    held: dict[str, int] = {}
    until = time.monotonic() + seconds
    try:
        for kind in served(cluster):
            if time.monotonic() > until:
                break
            count = _count(cluster, kind, revision)
            if count is not None:
                held[str(kind)] = count
    except ClusterError:
        return held
    return held


def _count(cluster: Cluster, kind: Resource, revision: int) -> int | None:
    try:
        return cluster.count(kind.path(), version=str(revision))
    except ListExpired:
        raise
    except ClusterError as error:
        if not error.status:
            raise
        return None


def served(cluster: Cluster) -> Iterator[Resource]:
    """Yield every kind that lies in this etcd, in the version that its group prefers.

    Without what the cluster itself writes all the time. Raises ``ClusterError``.
    """
    elsewhere = _aggregated(cluster)
    for version in preferred_versions(cluster):
        for each in kinds_of(cluster, version) if version not in elsewhere else ():
            if "list" in each.verbs and str(each.resource) not in _GROWN_BY_ITSELF:
                yield each.resource


def _aggregated(cluster: Cluster) -> frozenset[str]:
    """Versions that another server answers for, from a store of its own (metrics, say)."""
    try:
        found = list(cluster.list("/apis/apiregistration.k8s.io/v1/apiservices"))
    except ClusterError as error:
        if not error.status:
            raise
        return frozenset()
    specs = [item.get("spec") or {} for item in found]
    return frozenset(f"{s['group']}/{s['version']}" for s in specs if s.get("service"))
