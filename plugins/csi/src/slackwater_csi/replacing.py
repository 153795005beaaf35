"""Exchanges the volume of a claim, in place: the old one is kept, and put back where it fails.

There is no restore in place in CSI: the claim is deleted and made anew from the snapshot. Its old
volume is set to Retain before, so that it stays, and is named with its way back.
"""

from __future__ import annotations

from collections.abc import Mapping

from slackwater.backend import Report, Stopped
from slackwater.backend.polling import answered
from slackwater.errors import ObjectExists
from slackwater.model.act import Key
from slackwater.model.operation import Progress
from slackwater_csi import labels
from slackwater_csi.acts import Replaced, RestoreWork
from slackwater_csi.errors import gone_wrong, not_yet
from slackwater_csi.naming import run_hash
from slackwater_csi.objects import Claim, StorageClass, Volume
from slackwater_csi.resources import CLAIMS, STORAGE, VOLUMES
from slackwater_csi.site import Site

_FREE_WITHIN = 30.0


def release(site: Site, work: RestoreWork, key: Key, report: Report) -> Mapping[str, object]:
    """Keep the volumes of the claims, and delete the claims. Done again, it goes on."""
    for number, replaced in enumerate(work.replaced, start=1):
        if report.stopping:
            raise Stopped
        _release(site, work, replaced, key, report)
        report.progress(Progress(done=number, total=len(work.replaced), unit="claims"))
    return {"kept": {each.claim: each.volume for each in work.replaced}}


def put_back(site: Site, work: RestoreWork, key: Key) -> Mapping[str, object]:
    """Give claims that were not brought back their old volumes again.

    What was replaced stays replaced, and what was never touched stays as it is.
    """
    done = [
        each.claim for each in work.replaced if _was_taken(site, each, key) and
        not _replaced_well(site, each, work, key)
    ]  # fmt: skip
    for replaced in work.replaced:
        if replaced.claim in done:
            _put_back(site, work, replaced)
    return {"put_back": done}


def _release(site: Site, work: RestoreWork, replaced: Replaced, key: Key, report: Report) -> None:
    here, space = site.here, work.namespace
    standing = here.find(CLAIMS, replaced.claim, Claim, namespace=space)
    if standing is None or standing.metadata.label(labels.RUN) == run_hash(key):
        return
    if standing.metadata.uid != replaced.uid:
        raise gone_wrong(
            f"claim {space}/{replaced.claim} is another one than when this was planned",
            site.cluster,
            "plan again",
        )
    _keep_volume(site, work, replaced, key)
    here.delete(CLAIMS, replaced.claim, namespace=space, uid=replaced.uid)

    def gone() -> bool:
        found = here.find(CLAIMS, replaced.claim, Claim, namespace=space)
        return found is None or found.metadata.uid != replaced.uid

    if not answered(gone, within=_FREE_WITHIN, stopping=lambda: report.stopping):
        raise not_yet(
            f"claim {space}/{replaced.claim} is still in use, so it does not go",
            site.cluster,
            f"kubectl -n {space} describe pvc {replaced.claim} names the pods that use it",
        )


def _keep_volume(site: Site, work: RestoreWork, replaced: Replaced, key: Key) -> None:
    volume = site.here.find(VOLUMES, replaced.volume, Volume)
    if volume is None:
        raise gone_wrong(f"volume {replaced.volume} is gone", site.cluster, "plan again")
    if volume.metadata.annotation(labels.WAS):
        return
    notes = {
        labels.WAS: f"{work.namespace}/{replaced.claim}",
        labels.RECLAIM: volume.reclaim,
        labels.RUN: run_hash(key),
    }
    change = {
        "metadata": {"annotations": notes},
        "spec": {"persistentVolumeReclaimPolicy": "Retain"},
    }
    site.here.patch(VOLUMES, replaced.volume, change)


def _was_taken(site: Site, replaced: Replaced, key: Key) -> bool:
    volume = site.here.find(VOLUMES, replaced.volume, Volume)
    return volume is not None and volume.metadata.annotation(labels.RUN) == run_hash(key)


def _replaced_well(site: Site, replaced: Replaced, work: RestoreWork, key: Key) -> bool:
    """Whether the claim stands: the old one, or a new one that has, or will get, its volume."""
    standing = site.here.find(CLAIMS, replaced.claim, Claim, namespace=work.namespace)
    if standing is None:
        return False
    ours = standing.metadata.label(labels.RUN) == run_hash(key)
    if not ours or standing.bound:
        return True
    of_class = site.here.find(STORAGE, standing.spec.storage_class_name or "-", StorageClass)
    return of_class is not None and of_class.waits


def _put_back(site: Site, work: RestoreWork, replaced: Replaced) -> None:
    here, space = site.here, work.namespace
    standing = here.find(CLAIMS, replaced.claim, Claim, namespace=space)
    if standing is not None:
        here.delete(CLAIMS, replaced.claim, namespace=space, uid=standing.metadata.uid)
    volume = here.find(VOLUMES, replaced.volume, Volume)
    before = volume.metadata.annotation(labels.RECLAIM) if volume else ""
    # A released volume remembers the claim that it belonged to, by its uid: it must forget.
    free = {"claimRef": {"uid": None, "resourceVersion": None}}
    here.patch(VOLUMES, replaced.volume, {"spec": free})
    body = {**replaced.manifest, "apiVersion": "v1", "kind": "PersistentVolumeClaim"}
    spec = dict(_table(body["spec"]))
    body["spec"] = {**spec, "volumeName": replaced.volume}
    try:
        here.create(CLAIMS, body, namespace=space)
    except ObjectExists as error:
        raise not_yet(f"claim {space}/{replaced.claim} is still going", site.cluster) from error
    notes = {labels.WAS: None, labels.RECLAIM: None, labels.RUN: None}
    policy = {"persistentVolumeReclaimPolicy": before} if before else {}
    here.patch(VOLUMES, replaced.volume, {"metadata": {"annotations": notes}, "spec": policy})


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
