"""What stands in a target already: counted before a plan is made, and again before it runs."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from slackwater.catalogue.gathering import side_by_side
from slackwater.clusters import (
    NAMESPACES,
    Cluster,
    Object,
    Resource,
    ServedKind,
    kinds_of,
    preferred_versions,
)
from slackwater.errors import ClusterError, ObjectNotFound
from slackwater.model.own_record import OwnRecords
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
# A kind may be forbidden to us, or served by an aggregated API that is down: no reason to give up.
_HIDES_A_KIND = (403, 500, 502, 503, 504)
# Labels and annotations that tell who puts an object back when it is changed:
# https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
# https://fluxcd.io/flux/components/kustomize/kustomizations/ and …/helm/helmreleases/
_PUT_BACK_BY = {
    "argocd.argoproj.io/": "Argo CD",
    "kustomize.toolkit.fluxcd.io/": "Flux",
    "helm.toolkit.fluxcd.io/": "Flux",
}
_GIVEN_TO_ALL = frozenset(
    (
        ("configmaps", "kube-root-ca.crt"),
        ("serviceaccounts", "default"),
        ("services", "kubernetes"),  # in the namespace default
    )
)


@dataclass(frozen=True)
class Stand:
    """The objects of one namespace of a target: names by kind.

    What backup tools keep there for themselves is none of its ``objects``.
    """

    place: str
    uid: str = ""
    objects: tuple[tuple[str, str], ...] = ()
    unseen: tuple[str, ...] = ()
    """Kinds that we may not list there: whether objects of these kinds stand is not known."""
    put_back_by: tuple[str, ...] = ()
    """Who would undo a restore there, because the objects are its own: ``Argo CD``, ``Flux``."""
    mortal: tuple[tuple[str, str], ...] = ()
    """Own records of backup tools whose data may go when the namespace is deleted."""

    @property
    def exists(self) -> bool:
        """Whether the namespace is there at all."""
        return bool(self.uid)

    def recorded(self, *, replace: bool) -> Standing:
        """Return what a plan keeps of it, to be compared before the plan runs.

        Where the plan is to ``replace`` what stands there, the namespace is deleted, and what may
        be lost with it belongs to what was shown.
        """
        concerned = self.objects + (self.mortal if replace and self.objects else ())
        text = "\n".join(f"{kind}/{name}" for kind, name in concerned)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        return Standing(place=self.place, uid=self.uid, objects=len(concerned), digest=digest)

    def summary(self, *, most: int = 4) -> tuple[str, ...]:
        """Say what stands there, the most frequent kinds first: ``3 deployments.apps``."""
        return tally(self.objects, most=most)


def tally(objects: Iterable[tuple[str, str]], *, most: int = 4) -> tuple[str, ...]:
    """Say how many objects of which kinds there are, the most frequent first."""
    counts = Counter(kind for kind, _ in objects).most_common()
    lines = [f"{count} {kind}" for kind, count in counts[:most]]
    return tuple([*lines, "…"] if len(counts) > most else lines)


class Lookout:
    """Looks at what stands in one cluster. Which kinds are served there is asked only once.

    What ``own_records`` names stands in nobody's way.
    """

    def __init__(self, cluster: Cluster, own_records: OwnRecords) -> None:
        self._cluster = cluster
        self._own = own_records
        self._kinds: tuple[Resource, ...] | None = None
        self._unseen: tuple[str, ...] = ()

    def look(self, namespace: str) -> Stand:
        """List what stands in a namespace: every namespaced kind that the API server serves."""
        place = f"{self._cluster.name}/{namespace}"
        try:
            found = self._cluster.get(NAMESPACES.path(name=namespace))
        except ObjectNotFound:
            return Stand(place)
        kinds = self._served()
        listed = side_by_side(lambda kind: _list(self._cluster, kind, namespace), kinds)
        seen = [(k, item) for k, items in zip(kinds, listed, strict=True) for item in items or ()]
        names = {(str(kind), item["metadata"]["name"]) for kind, item in seen}
        mortal = {name for name in names if name[0] in self._own}
        refused = [str(k) for k, items in zip(kinds, listed, strict=True) if items is None]
        owners = {owner for item in (found, *(i for _, i in seen)) for owner in _put_back_by(item)}
        return Stand(
            place,
            uid=found["metadata"]["uid"],
            objects=tuple(sorted(names - mortal - _GIVEN_TO_ALL)),
            unseen=(*self._unseen, *refused),
            put_back_by=tuple(sorted(owners)),
            mortal=tuple(sorted(mortal)),
        )

    def _served(self) -> tuple[Resource, ...]:
        """Return each namespaced kind that matters once, in the version that its group prefers."""
        if self._kinds is None:
            every = preferred_versions(self._cluster)
            versions = [v for v in every if not self._own.fill(v.rpartition("/")[0])]
            served = side_by_side(lambda v: _readable(self._cluster, v), versions)
            pairs = list(zip(versions, served, strict=True))
            self._unseen = tuple(version for version, found in pairs if found is None)
            found = [each for _, kinds in pairs for each in kinds or ()]
            listed = (each.resource for each in found if _listed(each))
            self._kinds = tuple(kind for kind in listed if self._matters(str(kind)))
        return self._kinds

    def _matters(self, kind: str) -> bool:
        return kind not in self._own or not self._own.outlive(kind)


def _list(cluster: Cluster, kind: Resource, namespace: str) -> list[Object] | None:
    """Return the objects of a kind; None where nobody may, or can, tell us."""
    try:
        return list(cluster.list(kind.path(namespace), metadata_only=True))
    except ObjectNotFound:
        return []
    except ClusterError as error:
        if error.status not in _HIDES_A_KIND:
            raise
        return None


def _put_back_by(item: Object) -> Iterator[str]:
    metadata = item["metadata"]
    for key in (*(metadata.get("labels") or ()), *(metadata.get("annotations") or ())):
        for prefix, owner in _PUT_BACK_BY.items():
            if key.startswith(prefix):
                yield owner


def _readable(cluster: Cluster, version: str) -> tuple[ServedKind, ...] | None:
    """Return the kinds of a version; None where nobody may, or can, tell us."""
    try:
        return kinds_of(cluster, version)
    except ClusterError as error:
        if error.status not in _HIDES_A_KIND:
            raise
        return None


def _listed(served: ServedKind) -> bool:
    kind = served.resource
    return kind.namespaced and "list" in served.verbs and str(kind) not in _GROWN_BY_ITSELF
