"""The store in which the snapshots of one cluster lie, and the manifests of points in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from slackwater.backend import cluster_errors
from slackwater.errors import ConfigurationError, Problem, RecoveryPointNotFound
from slackwater.model.recovery_point import PointId
from slackwater.stores import ArtefactStore, Manifest
from slackwater_etcdctl.errors import TOOL

named_errors = partial(cluster_errors.named_errors, TOOL)


def open_named(name: str, cluster: str, store: Callable[[str], ArtefactStore]) -> ArtefactStore:
    """Return the store. Raises ``ConfigurationError`` where the fleet file has none so."""
    if not name:
        problem = Problem("name a store for snapshots", field=f"clusters.{cluster}.backends.{TOOL}")
        raise ConfigurationError(problem)
    return store(name)


def manifest_of(point: PointId, store: ArtefactStore, cluster: str) -> Manifest:
    """Return the manifest of a point; one without a store is taken to be in this one.

    Raises ``RecoveryPointNotFound``.
    """
    if point.tool != TOOL or point.store not in ("", store.identity):
        raise RecoveryPointNotFound(f"{cluster} has no store with {point}")
    try:
        return store.manifest(point.name)
    except ValueError:
        raise RecoveryPointNotFound(f"{point.name!r} is no name of a recovery point") from None
