"""What a Backup claims to cover: by its spec, and by its resource policy.

The spec is read as Velero leaves it when the backup begins (``pkg/util/collections``, 1.18.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from slackwater.model.workload import Scope
from slackwater_velero.kind_lists import ALL, only, without
from slackwater_velero.objects import BackupSpec
from slackwater_velero.resource_policies import NO_FILTERS, Filters

CLUSTER_OBJECTS: dict[str, object] = {
    "includedClusterScopedResources": [ALL],
    "excludedNamespaceScopedResources": [ALL],
}
"""The spec of a backup of cluster-scoped objects alone."""


def scope_of(spec: BackupSpec, filters: Filters = NO_FILTERS) -> Scope:
    """Return the scope of a backup; ``filters`` are those of its resource policy."""
    if ALL in (spec.excluded_namespace_scoped_resources or ()):
        return _cluster_scope(spec, filters)
    cluster_objects = _has_cluster_objects(spec, filters)
    limits = (
        *_limits(spec),
        *filters.limits,
        *(_cluster_limits(spec, filters) if cluster_objects else ()),
    )
    return _scope(
        cluster_objects=cluster_objects,
        namespaces=tuple(spec.included_namespaces or (ALL,)),
        excluded=tuple(spec.excluded_namespaces or ()),
        limits=_joined(limits),
    )


def _cluster_scope(spec: BackupSpec, filters: Filters) -> Scope:
    """Of a backup without anything that lies in namespaces."""
    kinds = spec.included_cluster_scoped_resources
    limits = (*_labels(spec), *only(kinds), *_cluster_limits(spec, filters))
    return _scope(cluster_objects=bool(kinds), namespaces=(), excluded=(), limits=_joined(limits))


@lru_cache(maxsize=1024)
def _scope(
    *, cluster_objects: bool, namespaces: tuple[str, ...], excluded: tuple[str, ...], limits: str
) -> Scope:
    """One scope for all the backups that a schedule has made: lists are long."""
    return Scope(
        cluster_objects=cluster_objects, namespaces=namespaces, excluded=excluded, limits=limits
    )


def _has_cluster_objects(spec: BackupSpec, filters: Filters) -> bool:
    """Whether all cluster-scoped objects are chosen, and not only what namespaces need of them.

    With the newer filters all are chosen by themselves only where nothing is named at all, and
    since Velero names snapshots in every spec, that means never: ``includedClusterScopedResources``
    or ``includeClusterResources`` has to say so.
    """
    if spec.include_cluster_resources is not None:
        return spec.include_cluster_resources
    everywhere = (spec.included_namespaces or [ALL]) == [ALL] and not spec.excluded_namespaces
    if spec.has_older_filters:
        return everywhere
    if spec.included_cluster_scoped_resources:
        return ALL in spec.included_cluster_scoped_resources
    named = (
        spec.excluded_cluster_scoped_resources
        or spec.excluded_namespace_scoped_resources
        or [*only(spec.included_namespace_scoped_resources)]
        or filters.kinds_of_cluster
    )
    return everywhere and not named


def _limits(spec: BackupSpec) -> Iterator[str]:
    yield from _labels(spec)
    yield from only(spec.included_resources)
    yield from only(spec.included_namespace_scoped_resources)
    yield from without(spec.excluded_resources)
    yield from without(spec.excluded_namespace_scoped_resources)


def _cluster_limits(spec: BackupSpec, filters: Filters) -> Iterator[str]:
    yield from without(spec.excluded_cluster_scoped_resources)
    yield from filters.of_cluster_objects


def _labels(spec: BackupSpec) -> Iterator[str]:
    if spec.label_selector or spec.or_label_selectors:
        yield "only objects chosen by labels"


def _joined(limits: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(limits))
