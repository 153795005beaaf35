"""The emulated controllers do what was measured on, or read of, the real ones."""

from __future__ import annotations

import pytest

from slackwater_csi import labels
from slackwater_csi.emulator.definitions import CONTENTS, SNAPSHOTS
from slackwater_csi.emulator.installing import snapshot_class

CLAIMS = "persistentvolumeclaims"


def take(stage, *, of="letters", with_class="emulated", name="one"):
    source = {"persistentVolumeClaimName": of}
    stage.api.create(
        {
            "apiVersion": "snapshot.storage.k8s.io/v1",
            "kind": "VolumeSnapshot",
            "metadata": {"name": name, "namespace": "crm"},
            "spec": {"volumeSnapshotClassName": with_class, "source": source},
        }
    )
    stage.csi.tick(3)
    return stage.api.get(SNAPSHOTS, name, "crm")


def static(stage, handle, *, finalizers=()):
    spec = {
        "deletionPolicy": "Delete",
        "driver": "emulated.csi.slackwater.dev",
        "source": {"snapshotHandle": handle},
        "volumeSnapshotRef": {"name": "static", "namespace": "crm"},
    }
    metadata = {"name": "static", "finalizers": list(finalizers)}
    head = {"apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshotContent"}
    stage.api.create({**head, "metadata": metadata, "spec": spec})


def claim_from(stage, size):
    source = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "one"}
    spec = {
        "storageClassName": "emulated",
        "dataSource": source,
        "resources": {"requests": {"storage": size}},
    }
    metadata = {"name": "copy", "namespace": "crm"}
    head = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
    stage.api.create({**head, "metadata": metadata, "spec": spec})
    stage.csi.tick()


@pytest.mark.parametrize(("policy", "left"), [("Delete", 0), ("Retain", 1)])
def test_the_policy_decides_what_a_deleted_snapshot_leaves(stage, policy, left):
    stage.api.create(snapshot_class("chosen", policy=policy))
    take(stage, with_class="chosen")

    stage.api.delete(SNAPSHOTS, "one", "crm")

    assert stage.api.list(SNAPSHOTS) == []
    assert (len(stage.api.list(CONTENTS)), len(stage.csi.storage.snapshots)) == (left, left)


def test_a_content_without_its_snapshot_goes_only_where_it_is_told_to(stage):
    stage.api.create(snapshot_class("chosen", policy="Retain"))
    content = take(stage, with_class="chosen")["status"]["boundVolumeSnapshotContentName"]
    stage.api.delete(SNAPSHOTS, "one", "crm")
    unmarked = {"metadata": {"annotations": {labels.BEING_DELETED: None}}}
    stage.api.patch(CONTENTS, content, {**unmarked, "spec": {"deletionPolicy": "Delete"}})

    stage.api.delete(CONTENTS, content)
    assert len(stage.api.list(CONTENTS)) == len(stage.csi.storage.snapshots) == 1

    mark = {"metadata": {"annotations": {labels.BEING_DELETED: "yes"}}}
    stage.api.patch(CONTENTS, content, mark)
    assert len(stage.api.list(CONTENTS)) == len(stage.csi.storage.snapshots) == 0


@pytest.mark.parametrize("finalizers", [(), (labels.CONTENT_PROTECTION,)])
def test_a_static_content_that_goes_unseen_leaves_its_data(stage, finalizers):
    handle = stage.csi.storage.take("data")
    static(stage, handle, finalizers=finalizers)

    stage.api.delete(CONTENTS, "static")

    assert len(stage.csi.storage.snapshots) == 1


def test_a_static_content_that_was_seen_takes_its_data_along(stage):
    handle = stage.csi.storage.take("data")
    static(stage, handle, finalizers=(labels.CONTENT_PROTECTION,))
    stage.csi.tick()

    stage.api.delete(CONTENTS, "static")

    assert len(stage.csi.storage.snapshots) == 0


@pytest.mark.parametrize(
    ("how", "said"),
    [({"of": "nowhere"}, "cannot get claim"), ({"with_class": "nowhere"}, "not found")],
)
def test_a_missing_claim_or_class_is_told_at_once_and_tried_again(stage, how, said):
    assert said in take(stage, **how)["status"]["error"]["message"]


@pytest.mark.parametrize(("unchecked", "ready"), [(False, False), (True, True)])
def test_a_bogus_handle_is_found_out_only_by_a_driver_that_lists(stage, unchecked, ready):
    stage.csi.faults.unchecked = unchecked
    static(stage, "bogus")

    stage.csi.tick()

    assert stage.api.get(CONTENTS, "static")["status"]["readyToUse"] is ready


def test_a_claim_that_is_too_small_waits_and_holds_the_snapshot(stage):
    take(stage)
    claim_from(stage, "1Mi")
    assert stage.api.get(CLAIMS, "copy", "crm")["status"]["phase"] == "Pending"
    assert "less than the size" in stage.api.list("events", "crm")[0]["message"]

    stage.api.delete(SNAPSHOTS, "one", "crm")
    assert stage.api.list(SNAPSHOTS)

    stage.api.delete(CLAIMS, "copy", "crm")
    stage.csi.tick()
    assert stage.api.list(SNAPSHOTS) == []


def test_a_claim_made_of_a_snapshot_holds_its_data(stage):
    take(stage)
    stage.write("crm", "letters", "changed")

    claim_from(stage, "1Gi")

    assert stage.data("crm", "copy") == "dear all"
