"""Asks the storage systems whether the snapshots of recovery points are still there.

What was ready once is never asked after again (csi-snapshotter 8.7 passes over contents that are
ready), so a snapshot that was lost in its storage goes on being called ready. A content for its
handle that is bound to nothing makes csi-snapshotter ask its driver: it keeps the data when it is
deleted, and is deleted at once. Drivers that cannot list snapshots call any handle ready.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from slackwater.backend.polling import answered
from slackwater.errors import ObjectExists
from slackwater.model.finding import Finding
from slackwater_csi import labels
from slackwater_csi.access import Here
from slackwater_csi.facts import PointFacts, VolumeFacts
from slackwater_csi.naming import digest
from slackwater_csi.objects import Content, Named
from slackwater_csi.resources import CONTENTS, manifest
from slackwater_csi.voice import Voice

MOST = 50
"""Snapshots that are asked after at once, the newest first: each is an object to be made."""
_ANSWERED_WITHIN = 3.0


def look_for(here: Here, points: Mapping[str, PointFacts], voice: Voice) -> Iterator[Finding]:
    """Yield a finding for every point whose snapshots the storage has lost. Leaves nothing."""
    asked = _newest(points)
    if not asked:
        return
    names = {_name(volume): (point, volume) for point, volume in asked}
    try:
        for name, (_, volume) in names.items():
            _ask(here, name, volume)
        told = _answers(here, set(names))
    finally:
        for name in _standing(here):
            here.delete(CONTENTS, name)
    for name, (point, volume) in names.items():
        if labels.NOT_FOUND in told.get(name, ""):
            yield voice.error(
                "snapshot-gone",
                point,
                f"the snapshot of {volume.namespace}/{volume.claim} is gone from the storage of "
                f"{volume.driver} ({volume.handle}); Kubernetes was not told",
                "do not count on this recovery point: back up again, and delete it",
            )


def _newest(points: Mapping[str, PointFacts]) -> Sequence[tuple[str, VolumeFacts]]:
    ordered = sorted(points.items(), key=lambda each: each[1].began, reverse=True)
    return [(name, v) for name, facts in ordered for v in facts.held if v.handle][:MOST]


def _name(volume: VolumeFacts) -> str:
    return f"sw-look-{digest([volume.driver, volume.handle])[:16]}"


def _ask(here: Here, name: str, volume: VolumeFacts) -> None:
    body = manifest(
        CONTENTS,
        name,
        labels={labels.LOOK: "yes"},
        spec={
            "deletionPolicy": "Retain",
            "driver": volume.driver,
            "source": {"snapshotHandle": volume.handle},
            "volumeSnapshotRef": {"name": name, "namespace": volume.namespace},
        },
    )
    with suppress(ObjectExists):  # of a look that was killed: the answer is as good
        here.create(CONTENTS, body)


def _answers(here: Here, names: set[str]) -> Mapping[str, str]:
    """What was told of each: its error, or nothing where it is there. Silence is no answer."""
    told: dict[str, str] = {}

    def all_told() -> bool:
        for content in here.list(CONTENTS, Content, selector=f"{labels.LOOK}=yes"):
            status = content.status
            if status is not None and (status.ready_to_use is True or status.error is not None):
                told[content.name] = (status.error.message or "") if status.error else ""
        return names <= set(told)

    answered(all_told, within=_ANSWERED_WITHIN)
    return told


def _standing(here: Here) -> Sequence[str]:
    return [each.name for each in here.list(CONTENTS, Named, selector=f"{labels.LOOK}=yes")]
