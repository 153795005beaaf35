"""How far the clusters' clocks are off: a moment is only as exact as the clocks that name it."""

from __future__ import annotations

from slackwater.clusters import Cluster
from slackwater.model.finding import Finding, Severity

TOLERANCE = 5.0
"""Seconds by which a cluster's clock may be wrong before it is worth a line."""


def wrong_clock(cluster: Cluster) -> Finding | None:
    """Measure a cluster's clock; return a finding where it is off. Raises as the cluster does."""
    offset = cluster.server_time_offset()
    if abs(offset.seconds) <= TOLERANCE + offset.error:
        return None
    way = "ahead of" if offset.seconds > 0 else "behind"
    return Finding(
        severity=Severity.WARNING,
        code="clock",
        subject=cluster.name,
        message=f"its clock is {abs(offset.seconds):.0f} s {way} ours: so are the times that tools"
        " there give to their recovery points",
        way_out="let NTP keep the time there and here; until then look at the times with this in"
        " mind",
        cluster=cluster.name,
    )
