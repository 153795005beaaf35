"""The choice for a moment in the plainest words: every point is looked at for every workload.

What planning does by an index must come to the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from slackwater.model.recovery_point import RecoveryPoint, shortfalls
from slackwater.planning.choosing import Wanted

Read = Callable[[RecoveryPoint], RecoveryPoint]
Chosen = tuple[str, list[tuple[str | None, tuple[str, ...], list[str]]]]
"""The mark, and for each workload: the point, what it lacks, and what was passed over."""


def plainly_chosen(
    wanted: Sequence[Wanted],
    points: Sequence[RecoveryPoint],
    moment: datetime,
    read: Read,
    *,
    tolerance: timedelta,
    accept_partial: bool,
    most_read: int,
) -> Chosen:
    """Return what ``choose`` has to answer."""
    usable = [p for p in points if p.usable and p.end is not None and p.end <= moment]
    usable.sort(key=_order, reverse=True)
    newest = [_newest(item, usable, read, accept_partial, most_read) for item in wanted]
    for mark in _marks_latest_first(usable) if len(wanted) > 1 else []:
        parts = [_part(item, mark, usable, read) for item in wanted]
        if all(
            _bearable(part, best[0], tolerance) for part, best in zip(parts, newest, strict=True)
        ):
            return mark[0], [(part.name, (), []) for part in parts if part]
    return "", [(best and best.name, gaps, passed) for best, gaps, passed in newest]


def _newest(
    item: Wanted, points: Sequence[RecoveryPoint], read: Read, accept_partial: bool, most_read: int
) -> tuple[RecoveryPoint | None, tuple[str, ...], list[str]]:
    passed = []
    for point in [p for p in points if p.covers(item.workload)][:most_read]:
        known = read(point)
        gaps = shortfalls(known, item.workload, item.require)
        if not gaps or (accept_partial and known.contents is not None):
            return known, gaps, passed
        passed.append(point.name)
    return None, (), passed


def _part(
    item: Wanted, mark: tuple[str, str], points: Sequence[RecoveryPoint], read: Read
) -> RecoveryPoint | None:
    members = (p for p in points if _mark(p) == mark and p.covers(item.workload))
    good = (p for p in members if not shortfalls(read(p), item.workload, item.require))
    return next(good, None)


def _bearable(part: RecoveryPoint | None, best: RecoveryPoint | None, tolerance: timedelta) -> bool:
    if part is None or best is None or part.begin is None or best.begin is None:
        return False
    return best.begin - part.begin <= tolerance


def _marks_latest_first(points: Sequence[RecoveryPoint]) -> list[tuple[str, str]]:
    latest = {}
    for point in reversed(points):
        if mark := _mark(point):
            latest[mark] = point.begin
    return sorted(latest, key=lambda mark: (latest[mark], mark), reverse=True)


def _mark(point: RecoveryPoint) -> tuple[str, str] | None:
    return (point.stamp.mark, point.stamp.run) if point.stamp and point.stamp.mark else None


def _order(point: RecoveryPoint) -> tuple[datetime, str]:
    assert point.begin is not None
    return point.begin, point.name
