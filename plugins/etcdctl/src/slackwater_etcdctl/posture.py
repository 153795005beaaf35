"""What has become of recovery points since they were made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slackwater.model.finding import Finding, Severity
from slackwater.model.recovery_point import RecoveryPoint


def review(points: Sequence[RecoveryPoint], cluster: str) -> Iterator[Finding]:
    """Yield what is lost or damaged of this cluster's points, and of those that may be its own.

    A store is shared by clusters, and each speaks of its own; of a manifest that cannot be read
    nobody knows whose it is.
    """
    for point in points:
        if point.origin in ("", cluster):
            yield from (f for f in point.findings if f.severity is Severity.ERROR)
