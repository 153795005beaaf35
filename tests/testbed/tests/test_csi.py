"""CSI on a real control plane: sidecars with their own rights, a driver that loses nothing."""

from __future__ import annotations

import pytest
import yaml

from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.kubectl import Object

pytestmark = pytest.mark.real("etcd", "kubernetes", "csi", "csi-driver")

CLAIM: Object = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data", "namespace": "default"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
}
SNAPSHOT: Object = {
    "apiVersion": "snapshot.storage.k8s.io/v1",
    "kind": "VolumeSnapshot",
    "metadata": {"name": "first", "namespace": "default"},
    "spec": {"source": {"persistentVolumeClaimName": "data"}},
}
SOURCE = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "first"}
COPY: Object = {
    **CLAIM,
    "metadata": {"name": "copy", "namespace": "default"},
    "spec": {**CLAIM["spec"], "dataSource": SOURCE},
}


def is_ready(found: Object) -> bool:
    return found.get("status", {}).get("readyToUse") is True


def test_a_snapshot_comes_back_and_everything_goes_with_its_objects(
    csi_plane: ControlPlane,
) -> None:
    csi, driver = csi_plane.csi, csi_plane.csi.driver
    volumes, snapshots = driver.volumes, driver.snapshots
    csi_plane.apply(yaml.safe_dump(CLAIM))
    (csi.data("default", "data") / "boat").write_text("moored")
    csi_plane.apply(yaml.safe_dump(SNAPSHOT))
    csi_plane.wait_for("volumesnapshot", "first", is_ready)
    (csi.data("default", "data") / "boat").write_text("adrift")

    csi_plane.apply(yaml.safe_dump(COPY))

    assert (csi.data("default", "copy") / "boat").read_text() == "moored"
    csi_plane.kubectl("delete", "pvc/data", "pvc/copy", "volumesnapshot/first")
    driver.server.wait_until(lambda: (driver.volumes, driver.snapshots) == (volumes, snapshots))


def test_a_snapshot_that_is_doomed_never_comes_and_the_next_one_does(
    csi_plane: ControlPlane,
) -> None:
    csi, driver = csi_plane.csi, csi_plane.csi.driver
    csi_plane.apply(yaml.safe_dump(CLAIM))
    csi.data("default", "data")
    with driver.fault("CreateSnapshot.doom", "the pool is full"):
        csi_plane.apply(yaml.safe_dump(SNAPSHOT))
        csi_plane.wait_for("volumesnapshot", "first", has_failed)
    csi.snapshotter.kill()
    csi.start()

    csi_plane.apply(yaml.safe_dump({**SNAPSHOT, "metadata": {"name": "second"}}))

    csi_plane.wait_for("volumesnapshot", "second", is_ready)
    assert not is_ready(csi_plane.get("volumesnapshot", "first", "default") or {})
    driver.mend()
    csi_plane.wait_for("volumesnapshot", "first", is_ready)
    csi_plane.kubectl("delete", "volumesnapshot/first", "volumesnapshot/second", "pvc/data")


def has_failed(found: Object) -> bool:
    return "the pool is full" in str(found.get("status", {}).get("error"))


def test_killed_parts_come_back_with_all_they_had(csi_plane: ControlPlane) -> None:
    csi = csi_plane.csi
    csi_plane.apply(yaml.safe_dump(CLAIM))
    (csi.data("default", "data") / "boat").write_text("moored")
    csi.stop()
    assert not any(server.running for server in csi.servers)

    csi.start()

    assert (csi.data("default", "data") / "boat").read_text() == "moored"
    csi_plane.kubectl("delete", "pvc/data")


def test_sidecars_have_only_the_rights_that_they_come_with(csi_plane: ControlPlane) -> None:
    config = csi_plane.kubeconfig_for("system:serviceaccount:default:csi-snapshotter")
    asked = csi_plane.kubectl("--kubeconfig", str(config), "auth", "can-i", "--list")
    assert "volumesnapshotcontents.snapshot.storage.k8s.io" in asked
    assert "persistentvolumeclaims" not in asked
