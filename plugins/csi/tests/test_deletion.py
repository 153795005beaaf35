"""Deletions: no content, no data and no manifest is left, whatever stood for them in between."""

from __future__ import annotations

import pytest

from slackwater.backend import polling
from slackwater.errors import BackendUnavailable, RecoveryPointNotFound
from slackwater.model.operation import Phase
from slackwater_csi import removing
from slackwater_csi.emulator.definitions import CONTENTS, SNAPSHOTS

NOTHING = {"snapshots": 0, "contents": 0, "stored": 0, "files": 0}


@pytest.fixture
def point(stage):
    return stage.back_up()


def delete(stage, point):
    backend = stage.backend()
    return stage.drive(backend, backend.plan_deletion(point.id), "r-delete")


def test_all_of_a_point_goes(stage, point):
    delete(stage, point)

    assert stage.left() == NOTHING
    with pytest.raises(RecoveryPointNotFound):
        stage.backend().get_recovery_point(point.id)


def test_a_point_whose_namespace_is_gone_goes_too(stage, point):
    stage.wreck()
    assert stage.left()["contents"] == 2

    delete(stage, point)

    assert stage.left() == NOTHING


def test_a_point_whose_contents_are_gone_goes_too(stage, point):
    for kind in (SNAPSHOTS, CONTENTS):
        for found in stage.api.list(kind):
            metadata = found["metadata"]
            stage.csi.world.change(kind, found, {"metadata": {"finalizers": None}})
            stage.api.delete(kind, metadata["name"], metadata.get("namespace", ""))
    assert stage.left()["stored"] == 2

    delete(stage, point)

    assert stage.left() == NOTHING


def test_a_snapshot_of_the_same_name_that_somebody_made_stays(stage, point):
    (held, _) = stage.api.list(SNAPSHOTS)
    name = held["metadata"]["name"]
    stage.api.delete(SNAPSHOTS, name, "shop")
    again = {"name": name, "namespace": "shop"}
    stage.api.create({**held, "metadata": again, "status": {}})

    delete(stage, point)

    assert [found["metadata"]["name"] for found in stage.api.list(SNAPSHOTS)] == [name]


def test_a_deletion_that_breaks_off_counts_as_nothing_and_is_gone_on_with(
    stage, point, monkeypatch, codes
):
    monkeypatch.setattr(removing, "_GONE_WITHIN", 0.05)
    monkeypatch.setattr(polling, "_FIRST", 0.01)
    stage.csi.pause()
    results = delete(stage, point)
    assert isinstance(results["delete"], BackendUnavailable)
    half = stage.point(point.name)
    assert half.phase is Phase.UNKNOWN
    assert "half-deleted" in codes(half.findings)
    restore = stage.backend().plan_restore(stage.restore_request(half, onto="d"))
    assert "half-deleted" in codes(restore.findings)
    stage.csi.resume()
    stage.csi.tick()

    delete(stage, half)

    assert stage.left() == NOTHING


def test_only_the_cluster_that_has_the_storage_can_delete(stage, point, codes):
    found = stage.api.get("namespaces", "kube-system")
    found["metadata"]["uid"] = "uid-of-another"
    content = {key: value for key, value in found.items() if key not in ("apiVersion", "kind")}
    stage.api.store.put("namespaces", "kube-system", content)

    plan = stage.backend().plan_deletion(point.id)

    assert (plan.acts, codes(plan.findings)) == ((), ["another-cluster"])
    assert [place.writable for place in stage.point(point.name).places] == [False]


def test_a_point_whose_manifest_is_damaged_can_be_forgotten(stage, point, codes):
    (file,) = (stage.folder / "store" / "kept").rglob(f"{point.name}.json")
    file.write_text("{")

    backend = stage.backend()
    plan = backend.plan_deletion(point.id)
    stage.drive(backend, plan)

    assert codes(plan.findings) == ["snapshots-unknown"]
    assert stage.left()["files"] == 0
    assert stage.left()["stored"] == 2
