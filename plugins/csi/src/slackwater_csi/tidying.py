"""Clean-up after a backup: what no recovery point holds goes, and what one holds stays."""

from __future__ import annotations

from collections.abc import Mapping

from slackwater.model.act import Key
from slackwater_csi.acts import BackupWork
from slackwater_csi.facts import PointFacts, draft_name
from slackwater_csi.manifests import find_draft, find_point
from slackwater_csi.naming import point_name
from slackwater_csi.quieting import forget_hooks
from slackwater_csi.reading import groups_of_request, of_request
from slackwater_csi.removing import remove_group, remove_made
from slackwater_csi.resources import GroupKinds
from slackwater_csi.site import Site


def tidy(site: Site, work: BackupWork, key: Key) -> Mapping[str, object]:
    """Remove the snapshots of this run and request that were not published, and the draft.

    Never begun is fine: then nothing happens. Told is the point that stays, too: whoever takes the
    last act for the one that made it finds it there.
    """
    store, name = site.store(), point_name(work.stem, work.request, key)
    point = find_point(store, name)
    removed = _groups(site, work, key, point) if work.group else _snapshots(site, work, key, point)
    if work.held_within:
        forget_hooks(store, name)
    if find_draft(store, name) is not None:
        if point is None:
            store.delete(name)
        store.delete(draft_name(name))
    return {"removed": removed, **({"point": name} if point else {})}


def _snapshots(site: Site, work: BackupWork, key: Key, point: PointFacts | None) -> int:
    held = {volume.snapshot_uid for volume in point.held} if point else set()
    lost = [
        each
        for each in of_request(site.here, work.request, key)
        if each.metadata.uid not in held and each.metadata.deletion_timestamp is None
    ]
    for each in lost:
        remove_made(site.here, each)
    return len(lost)


def _groups(site: Site, work: BackupWork, key: Key, point: PointFacts | None) -> int:
    kinds = GroupKinds(work.group_version)
    held = point.group.name if point and point.group else ""
    found = groups_of_request(site.here, work.request, key, kinds)
    lost = [each for each in found if each.name != held]
    for each in lost:
        remove_group(site.here, work.namespace, each, kinds)
    return len(lost)
