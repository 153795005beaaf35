"""Which recovery points the storage is asked about: ours, and then snapshots that others made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from slackwater.errors import SlackwaterError
from slackwater.model.recovery_point import PointId
from slackwater_csi.access import Here
from slackwater_csi.errors import TOOL
from slackwater_csi.facts import VolumeFacts
from slackwater_csi.listing import adopted_among, own_points
from slackwater_csi.objects import Content, Snapshot
from slackwater_csi.resources import CONTENTS, SNAPSHOTS
from slackwater_csi.site import Site
from slackwater_csi.states import Word, state_of
from slackwater_csi.translation import adopted_id

MOST = 50
"""Snapshots that are asked after at once: each is an object to be made."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class AskedPoint:
    """A point, when it was taken, and its snapshots in the storage."""

    id: PointId
    taken: datetime
    volumes: Sequence[VolumeFacts]


def asked_points(site: Site) -> Sequence[AskedPoint]:
    """Return the newest points of this cluster whose snapshots are not too many; ours first, for
    others may make more of them than can be asked after.

    Nothing where the store does not answer: which snapshots are ours is not known then.
    """
    if not site.here.served(f"{CONTENTS.group}/{CONTENTS.version}"):
        return ()
    snapshots, uid = site.here.list_if_served(SNAPSHOTS, Snapshot), site.here.uid()
    try:
        manifests = list(site.store().manifests(lambda _: None)) if site.settings.store else []
    except SlackwaterError:
        return ()
    own = [
        AskedPoint(PointId(tool=TOOL, store=site.store().identity, name=name), p.began, p.held)
        for name, p in own_points(manifests, uid)
    ]
    others = adopted_among(snapshots, {manifest.name for manifest in manifests})
    return _newest((*_by_age(own), *_by_age(_adopted(site.here, uid, list(others)))))


def _adopted(here: Here, uid: str, snapshots: Sequence[Snapshot]) -> Iterator[AskedPoint]:
    """Those that are called ready: what is not is told by itself."""
    listed = here.list_if_served(CONTENTS, Content) if snapshots else ()
    contents = {each.name: each for each in listed}
    for snapshot in snapshots:
        if state_of(snapshot, contents).word is Word.READY:
            content = contents[snapshot.content]
            volume = VolumeFacts(
                namespace=snapshot.metadata.namespace,
                claim=snapshot.claim,
                snapshot=snapshot.name,
                driver=content.spec.driver,
                handle=content.handle,
            )
            taken = snapshot.taken or _LONG_AGO
            yield AskedPoint(adopted_id(uid, snapshot), taken, (volume,))


def _by_age(points: Iterable[AskedPoint]) -> Sequence[AskedPoint]:
    return sorted(points, key=lambda each: each.taken, reverse=True)


def _newest(points: Iterable[AskedPoint]) -> Sequence[AskedPoint]:
    """Each whole, for half an answer is none. One that is larger by itself is asked after all the
    same.
    """
    chosen: list[AskedPoint] = []
    asked = 0
    for each in points:
        if each.volumes and (not chosen or asked + len(each.volumes) <= MOST):
            chosen.append(each)
            asked += len(each.volumes)
    return chosen
