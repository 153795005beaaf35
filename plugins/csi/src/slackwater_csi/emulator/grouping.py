"""Group snapshots, emulated: one content for the group, and an ordinary snapshot for each member.

Documented: members carry ``status.volumeGroupSnapshotName`` and belong to the group; they cannot be
deleted by themselves; all claims that the selector chooses must be of one driver. Measured on the
hostpath driver: one creation time for all. Seen on external-snapshotter 8.7: names are hashes of
group and volume, contents of members have no class and name their group in an annotation. The words
of errors are guessed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from slackwater_csi import labels
from slackwater_csi.emulator.definitions import (
    CONTENTS,
    GROUP_CLASSES,
    GROUP_CONTENTS,
    GROUP_SNAPSHOTS,
    SNAPSHOTS,
)
from slackwater_csi.emulator.snapshotting import content_for
from slackwater_csi.emulator.world import Object, World

CLAIMS = "persistentvolumeclaims"


@dataclass
class Grouping:
    """The work of both controllers on groups."""

    world: World

    def tick(self) -> None:
        """Take every group one step further; members follow as ordinary snapshots."""
        self.settle()
        if self.world.faults.no_controller:
            return
        for group in self.world.all(GROUP_SNAPSHOTS):
            if "deletionTimestamp" not in group["metadata"]:
                self._advance(group)

    def settle(self) -> None:
        """Let groups go that are being deleted, with their members."""
        for group in self.world.all(GROUP_SNAPSHOTS):
            if "deletionTimestamp" in group["metadata"]:
                self._release(group)
        for content in self.world.all(GROUP_CONTENTS):
            metadata = content["metadata"]
            told = (metadata.get("annotations") or {}).get(labels.GROUP_BEING_DELETED) == "yes"
            if "deletionTimestamp" in metadata and told:
                self._release_content(content)

    def _advance(self, group: Object) -> None:
        status = group.get("status") or {}
        if not status.get("boundVolumeGroupSnapshotContentName"):
            why = self._begin(group)
            if why:
                change = {"readyToUse": False, "error": {"message": why}}
                self.world.status(GROUP_SNAPSHOTS, group, change)
        elif status.get("readyToUse") is not True:
            own = self._members(group)
            if own and all((each.get("status") or {}).get("readyToUse") is True for each in own):
                self.world.status(GROUP_SNAPSHOTS, group, {"readyToUse": True, "error": None})

    def _begin(self, group: Object) -> str:
        metadata = group["metadata"]
        chosen = self.world.find(GROUP_CLASSES, group["spec"]["volumeGroupSnapshotClassName"])
        if chosen is None:
            return "failed to get group snapshot class"
        claims = self.world.all(CLAIMS, metadata["namespace"])
        volumes = [
            self.world.find("persistentvolumes", claim["spec"].get("volumeName", ""))
            for claim in claims
        ]
        if not all(
            v and v["spec"].get("csi", {}).get("driver") == chosen["driver"] for v in volumes
        ):
            return "not all volumes are of the driver of the group snapshot class"
        for claim, volume in zip(claims, volumes, strict=True):
            if volume is not None:
                self._member(group, claim, volume, chosen)
        self._own_content(group, chosen)
        return ""

    def _own_content(self, group: Object, chosen: Object) -> None:
        metadata = group["metadata"]
        name = f"groupsnapcontent-{metadata['uid']}"
        self.world.create(
            {
                "apiVersion": group["apiVersion"],
                "kind": "VolumeGroupSnapshotContent",
                "metadata": {"name": name, "finalizers": [_PROTECTION]},
                "spec": {
                    "deletionPolicy": chosen["deletionPolicy"],
                    "driver": chosen["driver"],
                    "volumeGroupSnapshotRef": {
                        k: metadata[k] for k in ("name", "namespace", "uid")
                    },
                },
            }
        )
        self.world.change(GROUP_SNAPSHOTS, group, {"metadata": {"finalizers": [_PROTECTION]}})
        bound = {"boundVolumeGroupSnapshotContentName": name, "readyToUse": False}
        self.world.status(GROUP_SNAPSHOTS, group, bound)

    def _member(self, group: Object, claim: Object, volume: Object, chosen: Object) -> None:
        metadata = group["metadata"]
        handle = volume["spec"]["csi"]["volumeHandle"]
        digest = hashlib.sha256(f"{metadata['uid']}{handle}".encode()).hexdigest()
        name = f"snapshot-{digest}"
        source = {"persistentVolumeClaimName": claim["metadata"]["name"]}
        body: Object = {
            "apiVersion": "snapshot.storage.k8s.io/v1",
            "kind": "VolumeSnapshot",
            "metadata": {"name": name, "namespace": metadata["namespace"]},
            "spec": {"source": source},
        }
        self.world.create(body)
        made = self.world.find(SNAPSHOTS, name, metadata["namespace"])
        if made is None:
            return
        content = content_for(made, volume, chosen)
        del content["spec"]["volumeSnapshotClassName"]
        content["metadata"]["name"] = f"snapcontent-{digest}"
        content["metadata"]["annotations"] = {_MEMBER_OF: metadata["uid"]}
        self.world.create(content)
        bound = {
            "boundVolumeSnapshotContentName": content["metadata"]["name"],
            "volumeGroupSnapshotName": metadata["name"],
            "readyToUse": False,
        }
        protected = {"metadata": {"finalizers": [labels.SNAPSHOT_PROTECTION]}}
        self.world.change(SNAPSHOTS, made, protected)
        self.world.status(SNAPSHOTS, made, bound)

    def _members(self, group: Object) -> list[Object]:
        metadata = group["metadata"]
        return [
            each
            for each in self.world.all(SNAPSHOTS, metadata["namespace"])
            if (each.get("status") or {}).get("volumeGroupSnapshotName") == metadata["name"]
        ]

    def _release(self, group: Object) -> None:
        name = (group.get("status") or {}).get("boundVolumeGroupSnapshotContentName", "")
        content = self.world.find(GROUP_CONTENTS, name)
        if content is not None:
            mark = {"metadata": {"annotations": {labels.GROUP_BEING_DELETED: "yes"}}}
            self.world.change(GROUP_CONTENTS, content, mark)
            if content["spec"]["deletionPolicy"] == "Delete":
                self.world.delete(GROUP_CONTENTS, name)
        for member in self._members(group):
            metadata = member["metadata"]
            self.world.delete(SNAPSHOTS, metadata["name"], metadata["namespace"])
        self.world.change(GROUP_SNAPSHOTS, group, {"metadata": {"finalizers": None}})

    def _release_content(self, content: Object) -> None:
        if content["spec"]["deletionPolicy"] == "Delete":
            uid = content["metadata"]["name"].removeprefix("groupsnapcontent-")
            for each in self.world.all(CONTENTS):
                if (each["metadata"].get("annotations") or {}).get(_MEMBER_OF) == uid:
                    self.world.storage.delete((each.get("status") or {}).get("snapshotHandle", ""))
        self.world.change(GROUP_CONTENTS, content, {"metadata": {"finalizers": None}})


_MEMBER_OF = "groupsnapshot.storage.k8s.io/volumeGroupSnapshotHandle"
_PROTECTION = "groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-bound-protection"
