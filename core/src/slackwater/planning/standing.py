"""What stands in a target already: counted before a plan is made, and again before it runs."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slackwater.catalogue.gathering import side_by_side
from slackwater.clusters import NAMESPACES, Cluster, Resource
from slackwater.errors import ClusterDenied, ObjectNotFound
from slackwater.model.restore_plan import Standing

# Made by controllers in every namespace, or about others: no conflict, and never the same twice.
_GROWN_BY_ITSELF = frozenset(
    (
        "events",
        "events.events.k8s.io",
        "endpoints",
        "endpointslices.discovery.k8s.io",
        "leases.coordination.k8s.io",
        "pods.metrics.k8s.io",
    )
)
_GIVEN_TO_ALL = frozenset(
    (
        ("configmaps", "kube-root-ca.crt"),
        ("serviceaccounts", "default"),
        ("services", "kubernetes"),  # in the namespace default
    )
)


@dataclass(frozen=True)
class Stand:
    """The objects of one namespace of a target: names by kind."""

    place: str
    uid: str = ""
    objects: tuple[tuple[str, str], ...] = ()
    unseen: tuple[str, ...] = ()
    """Kinds that we may not list there: whether objects of these kinds stand is not known."""

    @property
    def exists(self) -> bool:
        """Whether the namespace is there at all."""
        return bool(self.uid)

    def recorded(self) -> Standing:
        """Return what a plan keeps of it, to be compared before the plan runs."""
        text = "\n".join(f"{kind}/{name}" for kind, name in self.objects)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        return Standing(place=self.place, uid=self.uid, objects=len(self.objects), digest=digest)

    def summary(self, *, most: int = 4) -> tuple[str, ...]:
        """Say what stands there, the most frequent kinds first: ``3 deployments.apps``."""
        counts = Counter(kind for kind, _ in self.objects).most_common()
        lines = [f"{count} {kind}" for kind, count in counts[:most]]
        return tuple([*lines, "…"] if len(counts) > most else lines)


def look(cluster: Cluster, namespace: str) -> Stand:
    """List what stands in a namespace: every namespaced kind that the API server serves."""
    place = f"{cluster.name}/{namespace}"
    try:
        found = cluster.get(NAMESPACES.path(name=namespace))
    except ObjectNotFound:
        return Stand(place)
    kinds = list(_listable(cluster))
    listed = side_by_side(lambda kind: _names(cluster, kind, namespace), kinds)
    return Stand(
        place,
        uid=found["metadata"]["uid"],
        objects=tuple(sorted(pair for names in listed for pair in names or ())),
        unseen=tuple(str(kind) for kind, names in zip(kinds, listed, strict=True) if names is None),
    )


def _names(cluster: Cluster, kind: Resource, namespace: str) -> list[tuple[str, str]] | None:
    try:
        pages = list(cluster.pages(kind.path(namespace), metadata_only=True))
    except ClusterDenied:
        return None
    except ObjectNotFound:
        return []
    names = [(str(kind), item["metadata"]["name"]) for page in pages for item in page]
    return [pair for pair in names if pair not in _GIVEN_TO_ALL]


def _listable(cluster: Cluster) -> Iterator[Resource]:
    """Yield each namespaced kind once, in the version that its group prefers."""
    core = cluster.get("/api/v1")
    yield from _kinds("", "v1", core["resources"])
    groups = cluster.get("/apis")["groups"]
    versions = [group["preferredVersion"] for group in groups]
    served = side_by_side(lambda v: _resources(cluster, v["groupVersion"]), versions)
    for version, resources in zip(versions, served, strict=True):
        group, _, number = version["groupVersion"].partition("/")
        yield from _kinds(group, number, resources)


def _resources(cluster: Cluster, group_version: str) -> Sequence[Mapping[str, object]]:
    try:
        found: Sequence[Mapping[str, object]] = cluster.get(f"/apis/{group_version}")["resources"]
    except ObjectNotFound:
        return ()
    return found


def _kinds(
    group: str, version: str, resources: Sequence[Mapping[str, object]]
) -> Iterator[Resource]:
    for resource in resources:
        name, verbs = str(resource["name"]), resource.get("verbs") or ()
        kind = Resource(group, version, name)
        listable = resource["namespaced"] and "list" in verbs and "/" not in name  # type: ignore[operator]  # verbs is a list
        if listable and str(kind) not in _GROWN_BY_ITSELF:
            yield kind
