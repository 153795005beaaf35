"""Which workloads are meant: by a policy, by names, by what the recovery points tell."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeAlias

from slackwater.catalogue.covering import Covering, begin_of, names_namespaces
from slackwater.catalogue.gathering import side_by_side
from slackwater.clusters import Inventory
from slackwater.fleet import FleetFile
from slackwater.model.policy import Demand, Policy
from slackwater.model.recovery_point import RecoveryPoint, Requirement
from slackwater.model.selector import Selector
from slackwater.model.workload import Scope, Workload, WorkloadKind
from slackwater.planning.choosing import Reader, Wanted

BY_HAND = (Requirement.OBJECTS, Requirement.VOLUMES)
"""What is required where no policy says it."""

Claimed: TypeAlias = tuple[Scope, Iterator[RecoveryPoint]]
"""What points of a cluster claim, and these points, the newest first."""

_TRIES = 3
"""How many points of one scope are looked into before it counts as unreadable."""


@dataclass(frozen=True)
class Protected:
    """A workload to be backed up; ``optional`` where the policy says ``if-possible``."""

    workload: Workload
    require: tuple[Requirement, ...]
    optional: bool = False


@dataclass(frozen=True)
class Filter:
    """What the user narrowed the work down to. Empty parts mean: all.

    ``control_planes`` and ``cluster_objects`` are clusters of which these are asked for by name.
    They come beside what the other parts mean; alone they are all that is meant.
    """

    policy: Policy | None = None
    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    selector: Selector | None = None
    control_planes: tuple[str, ...] = ()
    cluster_objects: tuple[str, ...] = ()

    def has_cluster(self, name: str, fleet: FleetFile) -> bool:
        """Whether more of a cluster of the fleet is meant than what is asked for by name."""
        narrowed = self.policy or self.clusters or self.namespaces or self.selector
        if not narrowed and (self.control_planes or self.cluster_objects):
            return False
        if self.clusters and name not in self.clusters:
            return False
        return self.policy is None or self.policy.selects(fleet.clusters[name].labels)

    def named_in(self, cluster: str) -> Iterator[Workload]:
        """Yield what is asked for by name in a cluster."""
        if cluster in self.control_planes:
            yield Workload(cluster=cluster, kind=WorkloadKind.CONTROL_PLANE)
        if cluster in self.cluster_objects:
            yield Workload(cluster=cluster, kind=WorkloadKind.CLUSTER_OBJECTS)

    def has_name(self, namespace: str) -> bool:
        """Whether a namespace is meant, as far as its name tells."""
        return not self.namespaces or namespace in self.namespaces


def policies_of(wishes: Iterable[Filter]) -> tuple[Policy, ...]:
    """Return the policies that are meant, if any."""
    return tuple(wish.policy for wish in wishes if wish.policy)


def to_back_up(wish: Filter, inventory: Inventory) -> Iterator[Protected]:
    """Yield the namespaces that are to be backed up in one cluster, as it is now."""
    cluster = inventory.cluster
    for namespace in inventory.namespaces:
        if not wish.has_name(namespace.name):
            continue
        if wish.selector and not wish.selector.matches(namespace.labels):
            continue
        require = _required(wish, namespace.name, namespace.labels)
        if require is not None and namespace.phase != "Terminating":
            yield Protected(Workload(cluster=cluster, namespace=namespace.name), require)


def beside_namespaces(wish: Filter, fleet: FleetFile, cluster: str) -> Iterator[Protected]:
    """Yield what is meant of a cluster and is no namespace: by name, and by the policy."""
    named = tuple(wish.named_in(cluster))
    yield from (Protected(workload, ()) for workload in named)
    if wish.policy and wish.has_cluster(cluster, fleet) and not (wish.namespaces or wish.selector):
        of_policy = _of_the_cluster(wish.policy, cluster)
        yield from (protected for protected in of_policy if protected.workload not in named)


def _required(
    wish: Filter, namespace: str, labels: Mapping[str, str]
) -> tuple[Requirement, ...] | None:
    if wish.policy is None:
        return BY_HAND
    return wish.policy.required_of(namespace, labels)


def _of_the_cluster(policy: Policy, cluster: str) -> Iterator[Protected]:
    demands = (
        (WorkloadKind.CONTROL_PLANE, policy.control_plane),
        (WorkloadKind.CLUSTER_OBJECTS, policy.cluster_objects),
    )
    for kind, demand in demands:
        if demand is not None:
            workload = Workload(cluster=cluster, kind=kind)
            yield Protected(workload, (), optional=demand is Demand.IF_POSSIBLE)


def to_restore(
    wishes: Sequence[Filter],
    fleet: FleetFile,
    inventories: Sequence[Inventory],
    points: Covering,
    read: Reader,
    *,
    moment: datetime,
) -> list[Wanted]:
    """Return what is to be restored: everything meant that is, or was, in the clusters.

    What an accident took away is in no inventory any more, and a dead cluster has none at all; so
    the recovery points are asked too: those of the policy, those that name their namespaces, and
    for those of whole clusters what was found inside. A namespace that several wishes mean comes
    back once, from a recovery point that holds what any of them requires.
    """
    living = {inventory.cluster: inventory for inventory in inventories}
    wanted: dict[Workload, tuple[Requirement, ...]] = {}
    for wish in wishes:
        for item in _meant(wish, fleet, living, points, read, moment=moment):
            required = {*wanted.get(item.workload, ()), *item.require}
            wanted[item.workload] = tuple(r for r in Requirement if r in required)
    named = {w: () for wish in wishes for name in fleet.clusters for w in wish.named_in(name)}
    return [Wanted(workload, require) for workload, require in {**named, **wanted}.items()]


def _meant(
    wish: Filter,
    fleet: FleetFile,
    living: Mapping[str, Inventory],
    points: Covering,
    read: Reader,
    *,
    moment: datetime,
) -> Iterator[Wanted]:
    """Yield the namespaces that one wish means."""
    clusters = [name for name in fleet.clusters if wish.has_cluster(name, fleet)]

    def meant(cluster: str) -> list[str]:
        claimed = list(points.scopes(cluster, moment))
        return _namespaces(wish, living.get(cluster), claimed, read)

    for cluster, namespaces in zip(clusters, side_by_side(meant, clusters), strict=True):
        for namespace in namespaces:
            workload = Workload(cluster=cluster, namespace=namespace)
            yield Wanted(workload, _requirement(wish, living.get(cluster), namespace))


def left_out(wishes: Sequence[Filter], fleet: FleetFile) -> tuple[Workload, ...]:
    """Return what policies protect that a plan does not bring back, as nobody asked for it.

    A control plane holds the cluster-scoped objects too.
    """
    found = (
        protected.workload
        for wish in wishes
        for name in fleet.clusters
        for protected in beside_namespaces(wish, fleet, name)
        if protected.workload not in wish.named_in(name) and name not in wish.control_planes
    )
    return tuple(dict.fromkeys(found))


def without_namesakes(
    wanted: Sequence[Wanted], target: Callable[[Workload], Workload]
) -> tuple[Wanted, ...]:
    """Leave out what stands in a target under the name under which another's is to come.

    ``--namespace shop --to dr`` means the shop of another cluster, not that of dr itself, which is
    in the way; ``--cluster dr`` means that one.
    """
    places = [(item, target(item.workload)) for item in wanted]
    coming = {place for item, place in places if place.cluster != item.workload.cluster}
    return tuple(
        item
        for item, place in places
        if place.cluster != item.workload.cluster or place not in coming
    )


def _namespaces(
    wish: Filter, living: Inventory | None, claimed: Sequence[Claimed], read: Reader
) -> list[str]:
    if wish.namespaces:
        return [n for n in wish.namespaces if _stands(living, n) or _was_there(n, claimed)]
    found = {protected.workload.namespace for protected in _now(wish, living)}
    standing = {n.name for n in living.namespaces} if living else set()
    found |= {name for name in _named_in(wish, claimed, read) if name not in standing}
    return sorted(name for name in found if name and not name.startswith("kube-"))


def _now(wish: Filter, living: Inventory | None) -> Iterable[Protected]:
    return to_back_up(wish, living) if living else ()


def _stands(living: Inventory | None, name: str) -> bool:
    return living is not None and any(n.name == name for n in living.namespaces)


def _was_there(name: str, claimed: Sequence[Claimed]) -> bool:
    return any(scope.touches(Workload(cluster="", namespace=name)) for scope, _ in claimed)


def _belongs(wish: Filter, point: RecoveryPoint) -> bool:
    """Whether a point tells which vanished namespaces are meant.

    Labels of vanished namespaces are not known, so a policy claims those that it backed up
    itself; a bare selector can claim none.
    """
    if wish.selector is not None:
        return False
    if wish.policy is None:
        return True
    return point.stamp is not None and point.stamp.policy == wish.policy.name


def _named_in(wish: Filter, claimed: Iterable[Claimed], read: Reader) -> set[str]:
    """Return the namespaces that points name, or, for globs, that the newest of them holds.

    The newest tells what stood at the moment; to read them all would take an hour of a fleet.
    """
    found: set[str] = set()
    wide: dict[tuple[str, ...], list[Iterator[RecoveryPoint]]] = defaultdict(list)
    for scope, points in claimed:
        own = (point for point in points if _belongs(wish, point))
        if not names_namespaces(scope):
            wide[scope.namespaces].append(own)
        elif next(own, None):
            found |= set(scope.namespaces)
    for patterns, lines in wide.items():
        found |= _held_by_newest(lines, read) if patterns else set()
    return found


def _held_by_newest(lines: Iterable[Iterator[RecoveryPoint]], read: Reader) -> set[str]:
    newest_first = heapq.merge(*lines, key=begin_of, reverse=True)
    for point in islice(newest_first, _TRIES):
        contents = read(point).contents
        if contents is not None:
            return set(contents.objects)
    return set()


def _requirement(wish: Filter, living: Inventory | None, namespace: str) -> tuple[Requirement, ...]:
    if wish.policy is None:
        return BY_HAND
    labels = (
        next((n.labels for n in living.namespaces if n.name == namespace), {}) if living else {}
    )
    known = wish.policy.required_of(namespace, labels)
    if known is not None:
        return known
    every = {item for protect in wish.policy.protect for item in protect.require}
    return tuple(requirement for requirement in Requirement if requirement in every)
