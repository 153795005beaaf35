"""snapshot-controller and csi-snapshotter, emulated: binding, taking, getting ready, going.

Measured on the real ones: a snapshot without a controller has no status; messages for a missing
claim or class come at once; ``error`` is taken back when the next try goes well; a static content
is ready at once where its handle is known, and complains where not; deletionPolicy Delete removes
content and data, Retain keeps both; a pending claim holds the snapshot that it comes from.
Read in the source: a content goes with its data only where it is unbound and static, or told that
it is being deleted, and with its data only where its status has the handle; its finalizer holds it
else. The words of errors are in the controllers' style.
"""

from __future__ import annotations

from dataclasses import dataclass

from slackwater.testing.kubernetes_api.disks import DATA
from slackwater_csi import labels
from slackwater_csi.emulator.definitions import CLASSES, CONTENTS, SNAPSHOTS
from slackwater_csi.emulator.world import DRIVER, Object, World, nanoseconds, stamp

CLAIMS = "persistentvolumeclaims"


@dataclass
class Snapshotting:
    """The work of both controllers in one cluster."""

    world: World

    def tick(self) -> None:
        """Take every snapshot one step further."""
        self.settle()
        if self.world.faults.no_controller:
            return
        for snapshot in self.world.all(SNAPSHOTS):
            if not _is_leaving(snapshot) and not _is_member(snapshot):
                self._bind(snapshot)
        self._drive()
        for snapshot in self.world.all(SNAPSHOTS):
            self._reflect(snapshot)

    def settle(self) -> None:
        """Let go what is being deleted and may go."""
        if self.world.faults.no_controller:
            return
        for snapshot in filter(_is_leaving, self.world.all(SNAPSHOTS)):
            self._release_snapshot(snapshot)
        for content in self.world.all(CONTENTS):
            if _is_leaving(content):
                self._release_content(content)
            elif self._stands_alone(content):
                self._show(content)

    def _stands_alone(self, content: Object) -> bool:
        """Made only to have the driver asked: csi-snapshotter does it for any static content, here
        it is done at once for those without a snapshot.
        """
        metadata = content["metadata"]
        alone = metadata["name"].startswith(("sw-look-", "sw-delete-"))
        return alone and not (self.world.faults.no_sidecar or content.get("status"))

    def _bind(self, snapshot: Object) -> None:
        if (snapshot.get("status") or {}).get("boundVolumeSnapshotContentName"):
            return
        source = snapshot["spec"]["source"]
        self._protect(SNAPSHOTS, snapshot, labels.SNAPSHOT_PROTECTION)
        given = source.get("volumeSnapshotContentName")
        why = self._bind_static(snapshot, given) if given else self._bind_dynamic(snapshot)
        if why:
            self.world.status(SNAPSHOTS, snapshot, {"readyToUse": False, "error": {"message": why}})
        else:
            name = given or f"snapcontent-{snapshot['metadata']['uid']}"
            self.world.status(
                SNAPSHOTS,
                snapshot,
                {"boundVolumeSnapshotContentName": name, "readyToUse": False, "error": None},
            )

    def _bind_static(self, snapshot: Object, name: str) -> str:
        content = self.world.find(CONTENTS, name)
        if content is None:
            return "VolumeSnapshotContent is missing"
        ref, metadata = content["spec"]["volumeSnapshotRef"], snapshot["metadata"]
        if (ref["namespace"], ref["name"]) != (metadata["namespace"], metadata["name"]):
            return f"VolumeSnapshotContent [{name}] is bound to a different snapshot"
        if ref.get("uid") not in (None, "", metadata["uid"]):
            return f"VolumeSnapshotContent [{name}] is bound to a different snapshot"
        self._protect(CONTENTS, content, labels.CONTENT_PROTECTION)
        bound = {"spec": {"volumeSnapshotRef": {"uid": metadata["uid"]}}}
        self.world.change(CONTENTS, content, bound)
        return ""

    def _bind_dynamic(self, snapshot: Object) -> str:
        metadata, spec = snapshot["metadata"], snapshot["spec"]
        name = spec["source"]["persistentVolumeClaimName"]
        claim = self.world.find(CLAIMS, name, metadata["namespace"])
        if claim is None:
            return (
                "Failed to create snapshot content with error snapshot controller failed to update "
                f'{metadata["name"]} on API server: cannot get claim from snapshot: "{name}" not '
                "found"
            )
        volume = self.world.find("persistentvolumes", claim["spec"].get("volumeName", ""))
        if volume is None or "csi" not in volume["spec"]:
            return (
                f"the PVC {name} is not yet bound to a CSI PV, will not attempt to take a snapshot"
            )
        wanted = spec.get("volumeSnapshotClassName", "")
        chosen = self.world.find(CLASSES, wanted)
        if chosen is None:
            return f'failed to get snapshot class: volumesnapshotclass "{wanted}" not found'
        self.world.create(content_for(snapshot, volume, chosen))
        return ""

    def _drive(self) -> None:
        """What csi-snapshotter does with its driver, at its pace."""
        faults, moved = self.world.faults, 0
        for content in self.world.all(CONTENTS):
            idle = content["spec"]["driver"] != DRIVER or faults.no_sidecar or _is_leaving(content)
            if idle or _is_ready(content):
                continue
            if faults.at_most is not None and moved >= faults.at_most:
                return
            moved += 1
            self._advance(content)

    def _advance(self, content: Object) -> None:
        storage, faults = self.world.storage, self.world.faults
        name, status = content["metadata"]["name"], content.get("status") or {}
        words = storage.doomed.get(name) or faults.take("complain_next")
        if not words and (words := faults.take("fail_next")):
            storage.doomed[name] = words
        if words:
            said = f"Failed to check and update snapshot content: failed to take snapshot: {words}"
            self.world.status(CONTENTS, content, {"readyToUse": False, "error": {"message": said}})
        elif content["spec"]["source"].get("snapshotHandle"):
            self._show(content)
        elif "snapshotHandle" not in status:
            self._take(content)
        elif not faults.stalled:
            self.world.status(CONTENTS, content, {"readyToUse": True, "error": None})

    def _take(self, content: Object) -> None:
        handle = content["spec"]["source"]["volumeHandle"]
        volume = _with_handle(self.world, handle)
        data = (volume["metadata"].get("annotations") or {}).get(DATA, "") if volume else ""
        taken = {
            "snapshotHandle": self.world.storage.take(data),
            "creationTime": nanoseconds(self.world.api.clock()),
            "restoreSize": 1 << 30,
            "readyToUse": False,
            "error": None,
        }
        self.world.status(CONTENTS, content, taken)

    def _show(self, content: Object) -> None:
        handle = content["spec"]["source"]["snapshotHandle"]
        if handle in self.world.storage.snapshots or self.world.faults.unchecked:
            change = {
                "snapshotHandle": handle,
                "creationTime": nanoseconds(self.world.api.clock()),
                "restoreSize": 1 << 30,
                "readyToUse": True,
                "error": None,
            }
        else:
            said = (
                "Failed to check and update snapshot content: can not find snapshot for "
                f"snapshotID {handle}"
            )
            change = {"readyToUse": False, "error": {"message": said}}
        self.world.status(CONTENTS, content, change)

    def _reflect(self, snapshot: Object) -> None:
        """Copy into a snapshot what its content says; its own time has whole seconds."""
        name = (snapshot.get("status") or {}).get("boundVolumeSnapshotContentName")
        content = self.world.find(CONTENTS, name) if name else None
        status = (content or {}).get("status") or {}
        if not status:
            return
        change = {"readyToUse": status.get("readyToUse", False), "error": status.get("error")}
        if "creationTime" in status:
            change["creationTime"] = _seconds(status["creationTime"])
            change["restoreSize"] = "1Gi"
        self.world.status(SNAPSHOTS, snapshot, change)

    def _protect(self, kind: str, found: Object, finalizer: str) -> None:
        have = found["metadata"].get("finalizers") or []
        if finalizer not in have:
            self.world.change(kind, found, {"metadata": {"finalizers": [*have, finalizer]}})

    def _release_snapshot(self, snapshot: Object) -> None:
        if self._is_source(snapshot):
            return
        metadata = snapshot["metadata"]
        name = (snapshot.get("status") or {}).get("boundVolumeSnapshotContentName")
        content = self.world.find(CONTENTS, name) if name else None
        if content and content["spec"]["volumeSnapshotRef"].get("uid") == metadata["uid"]:
            mark = {"metadata": {"annotations": {labels.BEING_DELETED: "yes"}}}
            self.world.change(CONTENTS, content, mark)
            if content["spec"]["deletionPolicy"] == "Delete":
                self.world.delete(CONTENTS, content["metadata"]["name"])
        self.world.change(SNAPSHOTS, snapshot, {"metadata": {"finalizers": None}})

    def _is_source(self, snapshot: Object) -> bool:
        metadata = snapshot["metadata"]
        return any(
            (claim["spec"].get("dataSource") or {}).get("name") == metadata["name"]
            and (claim.get("status") or {}).get("phase") == "Pending"
            for claim in self.world.all(CLAIMS, metadata["namespace"])
        )

    def _release_content(self, content: Object) -> None:
        spec, metadata = content["spec"], content["metadata"]
        unbound = spec["source"].get("snapshotHandle") and not spec["volumeSnapshotRef"].get("uid")
        told = (metadata.get("annotations") or {}).get(labels.BEING_DELETED) == "yes"
        if not (unbound or told):
            return
        if spec["deletionPolicy"] == "Delete":
            # Without a handle in its status nobody asks the driver: the data stays.
            self.world.storage.delete((content.get("status") or {}).get("snapshotHandle", ""))
        self.world.change(CONTENTS, content, {"metadata": {"finalizers": None}})


