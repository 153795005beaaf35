"""Our stamp on a Backup: written as annotations, with labels to select by; read back from there."""

from __future__ import annotations

from collections.abc import Mapping

from slackwater.model.recovery_point import Stamp
from slackwater_velero import labels


def stamp_labels(stamp: Stamp) -> dict[str, str]:
    """Return the labels that people may select by; empty values are left out."""
    values = {
        labels.CLUSTER: labels.readable_label(stamp.cluster),
        labels.POLICY: labels.readable_label(stamp.policy),
        labels.MARK: labels.readable_label(stamp.mark),
    }
    return {name: value for name, value in values.items() if value}


def stamp_annotations(stamp: Stamp) -> dict[str, str]:
    """Return the stamp word for word; empty values are left out."""
    values = {
        labels.CLUSTER: stamp.cluster,
        labels.CLUSTER_UID: stamp.cluster_uid,
        labels.RUN: stamp.run,
        labels.POLICY: stamp.policy,
        labels.MARK: stamp.mark,
        labels.MARK_PARTS: str(stamp.mark_parts or ""),
        labels.SPREAD: "" if stamp.spread is None else str(stamp.spread),
    }
    return {name: value for name, value in values.items() if value}


def later_annotations(values: Mapping[str, str]) -> dict[str, str]:
    """Return what is written on a Backup after it was made (``mark_parts`` as ``mark-parts``)."""
    return {f"{labels.OURS}{name.replace('_', '-')}": value for name, value in values.items()}


def read_stamp(annotations: Mapping[str, str] | None) -> Stamp | None:
    """Return the stamp, or None where the Backup is not ours."""
    if not annotations or labels.CLUSTER not in annotations:
        return None
    said = annotations.get
    return Stamp(
        cluster=annotations[labels.CLUSTER],
        cluster_uid=said(labels.CLUSTER_UID, ""),
        run=said(labels.RUN, ""),
        policy=said(labels.POLICY, ""),
        mark=said(labels.MARK, ""),
        mark_parts=_whole(said(labels.MARK_PARTS, "")),
        spread=_seconds(said(labels.SPREAD, "")),
    )


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
