"""Which recovery points make moment T.

Pure, but for reading contents through a given function; workloads are looked at side by side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from slackwater.catalogue.covering import Covering
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
    points: Iterable[RecoveryPoint],
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
    usable = [p for p in points if p.usable and p.end is not None and p.end <= moment]
    covering = Covering(usable)

    def newest_of(item: Wanted) -> Selection:
        return _newest(item, covering, read, accept_partial=accept_partial)

    newest = side_by_side(newest_of, wanted)
    marked = _shared_mark(wanted, newest, usable, read, tolerance)
    if marked is None:
        return Selections(tuple(newest))
    mark, parts = marked
    return Selections(tuple(parts), mark=mark)


def _newest(wanted: Wanted, points: Covering, read: Reader, *, accept_partial: bool) -> Selection:
    passed: list[tuple[RecoveryPoint, tuple[str, ...]]] = []
    for candidate in points.of(wanted.workload)[:MOST_READ]:
        known = read(candidate)
        gaps = shortfalls(known, wanted.workload, wanted.require)
        if not gaps or (accept_partial and known.contents is not None):
            return Selection(wanted, known, gaps, tuple(passed))
        passed.append((known, gaps))
    return Selection(wanted, None, passed_over=tuple(passed))


def _latest_first(points: Iterable[RecoveryPoint]) -> list[RecoveryPoint]:
    return sorted(points, key=_begin, reverse=True)


def _begin(point: RecoveryPoint) -> datetime:
    if point.begin is None:
        raise ValueError(f"{point.name} has no begin")
    return point.begin


def _shared_mark(
    wanted: Sequence[Wanted],
    newest: Sequence[Selection],
    points: Iterable[RecoveryPoint],
    read: Reader,
    tolerance: timedelta,
) -> tuple[str, list[Selection]] | None:
    """Return the newest mark that holds a good point for every workload, within tolerance."""
    if len(wanted) < 2:
        return None
    for (name, _run), members in _marks_latest_first(points):
        parts = [_part(item, members, read) for item in wanted]
        chosen = [part for part in parts if part is not None]
        if len(chosen) == len(wanted) and _within(chosen, newest, tolerance):
            return name, chosen
    return None


def _marks_latest_first(
    points: Iterable[RecoveryPoint],
) -> list[tuple[tuple[str, str], list[RecoveryPoint]]]:
    marks: Mapping[tuple[str, str], list[RecoveryPoint]] = defaultdict(list)
    for point in points:
        if point.stamp and point.stamp.mark:
            marks[point.stamp.mark, point.stamp.run].append(point)
    return sorted(marks.items(), key=lambda item: max(map(_begin, item[1])), reverse=True)


def _part(wanted: Wanted, members: Iterable[RecoveryPoint], read: Reader) -> Selection | None:
    for member in _latest_first(p for p in members if p.covers(wanted.workload)):
        known = read(member)
        if not shortfalls(known, wanted.workload, wanted.require):
            return Selection(wanted, known)
    return None


def _within(parts: Sequence[Selection], newest: Sequence[Selection], tolerance: timedelta) -> bool:
    for part, best in zip(parts, newest, strict=True):
        if part.point is None or best.point is None:
            return False
        if _begin(best.point) - _begin(part.point) > tolerance:
            return False
    return True
