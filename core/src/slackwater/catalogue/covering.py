"""Finds the recovery points of a workload without going through all of the fleet's.

An index over points that were gathered: derived, never kept, built anew with every gathering.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import TypeAlias, TypeVar

from slackwater.model.recovery_point import RecoveryPoint, Requirement, shortfalls
from slackwater.model.workload import Scope, Workload

T = TypeVar("T")

_GLOB = set("*?[")
_AFTER_ALL = datetime.max.replace(tzinfo=UTC)

Mark: TypeAlias = tuple[str, str]
"""The name of a mark, and the run that set it."""

Judgement: TypeAlias = tuple[str, ...] | None
"""What a point lacks; None where its contents are not known."""

Judged: TypeAlias = tuple[RecoveryPoint, Judgement]

_Scoped: TypeAlias = tuple[Scope, list[RecoveryPoint]]


class Covering:
    """Usable recovery points by the workload that they cover, and by the mark that they share.

    A fleet has many points and few scopes, so scopes are compared with a workload and not points.
    What is found for it is put into the order of time, and kept for the next question.
    """

    def __init__(self, points: Iterable[RecoveryPoint]) -> None:
        scopes: dict[tuple[str, Scope], list[RecoveryPoint]] = defaultdict(list)
        self._marks: dict[Mark, list[RecoveryPoint]] = defaultdict(list)
        self._broken: dict[str, list[RecoveryPoint]] = defaultdict(list)
        for point in points:
            if point.usable:
                scopes[point.origin, point.scope].append(point)
                if mark := mark_of(point):
                    self._marks[mark].append(point)
            elif point.begin is not None:
                self._broken[point.origin].append(point)
        self._scopes: dict[str, list[_Scoped]] = defaultdict(list)
        self._naming: dict[tuple[str, str], list[_Scoped]] = defaultdict(list)
        self._wide: dict[str, list[_Scoped]] = defaultdict(list)
        for (origin, scope), scoped in scopes.items():
            scoped.sort(key=order_of)
            self._scopes[origin].append((scope, scoped))
            if names_namespaces(scope):
                for namespace in dict.fromkeys(scope.namespaces):
                    self._naming[origin, namespace].append((scope, scoped))
            else:
                self._wide[origin].append((scope, scoped))
        self._timelines: dict[object, _Timeline] = {}

    def of(self, workload: Workload, moment: datetime = _AFTER_ALL) -> Iterator[RecoveryPoint]:
        """Yield the points that claim the whole workload and had ended by the moment.

        The newest ``begin`` comes first; of equal ones the later name.
        """
        timeline = self._timeline(workload)
        return timeline.newest_first(timeline.points, moment)

    def judged(
        self, workload: Workload, require: tuple[Requirement, ...], moment: datetime
    ) -> Iterator[Judged]:
        """Yield the same points, each with its shortfalls; None where nobody has looked inside.

        All points of a workload are judged when it is asked for first, so that later questions,
        about other moments, need not look at what they do not choose.
        """
        timeline = self._timeline(workload)
        judged = timeline.judged.get(require)
        if judged is None:
            judged = [(point, _judgement(point, workload, require)) for point in timeline.points]
            timeline.judged[require] = judged
        return timeline.newest_first(judged, moment)

    def newest_broken(self, workload: Workload, moment: datetime) -> RecoveryPoint | None:
        """Return the newest that was to hold the workload and is not usable, begun by the moment.

        It failed, was lost, or is still being made.
        """
        claiming = (
            point
            for point in self._broken.get(workload.cluster, ())
            if point.scope.covers(workload) and begin_of(point) <= moment
        )
        return max(claiming, key=order_of, default=None)

    def scopes(
        self, origin: str, moment: datetime
    ) -> Iterator[tuple[Scope, Iterator[RecoveryPoint]]]:
        """Yield what the points of a cluster claim that had begun by the moment.

        With each scope come its points, the newest first.
        """
        for scope, scoped in self._scopes.get(origin, ()):
            if begun := bisect_right(scoped, moment, key=begin_of):
                yield scope, map(scoped.__getitem__, range(begun - 1, -1, -1))

    def last_begin(self, mark: Mark, moment: datetime) -> datetime:
        """Return the latest begin among the parts of a mark that had ended by the moment.

        Raises ``ValueError`` where none had, or where there is no such mark.
        """
        parts = self._marks.get(mark, ())
        return max(begin_of(point) for point in parts if _end(point) <= moment)

    def _timeline(self, workload: Workload) -> _Timeline:
        key = workload.cluster, workload.kind, workload.namespace, workload.name
        timeline = self._timelines.get(key)
        if timeline is None:  # two threads may both make one, and both are right
            timeline = self._timelines[key] = _Timeline(self._claiming(workload))
        return timeline

    def _claiming(self, workload: Workload) -> Iterator[RecoveryPoint]:
        naming = self._naming.get((workload.cluster, workload.namespace), ())
        for scope, scoped in (*naming, *self._wide.get(workload.cluster, ())):
            if scope.covers(workload):
                yield from scoped


class _Timeline:
    """Points in the order of their begin, asked for from a moment backwards.

    A moment is found in plain numbers that lie side by side: to follow a reference to each point
    would cost more than everything else.
    """

    def __init__(self, points: Iterable[RecoveryPoint]) -> None:
        self.points = sorted(points, key=order_of)
        self.judged: dict[tuple[Requirement, ...], list[Judged]] = {}
        self._ends = array("d", (_end(point).timestamp() for point in self.points))
        # Ends need not come in the order of begins. The earliest end from each place on does, so
        # that a moment finds the place from which on nothing had ended.
        self._earliest_ends = array("d", accumulate(reversed(self._ends), min))[::-1]

    def newest_first(self, told: Sequence[T], moment: datetime) -> Iterator[T]:
        """Yield what is told of each point, in their order, that had ended by the moment."""
        until, ends = moment.timestamp(), self._ends
        for place in range(bisect_right(self._earliest_ends, until) - 1, -1, -1):
            if ends[place] <= until:
                yield told[place]


def _judgement(
    point: RecoveryPoint, workload: Workload, require: tuple[Requirement, ...]
) -> Judgement:
    return None if point.contents is None else shortfalls(point, workload, require)


def names_namespaces(scope: Scope) -> bool:
    """Whether it names its namespaces one by one, and holds nothing else."""
    beside = scope.control_plane or scope.cluster_objects or scope.volumes
    return not beside and not any(_GLOB & set(pattern) for pattern in scope.namespaces)


def mark_of(point: RecoveryPoint) -> Mark | None:
    """Return the mark that the point is a part of."""
    stamp = point.stamp
    return (stamp.mark, stamp.run) if stamp and stamp.mark else None


def order_of(point: RecoveryPoint) -> tuple[datetime, str]:
    """Return what orders points in time: the begin, and of equal ones the name."""
    return begin_of(point), point.name


def begin_of(point: RecoveryPoint) -> datetime:
    """Return the begin of a point that has one."""
    return _known(point.begin, point)


def _end(point: RecoveryPoint) -> datetime:
    return _known(point.end, point)


def _known(time: datetime | None, point: RecoveryPoint) -> datetime:
    if time is None:
        raise ValueError(f"{point.name} has no begin or no end")
    return time
