"""What was found out about the data of recovery points, where their tool asks only once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from slackwater.model.finding import Finding, Severity
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import (
    Contents,
    DataSight,
    PointId,
    RecoveryPoint,
    Whereabouts,
)


class KnownData(Protocol):
    """Where it is kept: the ledger."""

    def data_seen(self, ids: Sequence[PointId]) -> dict[PointId, DataSight]:
        """Return what was last said of the data of these points."""


def with_data_seen(points: Sequence[RecoveryPoint], memory: KnownData) -> tuple[RecoveryPoint, ...]:
    """Judge points by what was found out about their data when its place was last asked."""
    old = [point.id for point in points if point.data is not None]
    sights = memory.data_seen(old) if old else {}
    return tuple(
        judged(point, sights[point.id]) if point.id in sights else point for point in points
    )


def judged(point: RecoveryPoint, sight: DataSight) -> RecoveryPoint:
    """Return the point as it is by what was said of its data: what is lost is not held.

    An answer from before the point was made is about another one of its name.
    """
    older = point.end is not None and sight.at is not None and sight.at < point.end
    if older or point.data == sight:
        return point
    if sight.whereabouts is not Whereabouts.GONE:
        return point.model_copy(update={"data": sight})
    phase = Phase.PARTIAL if point.phase.usable else point.phase
    contents = _without(point.contents, sight) if point.contents else None
    findings = (*point.findings, data_gone(point, sight))
    update = {"data": sight, "phase": phase, "contents": contents, "findings": findings}
    return point.model_copy(update=update)


def _without(contents: Contents, sight: DataSight) -> Contents:
    lost = {"held": False, "reason": "its data is gone"}
    volumes = (
        v.model_copy(update=lost) if (v.namespace, v.claim) in sight.lost else v
        for v in contents.volumes
    )
    return contents.model_copy(update={"volumes": tuple(volumes)})


def data_gone(point: RecoveryPoint, sight: DataSight, cluster: str = "") -> Finding:
    """Data of the point is gone, and its tool was not told."""
    return Finding(
        severity=Severity.ERROR,
        code="data-gone",
        subject=point.name,
        message=sight.message or "its data is gone from the place where it lay",
        way_out="do not count on this recovery point: back up again, and delete it",
        cluster=cluster or point.origin,
        tool=point.id.tool,
    )
