"""Finds the recovery points of a workload without going through all of the fleet's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.workload import Workload

_GLOB = set("*?[")


class Covering:
    """Usable recovery points by the workload that they cover.

    Most points name one namespace, and a fleet has many of both: those are looked up, and only
    points of whole clusters are compared one by one.
    """

    def __init__(self, points: Iterable[RecoveryPoint]) -> None:
        self._named: dict[tuple[str, str], list[RecoveryPoint]] = defaultdict(list)
        self._others: dict[str, list[RecoveryPoint]] = defaultdict(list)
        for point in points:
            if not point.usable:
                continue
            if names_namespaces(point):
                for namespace in dict.fromkeys(point.scope.namespaces):
                    self._named[point.origin, namespace].append(point)
            else:
                self._others[point.origin].append(point)

    def of(self, workload: Workload) -> list[RecoveryPoint]:
        """Return the points that claim the whole workload, the newest first."""
        near = self._named.get((workload.cluster, workload.namespace), [])
        far = self._others.get(workload.cluster, [])
        covering = [point for point in (*near, *far) if point.covers(workload)]
        return sorted(covering, key=lambda point: (point.begin, point.name), reverse=True)


def names_namespaces(point: RecoveryPoint) -> bool:
    """Whether it names its namespaces one by one, and holds nothing else."""
    scope = point.scope
    beside = scope.control_plane or scope.cluster_objects or scope.volumes
    return not beside and not any(_GLOB & set(pattern) for pattern in scope.namespaces)
