"""Groups: all volumes of a namespace at one moment, where one driver has them all."""

from __future__ import annotations

import pytest

from slackwater.model.operation import Phase
from slackwater_csi.emulator.definitions import (
    GROUP_CONTENTS,
    GROUP_SNAPSHOTS,
    SNAPSHOTS,
    group_definitions,
)
from slackwater_csi.emulator.installing import group_class
from slackwater_csi.emulator.seeding import claim
from slackwater_csi.facts import PointFacts

NOTHING = {"snapshots": 0, "contents": 0, "stored": 0, "files": 0}


@pytest.fixture
def stage(make_stage):
    return make_stage(groups=True)


def facts(stage, point):
    return PointFacts.model_validate(
        stage.store.open("csi", stage.clock).manifest(point.name).facts
    )


def test_volumes_of_one_driver_are_taken_together(stage, codes):
    point = stage.back_up()

    assert point.phase is Phase.SUCCEEDED
    assert {volume.method for volume in point.contents.volumes} == {"CSI group snapshot"}
    assert "not-one-moment" not in codes(point.findings)
    assert facts(stage, point).group.version == "v1"
    assert stage.api.list(GROUP_CONTENTS)[0]["spec"]["deletionPolicy"] == "Retain"
    assert len(stage.points()) == 1  # members are no points of their own


def test_a_group_comes_back_volume_by_volume(stage):
    seeded = stage.standing()
    point = stage.back_up()
    stage.wreck()

    stage.restore(point)

    assert stage.standing() == seeded


@pytest.mark.parametrize("gone", [False, True])
def test_a_group_is_deleted_as_a_whole(stage, gone):
    point = stage.back_up()
    if gone:
        stage.wreck()
    backend = stage.backend()

    stage.drive(backend, backend.plan_deletion(point.id), "r-delete")

    assert stage.left() == NOTHING
    assert stage.api.list(GROUP_SNAPSHOTS) == stage.api.list(GROUP_CONTENTS) == []


def test_a_group_that_fails_leaves_nothing(stage):
    stage.csi.faults.fail_next = "the pool is full"
    backend = stage.backend()

    results = stage.drive(backend, backend.plan_backup(stage.request()))

    assert results["snapshots"].phase is Phase.FAILED
    assert stage.left() == NOTHING
    assert stage.api.list(GROUP_SNAPSHOTS) == stage.api.list(GROUP_CONTENTS) == []


def test_a_claim_that_the_group_cannot_take_makes_it_single_snapshots(stage):
    claim(stage.api, "shop", "scratch", "x", hostPath={"path": "/x"})

    point = stage.back_up()

    assert facts(stage, point).group is None
    assert point.phase is Phase.PARTIAL


@pytest.mark.parametrize("how", [{"groups": False}, {"claim": "data"}])
def test_no_group_where_none_is_wanted(stage, how):
    assert facts(stage, stage.back_up(**how)).group is None


def test_the_older_version_is_spoken_where_it_is_the_only_one(make_stage):
    stage = make_stage()
    for definition in group_definitions(("v1beta2",)):
        stage.api.create(definition)
    stage.api.create(group_class("emulated", version="v1beta2"))

    point = stage.back_up()

    assert facts(stage, point).group.version == "v1beta2"


def test_a_claim_that_comes_after_the_plan_is_no_part_of_the_point(stage):
    backend = stage.backend()
    plan = backend.plan_backup(stage.request())
    claim(stage.api, "shop", "late", "x")

    made = stage.drive(backend, plan)

    point = stage.point(made["keep"]["point"])
    assert {v.claim for v in point.contents.volumes if v.held} == {"data", "media"}
    stage.drive(backend, backend.plan_deletion(point.id), "r-delete")
    assert stage.left() == NOTHING


def test_who_does_not_look_at_a_group_is_told(stage):
    stage.csi.faults.no_controller = True
    backend = stage.backend()

    results = stage.drive(backend, backend.plan_backup(stage.request()))

    assert "feature gate CSIVolumeGroupSnapshot" in results["snapshots"].message


def test_members_whose_group_is_forgotten_are_never_called_deleted(stage):
    """A driver deletes no member by itself, and the group's content alone has the group's name."""
    point = stage.back_up()
    stored = stage.left()["stored"]
    for kind in (SNAPSHOTS, GROUP_SNAPSHOTS, GROUP_CONTENTS):
        for found in stage.api.list(kind):
            metadata = found["metadata"]
            stage.csi.world.change(kind, found, {"metadata": {"finalizers": None}})
            stage.api.delete(kind, metadata["name"], metadata.get("namespace", ""))
    backend = stage.backend()

    results = stage.drive(backend, backend.plan_deletion(point.id), "r-delete")

    assert "nothing can delete it from here" in str(results["delete"])
    assert stage.left()["stored"] == stored
    stage.csi.storage.snapshots.clear()
    stage.drive(backend, backend.plan_deletion(point.id), "r-again")
    assert stage.left() == NOTHING
