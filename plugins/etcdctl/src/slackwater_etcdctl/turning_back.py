"""What a restore of the control plane will undo: objects made, changed and deleted since.

A Kubernetes ``resourceVersion`` is the revision of etcd at which the object was last written, so
whatever has a higher one than the snapshot's revision was made or changed since (Kubernetes' API
concepts, "resource versions"; etcd's API, ``mod_revision``). What is gone is told by numbers: of
the objects that the snapshot holds of a kind, those that were not made since are still there.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from slackwater.clusters import Cluster, Resource
from slackwater.errors import ClusterError, ObjectNotFound
from slackwater.model.finding import Finding
from slackwater_etcdctl.counting import served
from slackwater_etcdctl.facts import SnapshotFacts
from slackwater_etcdctl.voice import Voice

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


@dataclass(frozen=True)
class Snapshot:
    """What is known of a snapshot: its revision, when it was taken by the cluster's own clock (to
    about a second), and how many objects of each kind it holds. ``held`` may lack kinds, or all.
    """

    revision: int
    taken: datetime
    held: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: SnapshotFacts) -> Snapshot:
        """Take it from a manifest. The save shows etcd as it was when it began."""
        ahead = timedelta(seconds=facts.kubernetes.clock_ahead)
        return cls(facts.revision, facts.began + ahead, facts.objects)


@dataclass
class Since:
    """What was made, changed and deleted since a snapshot, by kind; names of new volumes.

    ``uncounted`` are kinds that could not be listed now, ``unremembered`` those of which nobody
    knows how many the snapshot holds.
    """

    made: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)
    volumes: list[str] = field(default_factory=list)
    uncounted: list[str] = field(default_factory=list)
    unremembered: list[str] = field(default_factory=list)


def count_since(cluster: Cluster, snapshot: Snapshot, *, seconds: float = _SECONDS) -> Since:
    """Count what will be turned back. Raises ``ClusterError`` where the API server is silent."""
    found, seen = Since(), set[str]()
    until = time.monotonic() + seconds
    for kind in served(cluster):
        seen.add(str(kind))
        if time.monotonic() > until:
            found.uncounted.append(str(kind))
            continue
        try:
            _count_kind(found, cluster, kind, snapshot)
        except ObjectNotFound:
            seen.discard(str(kind))
        except ClusterError as error:
            if not error.status:
                raise
            found.uncounted.append(str(kind))
    gone = {kind: count for kind, count in snapshot.held.items() if count and kind not in seen}
    found.deleted.update(gone)  # the kind itself is not served any more
    return found


def _count_kind(found: Since, cluster: Cluster, kind: Resource, snapshot: Snapshot) -> None:
    name, old = str(kind), 0
    for item in cluster.list(kind.path(), metadata_only=True, into=_Item):
        if _is_new(item.metadata, snapshot):
            found.made[name] += 1
            if name in _VOLUMES:
                found.volumes.append(f"{name.removesuffix('s')} {item.metadata.label}")
            continue
        old += 1
        if _version(item.metadata) > snapshot.revision:
            found.changed[name] += 1
    if name in snapshot.held:
        if deleted := max(0, snapshot.held[name] - old):
            found.deleted[name] = deleted
    elif old:
        found.unremembered.append(name)


def _is_new(item: _Metadata, snapshot: Snapshot) -> bool:
    made = item.creation_timestamp
    later = made is not None and made > snapshot.taken
    return later and _version(item) > snapshot.revision


def _version(item: _Metadata) -> int:
    return int(item.resource_version) if item.resource_version.isdecimal() else 0


def say_since(cluster: Cluster, snapshot: Snapshot, voice: Voice) -> Iterator[Finding]:
    """Yield what will be turned back, as far as the cluster answers."""
    try:
        found = count_since(cluster, snapshot)
    except ClusterError as error:
        yield voice.info(
            "turned-back-unknown",
            cluster.name,
            f"what was made, changed and deleted since the snapshot cannot be counted: {error}",
        )
        return
    yield from _counted(found, snapshot, voice)
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
    if found.unremembered:
        yield voice.info("deleted-unknown", cluster.name, _unremembered(found, snapshot))


def _counted(found: Since, snapshot: Snapshot, voice: Voice) -> Iterator[Finding]:
    said = (
        (found.made, "objects made since will be gone"),
        (found.changed, "changed since will be as they were"),
        (found.deleted, "deleted since will come back"),
    )
    parts = [f"{sum(n.values())} {words} ({_by_kind(n)})" for n, words in said if n]
    if parts:
        when = f"{snapshot.taken.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
        yield voice.warning(
            "turned-back",
            voice.cluster,
            f"the snapshot is of {when}: {', '.join(parts)}",
            "take another backup of what must not be lost before you go on",
        )


def _unremembered(found: Since, snapshot: Snapshot) -> str:
    said = "what was deleted since the snapshot comes back too, and cannot be counted"
    if not snapshot.held:
        return f"{said}: its manifest does not tell how many objects of each kind it holds"
    return f"{said} for {_shortened(found.unremembered)}"


def _by_kind(counts: Counter[str]) -> str:
    return _shortened([f"{count} {kind}" for kind, count in counts.most_common()])


def _shortened(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
