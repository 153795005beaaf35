"""Plans and performs deletions: marked in the store, removed from the storage, then forgotten.

The manifest goes last, for it alone names the snapshots.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from slackwater.backend import Report
from slackwater.errors import RecoveryPointNotFound
from slackwater.model.act import Act, ActKind, ActPlan
from slackwater.model.finding import Finding
from slackwater.model.recovery_point import PointId
from slackwater_csi.acts import DeletionWork, Do, payload
from slackwater_csi.errors import TOOL, named_errors
from slackwater_csi.facts import PointFacts, VolumeFacts
from slackwater_csi.listing import UNREADABLE, find_adopted, manifest_of
from slackwater_csi.objects import Content, Snapshot
from slackwater_csi.removing import Remover
from slackwater_csi.site import Site
from slackwater_csi.translation import local_store


def plan_deletion(site: Site, point: PointId) -> ActPlan:
    """Return the act. Raises ``RecoveryPointNotFound``."""
    if point.tool == TOOL and point.store == local_store(site.here.uid()):
        work = DeletionWork(volumes=(volume_of(*find_adopted(site, point)),))
        return ActPlan(acts=(_act(site, point.name, work),))
    facts = _facts(site, point)
    if facts is None:
        work = DeletionWork(point=point.name)
        return ActPlan(acts=(_act(site, point.name, work),), findings=(_blind(site, point),))
    refusals = tuple(_elsewhere(site, facts, point))
    if refusals:
        return ActPlan(findings=refusals)
    group = facts.group
    work = DeletionWork(
        point=point.name,
        volumes=facts.held,
        group=group.name if group else "",
        group_content=group.content if group else "",
        group_version=group.version if group else "",
    )
    return ActPlan(acts=(_act(site, point.name, work),))


def delete(site: Site, work: DeletionWork, report: Report) -> Mapping[str, object]:
    """Remove everything that a point consists of. Repeatable; nothing counts from the start on."""
    with named_errors(site.cluster):
        if work.point:
            _mark(site, work.point)
        Remover(site.here, report).remove(work)
        if work.point:
            site.store().delete(work.point)
    return {}


def volume_of(snapshot: Snapshot, content: Content) -> VolumeFacts:
    """Return what is known of the volume of a snapshot that no manifest names."""
    return VolumeFacts(
        namespace=snapshot.metadata.namespace,
        claim=snapshot.claim,
        driver=content.spec.driver,
        handle=content.handle,
        snapshot=snapshot.name,
        snapshot_uid=snapshot.metadata.uid,
        content=content.name,
        snapshot_class=content.spec.volume_snapshot_class_name or "",
        volume_mode=content.spec.source_volume_mode or "Filesystem",
        size=snapshot.size,
        taken=content.taken or snapshot.taken,
    )


def _mark(site: Site, point: str) -> None:
    """Say in the manifest that the point goes: half of it must never be restored."""
    store = site.store()
    try:
        manifest = store.manifest(point)
    except (RecoveryPointNotFound, *UNREADABLE):
        return
    if not manifest.facts.get("deleting"):
        facts = {**manifest.facts, "deleting": True}
        store.update(manifest.model_copy(update={"facts": facts}))


def _facts(site: Site, point: PointId) -> PointFacts | None:
    try:
        return PointFacts.model_validate(manifest_of(site, point).facts)
    except (ValidationError, *UNREADABLE):
        return None


def _act(site: Site, name: str, work: DeletionWork) -> Act:
    count = sum(1 for volume in work.volumes if volume.handle)
    effects = [f"removes {count} snapshots from their storage system, and what stands for them"]
    if work.point:
        effects.append(f"removes {name} and its manifests from the store {site.settings.store}")
    return Act(
        id="delete",
        kind=ActKind.PERFORMED,
        title=f"delete {name}",
        effects=tuple(effects),
        payload=payload(Do.DELETE, work),
    )


def _elsewhere(site: Site, facts: PointFacts, point: PointId) -> Iterator[Finding]:
    stamp = facts.stamp
    if stamp is not None and facts.held and stamp.cluster_uid != site.here.uid():
        yield site.voice.error(
            "another-cluster",
            point.name,
            f"its snapshots lie in the storage of {stamp.cluster}, and only there can they be "
            "deleted",
            f"delete it where {stamp.cluster} is configured with csi",
        )


def _blind(site: Site, point: PointId) -> Finding:
    return site.voice.warning(
        "snapshots-unknown",
        point.name,
        "its manifest cannot be read, so its snapshots are not known and stay where they are",
        "kubectl get volumesnapshotcontents, and remove what belongs to nothing",
    )
