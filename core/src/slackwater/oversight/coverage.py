"""Coverage: namespaces and volumes that are in no good recovery point.

False green is the first mistake this ends, so it begins from what the clusters hold, not from
what anybody meant to back up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from slackwater.backend.connections import Connections
from slackwater.catalogue.gathering import Catalogue
from slackwater.clusters import Inventory, Volume
from slackwater.model.finding import Finding, Severity
from slackwater.model.recovery_point import HeldVolume, RecoveryPoint, Requirement, shortfalls
from slackwater.model.wording import in_bytes, in_words
from slackwater.model.workload import Workload
from slackwater.planning.choosing import Reader
from slackwater.planning.standing import look

_OBJECTS = (Requirement.OBJECTS,)
_SYSTEM = "kube-"
MOST_READ = 5
"""Newest recovery points looked into for one namespace."""


@dataclass(frozen=True)
class Coverage:
    """What one cluster holds, and in which recovery points it is."""

    inventory: Inventory
    catalogue: Catalogue
    read: Reader
    now: datetime

    def findings(self, connections: Connections, homes: Sequence[str]) -> Iterator[Finding]:
        """Yield a finding for each namespace and volume that no good recovery point holds."""
        for namespace in self.inventory.namespaces:
            if namespace.name.startswith(_SYSTEM) or namespace.name in homes:
                continue
            yield from self._namespace(connections, namespace.name)

    def _namespace(self, connections: Connections, namespace: str) -> Iterator[Finding]:
        workload = Workload(cluster=self.inventory.cluster, namespace=namespace)
        volumes = [v for v in self.inventory.volumes if v.namespace == namespace]
        known = [self.read(point) for point in self._newest(workload)]
        good = next((p for p in known if not shortfalls(p, workload, _OBJECTS)), None)
        if good is None and not volumes and self._empty(connections, namespace):
            return
        if good is None:
            yield self._unprotected(workload, known)
        for volume in volumes:
            if not any(_holds(point, volume) for point in known):
                yield self._volume(volume, known)

    def _newest(self, workload: Workload) -> list[RecoveryPoint]:
        covering = [p for p in self.catalogue.points if p.usable and p.covers(workload)]
        return covering[:MOST_READ]

    def _empty(self, connections: Connections, namespace: str) -> bool:
        stand = look(connections.cluster(self.inventory.cluster), namespace)
        return not stand.objects and not stand.unseen

    def _unprotected(self, workload: Workload, known: Sequence[RecoveryPoint]) -> Finding:
        message = "in no recovery point"
        if known:
            reasons = "; ".join(shortfalls(known[0], workload, _OBJECTS))
            message = f"in no good recovery point; the newest, {known[0].name}: {reasons}"
        return self._finding("namespace-unprotected", workload.namespace, message)

    def _volume(self, volume: Volume, known: Sequence[RecoveryPoint]) -> Finding:
        size = f"{in_bytes(volume.capacity)}, " if volume.capacity else ""
        name = f"{volume.namespace}/{volume.name} ({size}class {volume.storage_class or 'none'})"
        reason = _why_not_held(volume, known)
        return self._finding("volume-unprotected", name, f"in no recovery point{reason}")

    def _finding(self, code: str, subject: str, message: str) -> Finding:
        return Finding(
            severity=Severity.ERROR,
            code=code,
            subject=subject,
            message=message,
            way_out="add it to a policy's protect, with a tool that can hold it; "
            f"or back it up now: slackwater backup --cluster {self.inventory.cluster} "
            f"--namespace {subject.partition('/')[0]}",
            cluster=self.inventory.cluster,
        )


def _entry(point: RecoveryPoint, volume: Volume) -> HeldVolume | None:
    held = point.contents.volumes if point.contents else ()
    same = (v for v in held if (v.namespace, v.claim) == (volume.namespace, volume.name))
    return next(same, None)


def _holds(point: RecoveryPoint, volume: Volume) -> bool:
    entry = _entry(point, volume)
    return entry is not None and entry.held


def _why_not_held(volume: Volume, known: Sequence[RecoveryPoint]) -> str:
    for point in known:
        entry = _entry(point, volume)
        if entry is not None:
            return f"; {point.name} skipped it: {entry.reason or 'no reason given'}"
    return ""


def age(point: RecoveryPoint, now: datetime) -> str:
    """Say how old a recovery point is."""
    return in_words(now - point.begin) if point.begin else "of unknown age"