def content_for(snapshot: Object, volume: Object, chosen: Object) -> Object:
    """Return the content that snapshot-controller makes for a snapshot of a claim."""
    metadata = snapshot["metadata"]
    return {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshotContent",
        "metadata": {
            "name": f"snapcontent-{metadata['uid']}",
            "finalizers": [labels.CONTENT_PROTECTION],
        },
        "spec": {
            "deletionPolicy": chosen["deletionPolicy"],
            "driver": chosen["driver"],
            "source": {"volumeHandle": volume["spec"]["csi"]["volumeHandle"]},
            "sourceVolumeMode": volume["spec"].get("volumeMode", "Filesystem"),
            "volumeSnapshotClassName": chosen["metadata"]["name"],
            "volumeSnapshotRef": {k: metadata[k] for k in ("name", "namespace", "uid")},
        },
    }


def _with_handle(world: World, handle: str) -> Object | None:
    volumes = world.all("persistentvolumes")
    return next(
        (v for v in volumes if (v["spec"].get("csi") or {}).get("volumeHandle") == handle), None
    )


def _seconds(nanosecond: int) -> str:
    from datetime import UTC, datetime

    return stamp(datetime.fromtimestamp(nanosecond // 10**9, UTC))


def _is_leaving(found: Object) -> bool:
    return "deletionTimestamp" in found["metadata"]


def _is_ready(content: Object) -> bool:
    return (content.get("status") or {}).get("readyToUse") is True


def _is_member(snapshot: Object) -> bool:
    return bool((snapshot.get("status") or {}).get("volumeGroupSnapshotName"))
