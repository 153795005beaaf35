"""Coverage: namespaces and volumes that are in no good recovery point.

False green is the first mistake this ends, so it begins from what the clusters hold, not from
what anybody meant to back up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from slackwater.catalogue.covering import Covering
from slackwater.clusters import Inventory, Volume
from slackwater.model.finding import Finding, Severity
from slackwater.model.recovery_point import HeldVolume, RecoveryPoint, Requirement, shortfalls
from slackwater.model.wording import in_bytes
from slackwater.model.workload import Workload
from slackwater.planning.choosing import Reader
from slackwater.planning.standing import Lookout

_OBJECTS = (Requirement.OBJECTS,)
_SYSTEM = "kube-"
_LOOKED_FOR = ("namespaces", "persistentvolumeclaims")
MOST_READ = 5
"""Newest recovery points looked into for one namespace."""


@dataclass(frozen=True)
class Coverage:
    """What one cluster holds, and in which recovery points it is."""

    inventory: Inventory
    points: Covering
    read: Reader

    def findings(self, lookout: Lookout, homes: Sequence[str]) -> Iterator[Finding]:
        """Yield a finding for each namespace and volume that no good recovery point holds."""
        yield from self._unknown()
        for namespace in self.inventory.namespaces:
            if namespace.name.startswith(_SYSTEM) or namespace.name in homes:
                continue
            yield from self._namespace(lookout, namespace.name)

    def _unknown(self) -> Iterator[Finding]:
        """What we may not list may be unprotected: silence would be false green."""
        for gap in self.inventory.gaps:
            if gap.resource in _LOOKED_FOR:
                yield Finding(
                    severity=Severity.ERROR,
                    code="coverage-unknown",
                    subject=gap.resource,
                    message=f"whether they are protected is not known: {gap.reason}",
                    way_out=f"grant list on {gap.resource}",
                    cluster=self.inventory.cluster,
                )

    def _namespace(self, lookout: Lookout, namespace: str) -> Iterator[Finding]:
        workload = Workload(cluster=self.inventory.cluster, namespace=namespace)
        volumes = [v for v in self.inventory.volumes if v.namespace == namespace]
        known = self._looked_into(workload, volumes)
        protected = any(_holds_objects(point, workload) for point in known)
        if not protected and not volumes and _is_empty(lookout, namespace):
            return
        if not protected:
            yield self._unprotected(workload, known)
        for volume in volumes:
            if not any(_holds(point, volume) for point in known):
                yield self._volume(volume, known)

    def _looked_into(self, workload: Workload, volumes: Sequence[Volume]) -> list[RecoveryPoint]:
        """Look into the newest points, until one holds everything."""
        known: list[RecoveryPoint] = []
        for point in islice(self.points.of(workload), MOST_READ):
            known.append(self.read(point))
            if _holds_objects(known[-1], workload) and all(_holds(known[-1], v) for v in volumes):
                break
        return known

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


def _is_empty(lookout: Lookout, namespace: str) -> bool:
    stand = lookout.look(namespace)
    return not stand.objects and not stand.unseen


def _holds_objects(point: RecoveryPoint, workload: Workload) -> bool:
    """Whether the namespace's objects are in it; a volume that it lacks has a line of its own."""
    if not shortfalls(point, workload, _OBJECTS):
        return True
    contents = point.contents
    if contents is None or not contents.objects_in(workload.namespace):
        return False
    return any(not volume.held for volume in contents.volumes_in(workload.namespace))


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
