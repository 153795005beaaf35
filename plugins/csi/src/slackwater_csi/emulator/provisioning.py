"""csi-provisioner and the controllers of claims and workloads, as far as restores need them.

Measured: a claim is made from a ready snapshot only, else it stays Pending with ProvisioningFailed;
so does one that is too small, or of another mode than the snapshot's source. Documented:
WaitForFirstConsumer; a volume whose claim goes is deleted or released, as its reclaim policy says.
Simpler than real: the data is there at once; Deployments have pods only where their template uses
claims, and those start and stop in one step.
"""

from __future__ import annotations

from dataclasses import dataclass

from slackwater.clusters.quantity import bytes_of
from slackwater.testing.kubernetes_api.disks import DATA
from slackwater_csi.emulator.definitions import CONTENTS, SNAPSHOTS
from slackwater_csi.emulator.world import DRIVER, Object, World

CLAIMS = "persistentvolumeclaims"
VOLUMES = "persistentvolumes"
STORAGE = "storageclasses.storage.k8s.io"
_NODE = "volume.kubernetes.io/selected-node"
_MODE_MAY_CHANGE = "snapshot.storage.kubernetes.io/allow-volume-mode-change"
_FILES = "Filesystem"


@dataclass
class Provisioning:
    """Claims get volumes, volumes lose claims, workloads have pods."""

    world: World

    def tick(self) -> None:
        """Take every open claim and every workload one step further."""
        for claim in self.world.all(CLAIMS):
            if (claim.get("status") or {}).get("phase") == "Pending":
                self._provision(claim)
        for kind in ("deployments.apps", "statefulsets.apps"):
            for each in self.world.all(kind):
                self._staff(kind, each)

    def on_deletion(self, claim: Object) -> None:
        """Let the volume go of a claim that is gone."""
        name = claim["spec"].get("volumeName")
        volume = self.world.find(VOLUMES, name) if name else None
        if volume is None:
            return
        if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
            self.world.delete(VOLUMES, volume["metadata"]["name"])
        else:
            self.world.status(VOLUMES, volume, {"phase": "Released"})

    def _provision(self, claim: Object) -> None:
        if claim["spec"].get("volumeName"):
            self._take_up(claim)
            return
        of_class = self.world.find(STORAGE, claim["spec"].get("storageClassName") or "")
        if of_class is None or of_class["provisioner"] != DRIVER:
            return
        notes = claim["metadata"].get("annotations") or {}
        if of_class.get("volumeBindingMode") == "WaitForFirstConsumer" and _NODE not in notes:
            return
        data = self._data(claim)
        if data is not None:
            self._bind(claim, of_class, data)

    def _data(self, claim: Object) -> str | None:
        """What the new volume holds; None where it cannot be made (yet)."""
        source = claim["spec"].get("dataSource")
        if not source:
            return ""
        space = claim["metadata"]["namespace"]
        snapshot = self.world.find(SNAPSHOTS, source["name"], space)
        status = (snapshot or {}).get("status") or {}
        if status.get("readyToUse") is not True:
            self.world.say(claim, "ProvisioningFailed", f"snapshot {source['name']} is not Ready")
            return None
        size = claim["spec"]["resources"]["requests"]["storage"]
        if bytes_of(size) < bytes_of(str(status["restoreSize"])):
            said = f"requested volume size {size} is less than the size of the snapshot"
            self.world.say(claim, "ProvisioningFailed", said)
            return None
        content = self.world.find(CONTENTS, status["boundVolumeSnapshotContentName"]) or {}
        if self._changes_mode(claim, content):
            return None
        handle = (content.get("status") or {}).get("snapshotHandle", "")
        return self.world.storage.snapshots.get(handle)

    def _changes_mode(self, claim: Object, content: Object) -> bool:
        """Whether a claim is refused for its mode (pkg/controller of external-provisioner)."""
        source = (content.get("spec") or {}).get("sourceVolumeMode")
        notes = (content.get("metadata") or {}).get("annotations") or {}
        allowed = notes.get(_MODE_MAY_CHANGE) == "true"
        refused = bool(source) and source != claim["spec"].get("volumeMode", _FILES) and not allowed
        if refused:
            named = f"{claim['metadata']['namespace']}/{claim['metadata']['name']}"
            said = f"requested volume {named} modifies the mode of the source volume"
            self.world.say(claim, "ProvisioningFailed", said)
        return refused

    def _bind(self, claim: Object, of_class: Object, data: str) -> None:
        metadata = claim["metadata"]
        name = f"pvc-{metadata['uid']}"
        reference = {k: metadata[k] for k in ("namespace", "name", "uid")}
        volume = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name, "annotations": {DATA: data}},
            "spec": {
                "storageClassName": of_class["metadata"]["name"],
                "capacity": claim["spec"]["resources"]["requests"],
                "accessModes": claim["spec"].get("accessModes", ["ReadWriteOnce"]),
                "volumeMode": claim["spec"].get("volumeMode", _FILES),
                "persistentVolumeReclaimPolicy": of_class.get("reclaimPolicy", "Delete"),
                "claimRef": {"kind": "PersistentVolumeClaim", **reference},
                "csi": {"driver": DRIVER, "volumeHandle": f"vol-{metadata['uid']}"},
            },
        }
        self.world.create(volume)
        self.world.change(CLAIMS, claim, {"spec": {"volumeName": name}})
        self._bound(claim, name)

    def _take_up(self, claim: Object) -> None:
        """Bind a claim that names its volume, where that belongs to nobody else."""
        volume = self.world.find(VOLUMES, claim["spec"]["volumeName"])
        reference = (volume or {}).get("spec", {}).get("claimRef") or {}
        if volume is None or reference.get("uid") not in (None, claim["metadata"]["uid"]):
            return
        whose = {k: claim["metadata"][k] for k in ("namespace", "name", "uid")}
        self.world.change(VOLUMES, volume, {"spec": {"claimRef": whose}})
        self._bound(claim, volume["metadata"]["name"])

    def _bound(self, claim: Object, volume: str) -> None:
        size = claim["spec"]["resources"]["requests"]["storage"]
        self.world.status(CLAIMS, claim, {"phase": "Bound", "capacity": {"storage": size}})
        found = self.world.find(VOLUMES, volume)
        if found is not None:
            self.world.status(VOLUMES, found, {"phase": "Bound"})

    def _staff(self, kind: str, workload: Object) -> None:
        """Give a workload as many pods as it wants, if they use claims."""
        template = (workload["spec"].get("template") or {}).get("spec") or {}
        volumes = template.get("volumes") or ()
        if not any("persistentVolumeClaim" in volume for volume in volumes):
            return
        wanted, space = workload["spec"].get("replicas", 1), workload["metadata"]["namespace"]
        names = [f"{workload['metadata']['name']}-7d9f-{number}" for number in range(wanted)]
        owner = f"{workload['metadata']['name']}-7d9f"
        for pod in self.world.all("pods", space):
            owners = pod["metadata"].get("ownerReferences") or [{}]
            if owners[0].get("name") == owner and pod["metadata"]["name"] not in names:
                self.world.delete("pods", pod["metadata"]["name"], space)
        for name in names:
            self.world.create(_pod(name, space, owner, list(volumes)))
        self.world.status(kind, workload, {"replicas": wanted})


def _pod(name: str, space: str, owner: str, volumes: list[Object]) -> Object:
    reference = {"kind": "ReplicaSet", "name": owner, "controller": True}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": space, "ownerReferences": [reference]},
        "spec": {"volumes": volumes},
    }
