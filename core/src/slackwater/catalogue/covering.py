"""Finds the recovery points of a workload without going through all of the fleet's.

An index over points that were gathered: derived, never kept, built anew with every gathering.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import TypeAlias

from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.workload import Scope, Workload

_GLOB = set("*?[")
_AFTER_ALL = datetime.max.replace(tzinfo=UTC)

Mark: TypeAlias = tuple[str, str]
"""The name of a mark, and the run that set it."""


class Covering:
    """Usable recovery points by the workload that they cover, and by the mark that they share.

    A fleet has many points and few scopes: points of one scope stand together in the order of
    time. Most scopes name their namespaces and are looked up; only those of whole clusters are
    compared with the workload.
    """

    def __init__(self, points: Iterable[RecoveryPoint]) -> None:
        scopes: dict[tuple[str, Scope], list[RecoveryPoint]] = defaultdict(list)
        marks: dict[Mark, list[RecoveryPoint]] = defaultdict(list)
        for point in points:
            if point.usable:
                scopes[point.origin, point.scope].append(point)
                if mark := mark_of(point):
                    marks[mark].append(point)
        self._marks = {mark: _Timeline(parts) for mark, parts in marks.items()}
        self._naming: dict[tuple[str, str], list[tuple[Scope, _Timeline]]] = defaultdict(list)
        self._wide: dict[str, list[tuple[Scope, _Timeline]]] = defaultdict(list)
        for (origin, scope), of_scope in scopes.items():
            timeline = _Timeline(of_scope)
            if _names_only(scope):
                for namespace in dict.fromkeys(scope.namespaces):
                    self._naming[origin, namespace].append((scope, timeline))
            else:
                self._wide[origin].append((scope, timeline))

    def of(self, workload: Workload, moment: datetime = _AFTER_ALL) -> Iterator[RecoveryPoint]:
        """Yield the points that claim the whole workload and had ended by the moment.

        The newest ``begin`` comes first; of equal ones the later name.
        """
        near = self._naming.get((workload.cluster, workload.namespace), ())
        far = self._wide.get(workload.cluster, ())
        lines = [
            timeline.newest_first(moment)
            for scope, timeline in (*near, *far)
            if scope.covers(workload)
        ]
        return lines[0] if len(lines) == 1 else heapq.merge(*lines, key=_order, reverse=True)

    def last_begin(self, mark: Mark, moment: datetime) -> datetime:
        """Return the latest begin among the parts of a mark that had ended by the moment.

        Raises ``KeyError`` for a mark that is not there, ``StopIteration`` where none had ended.
        """
        return _begin(next(self._marks[mark].newest_first(moment)))


class _Timeline:
    """Usable points in the order of their begin, asked for from a moment backwards."""

    def __init__(self, points: Sequence[RecoveryPoint]) -> None:
        self._points = sorted(points, key=_order)
        # Ends need not come in the order of begins. The earliest end from each place on does, so
        # that a moment finds the place from which on nothing had ended.
        ends = accumulate((_end(point) for point in reversed(self._points)), min)
        self._earliest_ends = list(ends)[::-1]

    def newest_first(self, moment: datetime) -> Iterator[RecoveryPoint]:
        for place in range(bisect_right(self._earliest_ends, moment) - 1, -1, -1):
            point = self._points[place]
            if _end(point) <= moment:
                yield point


def names_namespaces(point: RecoveryPoint) -> bool:
    """Whether it names its namespaces one by one, and holds nothing else."""
    return _names_only(point.scope)


def _names_only(scope: Scope) -> bool:
    beside = scope.control_plane or scope.cluster_objects or scope.volumes
    return not beside and not any(_GLOB & set(pattern) for pattern in scope.namespaces)


def mark_of(point: RecoveryPoint) -> Mark | None:
    """Return the mark that the point is a part of."""
    stamp = point.stamp
    return (stamp.mark, stamp.run) if stamp and stamp.mark else None


def _order(point: RecoveryPoint) -> tuple[datetime, str]:
    return _begin(point), point.name


def _begin(point: RecoveryPoint) -> datetime:
    return _known(point.begin, point)


def _end(point: RecoveryPoint) -> datetime:
    return _known(point.end, point)


def _known(time: datetime | None, point: RecoveryPoint) -> datetime:
    if time is None:
        raise ValueError(f"{point.name} has no begin or no end")
    return time
