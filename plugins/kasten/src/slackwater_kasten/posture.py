"""What endangers recovery points: manual ones that never go, last ones that are about to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from slackwater.model.finding import Finding
from slackwater.model.recovery_point import RecoveryPoint
from slackwater_kasten.voice import Voice

SOON = timedelta(days=3)
"""A last recovery point that expires within this time is worth a finding."""
OLD = timedelta(days=90)
"""A point made by hand that is older than this, and never expires, is worth a finding."""

_FOREVER = datetime.max.replace(tzinfo=UTC)


def review_points(
    points: Sequence[RecoveryPoint], now: datetime, voice: Voice
) -> Iterator[Finding]:
    """Yield findings about points of one cluster. Pure."""
    by_namespace: dict[tuple[str, str], list[RecoveryPoint]] = defaultdict(list)
    for point in points:
        if point.usable and not point.scope.limits:
            for namespace in point.scope.namespaces:
                by_namespace[point.origin, namespace].append(point)
    for (origin, namespace), found in sorted(by_namespace.items()):
        last = max(found, key=_lasts)
        if _lasts(last) - now < SOON:
            yield _about_to_go(last, f"{origin or 'unknown cluster'}/{namespace}", now, voice)
    yield from _never_expiring(points, now, voice)


def _lasts(point: RecoveryPoint) -> datetime:
    return point.expires or _FOREVER


def _about_to_go(point: RecoveryPoint, what: str, now: datetime, voice: Voice) -> Finding:
    hours = max(int((_lasts(point) - now).total_seconds() // 3600), 0)
    return voice.warning(
        "last-point-expires",
        what,
        f"{point.name} is the last recovery point of {what}, and K10 retires it in {hours} h",
        "back it up again",
    )


def _never_expiring(
    points: Sequence[RecoveryPoint], now: datetime, voice: Voice
) -> Iterator[Finding]:
    """K10's retention does not reach what was made by hand: it fills the primary storage."""
    kept = [
        point
        for point in points
        if point.made_by == "somebody"
        and point.expires is None
        and point.begin is not None
        and now - point.begin > OLD
    ]
    if kept:
        oldest = min(kept, key=lambda point: point.begin or now)
        yield voice.warning(
            "never-expires",
            voice.cluster,
            f"{len(kept)} recovery points made by hand are older than {OLD.days} days and never "
            f"expire, the oldest is {oldest.name}: their snapshots fill the storage",
            f"slackwater points delete {oldest.name}, if nobody needs it",
        )
