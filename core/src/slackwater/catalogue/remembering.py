"""Recovery points that nobody shows at the moment, because the cluster that did is silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from slackwater.catalogue.gathering import Catalogue
from slackwater.catalogue.merging import newest_first
from slackwater.model.finding import Finding, Severity
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.request import PointQuery


def with_remembered(
    catalogue: Catalogue, remembered: Sequence[RecoveryPoint], query: PointQuery, now: datetime
) -> Catalogue:
    """Add what was read of silent clusters before, and say that it is only remembered.

    Their store may still be there though nobody shows it: a plan can have it shown to its target,
    and only then is a remembered point believed. One that has expired since is left out.
    """
    shown = {point.id for point in catalogue.points}
    added = [
        point
        for point in remembered
        if point.id not in shown and query.wants(point) and not _expired(point, now)
    ]
    if not added:
        return catalogue
    origins = sorted({point.origin for point in added})
    findings = [_as_remembered(origin, added) for origin in origins]
    return replace(
        catalogue,
        points=newest_first([*catalogue.points, *added]),
        findings=(*catalogue.findings, *findings),
    )


def _expired(point: RecoveryPoint, now: datetime) -> bool:
    return point.expires is not None and point.expires <= now


def _as_remembered(origin: str, points: Sequence[RecoveryPoint]) -> Finding:
    count = sum(point.origin == origin for point in points)
    return Finding(
        severity=Severity.WARNING,
        code="only-remembered",
        subject=origin,
        message=f"{count} of its recovery points are shown from memory: it is silent, and no other"
        " cluster shows their store",
        way_out="show its store to another cluster, read-only; slackwater doctor says how",
        cluster=origin,
    )
