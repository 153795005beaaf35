"""Shows snapshots of the storage system in a namespace for the time of a restore, and hides them.

A static content for each handle, kept on deletion, and a snapshot that names it: so a claim can be
made in any namespace, whatever has become of the objects that stood for the snapshot before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from slackwater.clusters import Resource
from slackwater.errors import ObjectExists
from slackwater.model.act import Act, Key
from slackwater_csi import labels
from slackwater_csi.acts import RestoreWork
from slackwater_csi.facts import VolumeFacts
from slackwater_csi.naming import member_name
from slackwater_csi.objects import Claim, Content, Named, Snapshot
from slackwater_csi.reading import of_request
from slackwater_csi.resources import CLAIMS, CLASSES, CONTENTS, SNAPSHOTS, SPACES, manifest
from slackwater_csi.site import Site
from slackwater_csi.starting import create_once, made_under, marks, request_selector


def start_show(site: Site, act: Act, work: RestoreWork, key: Key) -> str:
    """Create contents and snapshots for all volumes; return the operation's handle."""
    here = site.here
    made_already = {each.claim for each in made_under(here, SNAPSHOTS, act, key)}
    ensure_namespace(site, work)
    classes = {each.snapshot_class for each in work.volumes}
    known = {name for name in classes if name and _class_is_there(site, name)}
    made = marks(act, key, work.request)
    for volume in work.volumes:
        if volume.claim in made_already:
            continue
        name = member_name(key.name(work.stem, longest=54), f"{work.namespace}/{volume.claim}")
        for kind, body in _pair(work, made, volume, name, known):
            create_once(here, kind, body, act, key)
    return f"show/{work.namespace}/{key.digest}/{len(work.volumes)}"


def ensure_namespace(site: Site, work: RestoreWork) -> None:
    """Create the namespace with the labels that it had, where it is not there."""
    if site.here.find(SPACES, work.namespace, Named) is None:
        with suppress(ObjectExists):
            site.here.create(SPACES, manifest(SPACES, work.namespace, labels=work.labels))


def hide(site: Site, work: RestoreWork, key: Key) -> Mapping[str, object]:
    """Remove what was shown; the data stays. What a claim still waits for stays as well."""
    here = site.here
    waited_for = _waited_for(site, work, key)
    hidden, kept = 0, []
    for snapshot in of_request(here, work.request, key):
        if work.name_of(snapshot.claim) in waited_for:
            kept.append(snapshot)
            continue
        space, uid = snapshot.metadata.namespace, snapshot.metadata.uid
        hidden += here.delete(SNAPSHOTS, snapshot.name, namespace=space, uid=uid)
    stays = {snapshot.content for snapshot in kept}
    selector = request_selector(work.request, key)
    for content in here.list(CONTENTS, Content, selector=selector):
        # Only what we made to show something; its data belongs to the recovery point.
        if content.name not in stays and content.spec.deletion_policy == "Retain":
            mark = {"metadata": {"annotations": {labels.BEING_DELETED: "yes"}}}
            here.patch(CONTENTS, content.name, mark)
            here.delete(CONTENTS, content.name, uid=content.metadata.uid)
    findings = [_stays(site, snapshot, work.name_of(snapshot.claim)) for snapshot in kept]
    return {"hidden": hidden, "findings": findings} if findings else {"hidden": hidden}


def _waited_for(site: Site, work: RestoreWork, key: Key) -> set[str]:
    """Claims of this restore without a volume: taking their snapshot away would strand them."""
    selector = request_selector(work.request, key)
    found = site.here.list(CLAIMS, Claim, namespace=work.namespace, selector=selector)
    return {claim.name for claim in found if not claim.bound}


def _stays(site: Site, snapshot: Snapshot, claim: str) -> Mapping[str, object]:
    space = snapshot.metadata.namespace
    found = site.voice.warning(
        "snapshot-stays",
        f"{space}/{snapshot.name}",
        f"the claim {claim} has no volume yet, so the snapshot that it comes from stays",
        f"once the claim is bound: kubectl -n {space} delete volumesnapshot {snapshot.name}; "
        f"kubectl delete volumesnapshotcontent {snapshot.content}",
    )
    return found.model_dump(mode="json")


def _class_is_there(site: Site, name: str) -> bool:
    return site.here.find(CLASSES, name, Named) is not None


def _pair(
    work: RestoreWork, made: Mapping[str, str], volume: VolumeFacts, name: str, known: set[str]
) -> Iterable[tuple[Resource, Mapping[str, object]]]:
    notes = {labels.CLAIM: volume.claim, labels.WITHIN: f"{work.within:g}"}
    of_class = volume.snapshot_class
    classed = {"volumeSnapshotClassName": of_class} if of_class in known else {}
    yield (
        CONTENTS,
        manifest(
            CONTENTS,
            name,
            labels=made,
            spec={
                "deletionPolicy": "Retain",
                "driver": volume.driver,
                "source": {"snapshotHandle": volume.handle},
                "sourceVolumeMode": volume.volume_mode,
                "volumeSnapshotRef": {"name": name, "namespace": work.namespace},
                **classed,
            },
        ),
    )
    yield (
        SNAPSHOTS,
        manifest(
            SNAPSHOTS,
            name,
            work.namespace,
            labels=made,
            annotations=notes,
            spec={"source": {"volumeSnapshotContentName": name}, **classed},
        ),
    )
