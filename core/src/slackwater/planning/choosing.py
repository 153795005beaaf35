"""Which recovery points make moment T.

Pure, but for reading contents through a given function; workloads are looked at side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from slackwater.catalogue.covering import Covering, Judged, Mark, begin_of, mark_of
from slackwater.catalogue.gathering import side_by_side
from slackwater.model.recovery_point import RecoveryPoint, Requirement, shortfalls
from slackwater.model.workload import Workload

Reader = Callable[[RecoveryPoint], RecoveryPoint]
"""Returns the same point with its contents read (from the ledger, or from the tool)."""

MOST_READ = 20
"""Newest points looked into per workload before the search is given up as hopeless."""


@dataclass(frozen=True)
class Wanted:
    """A workload to be brought back, and what its recovery point must hold."""

    workload: Workload
    require: tuple[Requirement, ...]


@dataclass(frozen=True)
class Selection:
    """What was found for one workload.

    ``point`` is the chosen one; None where nothing serves. ``gaps`` say what it lacks (only with
    ``accept_partial``). ``passed_over`` are newer points that were not good, with their reasons.
    """

    wanted: Wanted
    point: RecoveryPoint | None
    gaps: tuple[str, ...] = ()
    passed_over: tuple[tuple[RecoveryPoint, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Selections:
    """The points for all workloads, and the mark that they share, if they do."""

    items: tuple[Selection, ...]
    mark: str = ""

    @property
    def spread(self) -> timedelta | None:
        """Earliest to latest begin of the chosen points; None with fewer than two."""
        begins = [s.point.begin for s in self.items if s.point and s.point.begin]
        return max(begins) - min(begins) if len(begins) > 1 else None


def choose(
    wanted: Sequence[Wanted],
    points: Covering,
    moment: datetime,
    read: Reader,
    *,
    tolerance: timedelta,
    accept_partial: bool = False,
) -> Selections:
    """Choose one recovery point per workload for the moment.

    A shared mark wins if no part of it loses more than ``tolerance`` against the newest good point
    of that workload; else it is the newest good one of each. Good means: succeeded, contents
    known, and holding what is required; its ``end`` at or before the moment.
    """
    search = _Search(points, moment, read, tolerance, accept_partial)
    newest = search.newest_of_each(wanted)
    return search.shared_mark(newest) or Selections(tuple(newest))


@dataclass(frozen=True)
class _Search:
    """The question that is asked for each workload alike."""

    points: Covering
    moment: datetime
    read: Reader
    tolerance: timedelta
    accept_partial: bool

    def newest_of_each(self, wanted: Sequence[Wanted]) -> list[Selection]:
        """Choose at once where everything is known; threads help where something must be read."""
        found: list[Selection | None] = []
        for item in wanted:
            try:
                found.append(self._newest(item, _refuse))
            except _Unread:
                found.append(None)
        waiting = [item for item, known in zip(wanted, found, strict=True) if known is None]
        read = iter(side_by_side(lambda item: self._newest(item, self.read), waiting))
        return [next(read) if known is None else known for known in found]

    def shared_mark(self, newest: Sequence[Selection]) -> Selections | None:
        """Return the newest mark that holds a good point for every workload, within tolerance."""
        if len(newest) < 2:
            return None
        for mark in self._marks_at(newest[0]):
            parts = list(takewhile(bool, (self._part(mark, best) for best in newest)))
            if len(parts) == len(newest):
                return Selections(tuple(filter(None, parts)), mark=mark[0])
        return None

    def _newest(self, wanted: Wanted, read: Reader) -> Selection:
        passed: list[tuple[RecoveryPoint, tuple[str, ...]]] = []
        for candidate in self.points.judged(wanted.workload, wanted.require, self.moment):
            point, gaps = _looked_into(candidate, wanted, read)
            if not gaps or (self.accept_partial and point.contents is not None):
                return Selection(wanted, point, gaps, tuple(passed))
            passed.append((point, gaps))
            if len(passed) == MOST_READ:
                break
        return Selection(wanted, None, passed_over=tuple(passed))

    def _bearable(self, best: Selection) -> Iterator[Judged]:
        """Yield the points that lose no more than the tolerance against the newest good one."""
        if best.point is None:
            return
        earliest = begin_of(best.point) - self.tolerance
        wanted = best.wanted
        for candidate in self.points.judged(wanted.workload, wanted.require, self.moment):
            if begin_of(candidate[0]) < earliest:
                return
            yield candidate

    def _marks_at(self, best: Selection) -> list[Mark]:
        """Return the marks that may replace the newest point of a workload, the latest first."""
        marks = {mark for point, _ in self._bearable(best) if (mark := mark_of(point))}
        if len(marks) < 2:  # nothing to be compared: a mark may have a part in every namespace
            return list(marks)

        def latest(mark: Mark) -> tuple[datetime, Mark]:
            return self.points.last_begin(mark, self.moment), mark

        return sorted(marks, key=latest, reverse=True)

    def _part(self, mark: Mark, best: Selection) -> Selection | None:
        """Return the newest good part of a mark for a workload, if that loses little enough."""
        wanted = best.wanted
        if best.point and not best.gaps and mark_of(best.point) == mark:
            return Selection(wanted, best.point)
        for candidate in self._bearable(best):
            if mark_of(candidate[0]) == mark:
                point, gaps = _looked_into(candidate, wanted, self.read)
                if not gaps:
                    return Selection(wanted, point)
        return None


class _Unread(Exception):
    """Nobody has looked into the point yet."""


def _refuse(_: RecoveryPoint) -> RecoveryPoint:
    raise _Unread


def _looked_into(
    candidate: Judged, wanted: Wanted, read: Reader
) -> tuple[RecoveryPoint, tuple[str, ...]]:
    point, gaps = candidate
    if gaps is not None:
        return point, gaps
    known = read(point)
    return known, shortfalls(known, wanted.workload, wanted.require)
