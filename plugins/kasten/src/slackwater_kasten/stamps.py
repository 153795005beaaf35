"""Our stamp: written as labels of the actions that make a point, and read back from there.

A content cannot be labelled, so a point that has lost its actions (with its namespace, say) has
lost its stamp, unless an export of it is left: exports lie in K10's own namespace.
"""

from __future__ import annotations

from collections.abc import Mapping

from slackwater.model.recovery_point import Stamp
from slackwater_kasten import labels


def stamp_labels(stamp: Stamp) -> dict[str, str]:
    """Return the labels; empty values are left out."""
    values = {
        labels.CLUSTER: stamp.cluster,
        labels.CLUSTER_UID: stamp.cluster_uid,
        labels.RUN: stamp.run,
        labels.POLICY: stamp.policy,
        labels.MARK: stamp.mark,
        labels.MARK_PARTS: str(stamp.mark_parts or ""),
    }
    return {name: labels.written(value) for name, value in values.items() if value}


def read_stamp(found: Mapping[str, str] | None) -> Stamp | None:
    """Return the stamp, or None where it is not ours."""
    if not found or labels.CLUSTER not in found:
        return None

    def said(name: str) -> str:
        return labels.read(found.get(name, ""))

    parts = said(labels.MARK_PARTS)
    return Stamp(
        cluster=said(labels.CLUSTER),
        cluster_uid=said(labels.CLUSTER_UID),
        run=said(labels.RUN),
        policy=said(labels.POLICY),
        mark=said(labels.MARK),
        mark_parts=int(parts) if parts.isdecimal() else 0,
    )
