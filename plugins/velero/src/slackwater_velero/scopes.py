"""What a Backup's spec claims to cover."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from slackwater.model.workload import Scope
from slackwater_velero.objects import BackupSpec

_ALL = "*"
_ADDED_BY_SERVER = frozenset(
    ("volumesnapshots.snapshot.storage.k8s.io", "volumesnapshotcontents.snapshot.storage.k8s.io")
)
"""Velero excludes these from every backup by itself and handles them on its own."""

CLUSTER_OBJECTS: dict[str, object] = {
    "includedClusterScopedResources": [_ALL],
    "excludedNamespaceScopedResources": [_ALL],
}
"""The spec of a backup of cluster-scoped objects alone."""


def scope_of(spec: BackupSpec) -> Scope:
    """Return the scope of a backup.

    A resource policy is no limit here: most of them only choose how volumes are taken, and what
    they skip is seen when the contents are read.
    """
    limits = "; ".join(_limits(spec))
    if _only_cluster_objects(spec):
        return _scope(cluster_objects=True, namespaces=(), excluded=(), limits=limits)
    return _scope(
        cluster_objects=_has_cluster_objects(spec),
        namespaces=tuple(spec.included_namespaces or (_ALL,)),
        excluded=tuple(spec.excluded_namespaces or ()),
        limits=limits,
    )


@lru_cache(maxsize=1024)
def _scope(
    *, cluster_objects: bool, namespaces: tuple[str, ...], excluded: tuple[str, ...], limits: str
) -> Scope:
    """One scope for all the backups that a schedule has made: lists are long."""
    return Scope(
        cluster_objects=cluster_objects, namespaces=namespaces, excluded=excluded, limits=limits
    )


def _only_cluster_objects(spec: BackupSpec) -> bool:
    return _ALL in (spec.excluded_namespace_scoped_resources or ())


def _has_cluster_objects(spec: BackupSpec) -> bool:
    """Without a word about them, cluster-scoped objects come only with all namespaces."""
    if spec.include_cluster_resources is not None:
        return spec.include_cluster_resources
    if spec.included_cluster_scoped_resources:
        return _ALL in spec.included_cluster_scoped_resources
    if _ALL in (spec.excluded_cluster_scoped_resources or ()):
        return False
    everywhere = (spec.included_namespaces or [_ALL]) == [_ALL]
    return everywhere and not spec.excluded_namespaces


def _limits(spec: BackupSpec) -> Iterator[str]:
    if spec.label_selector or spec.or_label_selectors:
        yield "only objects chosen by labels"
    included = (spec.included_resources, spec.included_namespace_scoped_resources)
    for kinds in included:
        if kinds and _ALL not in kinds:
            yield f"only {_listed(kinds)}"
    excluded = (
        spec.excluded_resources,
        spec.excluded_namespace_scoped_resources,
        spec.excluded_cluster_scoped_resources if _has_cluster_objects(spec) else None,
    )
    for kinds in excluded:
        left_out = [kind for kind in kinds or () if kind not in _ADDED_BY_SERVER and kind != _ALL]
        if left_out:
            yield f"without {_listed(left_out)}"


def _listed(kinds: Sequence[str]) -> str:
    few = ", ".join(kinds[:3])
    return few if len(kinds) <= 3 else f"{few} and {len(kinds) - 3} more kinds"
