"""What endangers recovery points: the collector deletes by age alone, the last one too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from slackwater.model.finding import Finding
from slackwater.model.recovery_point import RecoveryPoint
from slackwater_velero.voice import Voice

SOON = timedelta(days=3)
"""A last recovery point that expires within this time is worth a finding."""

_FOREVER = datetime.max.replace(tzinfo=UTC)

Lasting = dict[tuple[str, str], RecoveryPoint]


def review_points(
    points: Sequence[RecoveryPoint], now: datetime, voice: Voice
) -> Iterator[Finding]:
    """Yield a finding for each namespace whose last usable point the collector is about to delete.

    Points of all namespaces stand for each single one, too. A point that never expires is safe.
    """
    lasting = _longest_lasting(points)
    for (origin, namespace), point in sorted(lasting.items(), key=lambda item: item[0]):
        whole = lasting.get((origin, "*"), point)
        left = _lasts(point) - now
        if left < SOON and _lasts(whole) <= _lasts(point):
            yield _about_to_go(point, origin, namespace, left, voice)


def _longest_lasting(points: Sequence[RecoveryPoint]) -> Lasting:
    best: dict[tuple[str, str], list[RecoveryPoint]] = defaultdict(list)
    for point in points:
        if point.usable and not point.scope.limits:
            for namespace in point.scope.namespaces:
                best[point.origin, namespace].append(point)
    return {key: max(each, key=_lasts) for key, each in best.items()}


def _lasts(point: RecoveryPoint) -> datetime:
    return point.expires or _FOREVER


def _about_to_go(
    point: RecoveryPoint, origin: str, namespace: str, left: timedelta, voice: Voice
) -> Finding:
    what = f"{origin or 'unknown cluster'}/{namespace}"
    hours = max(int(left.total_seconds() // 3600), 0)
    return voice.warning(
        "last-point-expires",
        what,
        f"{point.name} is the last recovery point of {what}, and Velero deletes it in {hours} h",
        "back it up again, or keep this one: "
        + voice.kubectl(
            f"patch backup {point.name} --type merge -p "
            """'{"status":{"expiration":"2099-01-01T00:00:00Z"}}'"""
        ),
    )
