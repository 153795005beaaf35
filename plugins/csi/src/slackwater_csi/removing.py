"""Removes snapshots with their data, and leaves no content behind.

With Retain the data stays and nobody knows it: so a content is set to Delete before its snapshot
goes. A content whose snapshot is gone already is told that it is being deleted, for without that
word csi-snapshotter leaves the data (see ``labels.BEING_DELETED``). Where even the content is gone,
one is made for the handle, only to be deleted: the storage system is asked once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from slackwater.backend import Report, Stopped
from slackwater.backend.polling import answered
from slackwater.clusters import Object, Resource
from slackwater.errors import ObjectExists
from slackwater.model.operation import Progress
from slackwater_csi import labels
from slackwater_csi.access import Here
from slackwater_csi.acts import DeletionWork
from slackwater_csi.errors import gone_wrong, not_yet
from slackwater_csi.facts import VolumeFacts
from slackwater_csi.naming import digest
from slackwater_csi.objects import Content, GroupSnapshot, Named, Snapshot
from slackwater_csi.resources import CLASSES, CONTENTS, SNAPSHOTS, GroupKinds, manifest

_DELETE: Object = {"spec": {"deletionPolicy": "Delete"}}
_LOOK = "kubectl get volumesnapshotcontents; csi-snapshotter removes them at its own pace"
_GONE_WITHIN = 30.0
"""Seconds that are waited for a controller within one try; core tries again after that."""


def remove_made(here: Here, snapshot: Snapshot) -> None:
    """Remove a snapshot that was made from a claim, with its data."""
    here.patch(CONTENTS, snapshot.content, _DELETE)
    space, uid = snapshot.metadata.namespace, snapshot.metadata.uid
    here.delete(SNAPSHOTS, snapshot.name, namespace=space, uid=uid)


def remove_group(here: Here, namespace: str, group: GroupSnapshot, kinds: GroupKinds) -> None:
    """Remove a group with its data: members cannot be deleted by themselves."""
    if group.content:
        here.patch(kinds.contents, group.content, _DELETE)
    here.delete(kinds.snapshots, group.name, namespace=namespace, uid=group.metadata.uid)


@dataclass(frozen=True)
class Remover:
    """Removes what a recovery point consists of, and waits until it is gone."""

    here: Here
    report: Report

    def remove(self, work: DeletionWork) -> None:
        """Return when nothing is left. Raises ``BackendUnavailable`` where that takes longer."""
        waiting: list[tuple[Resource, str]] = []
        held = [volume for volume in work.volumes if volume.handle]
        if work.group:
            kinds = GroupKinds(work.group_version)
            if self.here.find(kinds.contents, work.group_content, Named) is None:
                for volume in held:
                    self._require_gone(volume)
            waiting += self._group(work)
        for number, volume in enumerate(held, start=1):
            if self.report.stopping:
                raise Stopped
            waiting.append((CONTENTS, self._one(volume, in_group=bool(work.group))))
            self.report.progress(Progress(done=number, total=len(held), unit="snapshots"))
        self._await(waiting)

    def _one(self, volume: VolumeFacts, *, in_group: bool) -> str:
        content = self.here.find(CONTENTS, volume.content, Content)
        if content is None or content.handle != volume.handle:
            return "" if in_group else self._ask_storage(volume)
        if content.metadata.deletion_timestamp is not None:
            return content.name
        snapshot = self.here.find(SNAPSHOTS, volume.snapshot, Named, namespace=volume.namespace)
        if snapshot is not None and snapshot.metadata.uid == volume.snapshot_uid:
            self.here.patch(CONTENTS, content.name, _DELETE)
            if not in_group:
                uid = volume.snapshot_uid
                self.here.delete(SNAPSHOTS, volume.snapshot, namespace=volume.namespace, uid=uid)
        else:
            told = _told(labels.BEING_DELETED)
            self.here.patch(CONTENTS, content.name, {**told, **_DELETE})
            self.here.delete(CONTENTS, content.name, uid=content.metadata.uid)
        return content.name

    def _group(self, work: DeletionWork) -> Iterable[tuple[Resource, str]]:
        """The group, with members that no manifest names: claims that came after the plan."""
        kinds = GroupKinds(work.group_version)
        namespace = work.volumes[0].namespace if work.volumes else ""
        group = self.here.find(kinds.snapshots, work.group, GroupSnapshot, namespace=namespace)
        bound = group is not None and group.content == work.group_content
        selector = f"{labels.POINT}={work.point}"
        contents = [each.name for each in self.here.list(CONTENTS, Named, selector=selector)]
        told = {} if bound else _told(labels.BEING_DELETED)
        for name in contents:
            self.here.patch(CONTENTS, name, {**told, **_DELETE})
            if not bound:
                self.here.delete(CONTENTS, name)
        if group is not None and bound:
            remove_group(self.here, namespace, group, kinds)
        elif self.here.find(kinds.contents, work.group_content, Named) is not None:
            told = _told(labels.GROUP_BEING_DELETED)
            self.here.patch(kinds.contents, work.group_content, {**told, **_DELETE})
            self.here.delete(kinds.contents, work.group_content)
        return [(kinds.contents, work.group_content), *((CONTENTS, name) for name in contents)]

    def _ask_storage(self, volume: VolumeFacts) -> str:
        """A content for the handle that belongs to no snapshot: deleting it deletes the data.

        It must have been seen first: without a handle in its status csi-snapshotter 8.7 lets a
        content go and leaves the data (pkg/sidecar-controller, syncContent).
        """
        name = self._stand_in(volume, "Delete")
        self._seen(name)
        self.here.delete(CONTENTS, name)
        return name

    def _require_gone(self, volume: VolumeFacts) -> None:
        """Raise where the storage still has a snapshot that only its group could take along."""
        name = self._stand_in(volume, "Retain")
        seen = self._seen(name)
        self.here.delete(CONTENTS, name)
        if seen is not None and seen.status and seen.status.snapshot_handle:
            raise gone_wrong(
                f"the snapshot {volume.handle} is still in the storage of {volume.driver}, and the "
                "content of its group is gone from the cluster: nothing can delete it from here",
                self.here.name,
                "remove it in the storage system, then delete the recovery point once more",
            )

    def _stand_in(self, volume: VolumeFacts, policy: str) -> str:
        name = f"sw-delete-{digest([volume.driver, volume.handle])[:16]}"
        of_class = volume.snapshot_class
        if of_class and self.here.find(CLASSES, of_class, Named) is None:
            of_class = ""  # nobody would look at a content whose class is gone
        with suppress(ObjectExists):
            self.here.create(CONTENTS, _standing_for(name, volume, policy, of_class))
        return name

    def _seen(self, name: str) -> Content | None:
        """Wait until the driver was asked: the content has a handle, or its storage has none."""
        found: list[Content | None] = []

        def told() -> bool:
            content = self.here.find(CONTENTS, name, Content)
            found[:] = [content]
            return content is None or _told_of(content)

        if not answered(told, within=_GONE_WITHIN, stopping=lambda: self.report.stopping):
            raise not_yet(f"nobody has looked at {name} yet", self.here.name, _LOOK)
        return found[0]

    def _await(self, waiting: Sequence[tuple[Resource, str]]) -> None:
        left = [each for each in waiting if each[1]]

        def gone() -> bool:
            left[:] = [each for each in left if self.here.find(*each, Named) is not None]
            return not left

        if not answered(gone, within=_GONE_WITHIN, stopping=lambda: self.report.stopping):
            names = ", ".join(name for _, name in left[:3])
            raise not_yet(
                f"{len(left)} contents are not gone yet: {names}",
                self.here.name,
                _LOOK,
            )


def _standing_for(name: str, volume: VolumeFacts, policy: str, of_class: str) -> Object:
    body: Object = manifest(
        CONTENTS,
        name,
        spec={
            "deletionPolicy": policy,
            "driver": volume.driver,
            "source": {"snapshotHandle": volume.handle},
            "sourceVolumeMode": volume.volume_mode,
            "volumeSnapshotRef": {"name": name, "namespace": volume.namespace},
            **({"volumeSnapshotClassName": of_class} if of_class else {}),
        },
    )
    # The controller's own: without it the content would go before its data has gone.
    body["metadata"]["finalizers"] = [labels.CONTENT_PROTECTION]
    return body


def _told_of(content: Content) -> bool:
    status = content.status
    said = (status.error.message or "") if status and status.error else ""
    return bool(status and status.snapshot_handle) or labels.NOT_FOUND in said


def _told(annotation: str) -> Object:
    return {"metadata": {"annotations": {annotation: "yes"}}}
