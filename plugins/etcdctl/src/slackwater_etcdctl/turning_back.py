"""What a restore of the control plane will undo: objects made and changed since the snapshot.

A Kubernetes ``resourceVersion`` is the revision of etcd at which the object was last written, so
whatever has a higher one than the snapshot's revision was made or changed since (Kubernetes' API
concepts, "resource versions"; etcd's API, ``mod_revision``). What was deleted since cannot be seen
from here.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from slackwater.clusters import Cluster, Resource, kinds_of, preferred_versions
from slackwater.errors import ClusterError, ObjectNotFound
from slackwater.model.finding import Finding
from slackwater_etcdctl.voice import Voice

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
_VOLUMES = ("persistentvolumes", "persistentvolumeclaims")
_NAMED = 6
_SECONDS = 20.0
"""How long objects are counted; what was not come to is said not to be counted."""


class _Metadata(msgspec.Struct, rename="camel"):
    name: str
    namespace: str = ""
    resource_version: str = ""
    creation_timestamp: datetime | None = None

    @property
    def label(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class _Item(msgspec.Struct):
    metadata: _Metadata


@dataclass
class Since:
    """What was made and changed since a revision, counted by kind; names of new volumes."""

    made: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    volumes: list[str] = field(default_factory=list)
    uncounted: list[str] = field(default_factory=list)


def count_since(
    cluster: Cluster, revision: int, taken: datetime, *, seconds: float = _SECONDS
) -> Since:
    """Count what will be turned back. Raises ``ClusterError`` where the API server is silent."""
    found = Since()
    until = time.monotonic() + seconds
    for kind in _served(cluster):
        if time.monotonic() > until:
            found.uncounted.append(str(kind))
            continue
        try:
            for item in cluster.list(kind.path(), metadata_only=True, into=_Item):
                _count(found, kind, item.metadata, revision, taken)
        except ObjectNotFound:
            continue
        except ClusterError as error:
            if not error.status:
                raise
            found.uncounted.append(str(kind))
    return found


def _count(found: Since, kind: Resource, item: _Metadata, revision: int, taken: datetime) -> None:
    written = int(item.resource_version) if item.resource_version.isdecimal() else 0
    if written <= revision:
        return
    made = item.creation_timestamp is not None and item.creation_timestamp > taken
    (found.made if made else found.changed)[str(kind)] += 1
    if made and str(kind) in _VOLUMES:
        found.volumes.append(f"{str(kind).removesuffix('s')} {item.label}")


def say_since(cluster: Cluster, revision: int, taken: datetime, voice: Voice) -> Iterator[Finding]:
    """Yield what will be turned back, as far as the cluster answers."""
    try:
        found = count_since(cluster, revision, taken)
    except ClusterError as error:
        yield voice.info(
            "turned-back-unknown",
            cluster.name,
            f"what was made and changed since the snapshot cannot be counted: {error}",
        )
        return
    yield from _counted(found, taken, voice)
    if found.volumes:
        yield voice.warning(
            "data-orphaned",
            cluster.name,
            f"made since the snapshot, so their data will belong to no object: "
            f"{_shortened(found.volumes)}",
            "back their data up first, or note the volume handles to bind them again by hand",
        )
    if found.uncounted:
        yield voice.warning(
            "turned-back-unknown",
            cluster.name,
            f"not counted among what will be turned back: {_shortened(found.uncounted)}",
        )


def _counted(found: Since, taken: datetime, voice: Voice) -> Iterator[Finding]:
    made, changed = sum(found.made.values()), sum(found.changed.values())
    if not made and not changed:
        return
    parts = []
    if made:
        parts.append(f"{made} objects made since will be gone ({_by_kind(found.made)})")
    if changed:
        parts.append(f"{changed} changed since will be as they were ({_by_kind(found.changed)})")
    when = f"{taken.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
    yield voice.warning(
        "turned-back",
        voice.cluster,
        f"the snapshot is of {when}: {', '.join(parts)}; what was deleted since comes back",
        "take another backup of what must not be lost before you go on",
    )


def _by_kind(counts: Counter[str]) -> str:
    return _shortened([f"{count} {kind}" for kind, count in counts.most_common()])


def _shortened(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def _served(cluster: Cluster) -> Iterator[Resource]:
    """Yield every kind that lies in this etcd, in the version that its group prefers."""
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
