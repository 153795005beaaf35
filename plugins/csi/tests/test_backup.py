"""Backups: manifests first, all snapshots at once, kept before they count, nothing left behind."""

from __future__ import annotations

import pytest

from slackwater.errors import KeyReused, PermanentBackendError, Unsupported
from slackwater.model.act import Key
from slackwater.model.operation import Phase
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.testing.conformance.worker import Progresses
from slackwater_csi.emulator.definitions import CLASSES, CONTENTS, SNAPSHOTS
from slackwater_csi.emulator.installing import snapshot_class
from slackwater_csi.emulator.seeding import claim
from slackwater_csi.facts import PointFacts


def facts(stage, point):
    return PointFacts.model_validate(
        stage.store.open("csi", stage.clock).manifest(point.name).facts
    )


def test_a_backup_holds_volumes_and_objects_and_says_where_they_lie(stage, codes):
    point = stage.back_up()

    assert point.phase is Phase.SUCCEEDED
    assert {(v.claim, v.held, v.off_cluster) for v in point.contents.volumes} == {
        ("data", True, False),
        ("media", True, False),
    }
    assert point.contents.objects_in("shop") == 4  # two claims, prices, web
    assert "same-storage" in codes(point.findings)
    assert "not-one-moment" in codes(point.findings)


def test_the_manifest_names_handles_driver_sizes_and_times(stage):
    held = facts(stage, stage.back_up()).held

    assert {volume.handle for volume in held} == set(stage.csi.storage.snapshots)
    assert all(v.driver and v.size and v.taken and v.content and v.snapshot_uid for v in held)


def test_contents_are_retained_before_the_point_counts(stage):
    backend = stage.backend()
    plan = backend.plan_backup(stage.request())
    acts = {act.id: act for act in plan.acts}
    stage.do(backend, acts["manifests"])
    stage.do(backend, acts["snapshots"])
    assert {c["spec"]["deletionPolicy"] for c in stage.api.list(CONTENTS)} == {"Delete"}
    policies = []
    store = stage.store.open("csi", stage.clock)
    stage.api.subscribe(CONTENTS, lambda _: policies.append(len(list(store.manifests()))))

    stage.do(backend, acts["keep"])

    assert {c["spec"]["deletionPolicy"] for c in stage.api.list(CONTENTS)} == {"Retain"}
    assert set(policies) == {1}  # the draft, and no point yet, whenever a content changed


def test_a_point_outlives_its_namespace(stage):
    point = stage.back_up()

    stage.wreck()

    assert stage.api.list(SNAPSHOTS) == []
    assert set(stage.csi.storage.snapshots) == {v.handle for v in facts(stage, point).held}


def test_nothing_but_the_point_is_left_after_a_backup(stage):
    stage.back_up()

    assert stage.left() == {"snapshots": 2, "contents": 2, "stored": 2, "files": 2}


def test_snapshots_are_created_at_once_and_asked_after_with_few_requests(stage):
    backend = stage.backend()
    plan = backend.plan_backup(stage.request())
    acts = {act.id: act for act in plan.acts}
    stage.do(backend, acts["manifests"])
    ref = backend.start(acts["snapshots"], Key(run="r-1", step="snapshots"))
    assert len(stage.api.list(SNAPSHOTS)) == 2
    before = len(stage.server.calls)

    backend.get_operations([ref])

    assert len(stage.server.calls) == before + 1


def test_an_error_is_progress_and_no_end(stage):
    stage.csi.faults.complain_next = "the pool was busy"
    backend = stage.backend()
    plan = backend.plan_backup(stage.request())
    acts = {act.id: act for act in plan.acts}
    stage.do(backend, acts["manifests"])
    ref = backend.start(acts["snapshots"], Key(run="r-1", step="snapshots"))
    stage.csi.tick()

    complaining = backend.get_operations([ref])[ref]

    assert (complaining.phase, "the pool was busy" in complaining.message) == (Phase.RUNNING, True)
    assert stage.ended(backend, ref).phase is Phase.SUCCEEDED


def test_what_never_gets_ready_fails_at_its_deadline_with_the_last_error(stage):
    stage.csi.faults.fail_next = "the pool is full"
    backend = stage.backend()

    results = stage.drive(backend, backend.plan_backup(stage.request()))

    assert results["snapshots"].phase is Phase.FAILED
    assert results["snapshots"].retryable
    assert "the pool is full" in results["snapshots"].message
    assert stage.left() == {"snapshots": 0, "contents": 0, "stored": 0, "files": 0}


def test_the_deadline_grows_with_the_number_of_volumes(stage):
    backend = stage.backend(more_for_each="1m")
    timeouts = {
        act.timeout
        for space in ("shop", "crm")
        for act in backend.plan_backup(stage.request(space)).acts
        if act.id == "snapshots"
    }

    assert timeouts == {300 + 2 * 60 + 120, 300 + 60 + 120}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("no_controller", "is snapshot-controller running?"),
        ("no_sidecar", "waits for its driver"),
        ("stalled", "was taken and is not ready yet"),
    ],
)
def test_who_does_not_work_is_told(stage, fault, said):
    setattr(stage.csi.faults, fault, True)
    backend = stage.backend()

    results = stage.drive(backend, backend.plan_backup(stage.request()))

    assert results["snapshots"].phase is Phase.FAILED
    assert said in results["snapshots"].message


def test_a_throttled_cluster_gets_there_within_the_deadline(stage):
    stage.csi.faults.at_most = 1

    assert stage.back_up().phase is Phase.SUCCEEDED


def test_a_second_generation_makes_the_same_point(stage):
    stage.csi.faults.fail_next = "the pool is full"
    backend = stage.backend()
    acts = {act.id: act for act in backend.plan_backup(stage.request()).acts}
    stage.do(backend, acts["manifests"])
    assert stage.do(backend, acts["snapshots"]).phase is Phase.FAILED

    assert stage.do(backend, acts["snapshots"], generation=2).phase is Phase.SUCCEEDED
    made = stage.do(backend, acts["keep"])
    stage.do(backend, acts["tidy"])

    assert stage.point(made["point"]).phase is Phase.SUCCEEDED
    assert stage.left() == {"snapshots": 2, "contents": 2, "stored": 2, "files": 2}


def test_a_volume_without_snapshots_is_found_out(stage, codes):
    backend = stage.backend()
    plan = backend.plan_backup(stage.request("books"))

    point = stage.back_up("books")

    assert "volume-skipped" in codes(plan.findings)
    assert point.phase is Phase.PARTIAL
    (skipped,) = [v for v in point.contents.volumes if not v.held]
    assert (skipped.claim, "hostPath" in skipped.reason) == ("scratch", True)


def test_a_driver_without_a_class_is_passed_over(stage):
    claim(stage.api, "crm", "archive", "x", driver="other.example")

    point = stage.back_up("crm")

    (skipped,) = [v for v in point.contents.volumes if not v.held]
    assert skipped.reason == "no VolumeSnapshotClass is for the driver other.example"


def test_two_default_classes_are_no_choice_until_one_is_named(stage):
    stage.api.create(snapshot_class("second", default=True))
    plan = stage.backend().plan_backup(stage.request("crm"))
    assert "2 default VolumeSnapshotClasses: emulated, second" in plan.findings[0].message

    point = stage.back_up("crm", classes={"emulated.csi.slackwater.dev": "second"})

    assert facts(stage, point).held[0].snapshot_class == "second"


def test_a_class_that_retains_leaves_nothing_of_a_failed_try(stage):
    stage.api.delete(CLASSES, "emulated")
    stage.api.create(snapshot_class("keeps", default=True, policy="Retain"))
    stage.csi.faults.fail_next = "the pool is full"
    backend = stage.backend()

    stage.drive(backend, backend.plan_backup(stage.request()))

    assert stage.left() == {"snapshots": 0, "contents": 0, "stored": 0, "files": 0}


def test_without_objects_only_volumes_are_held(stage):
    point = stage.back_up(objects=False)

    assert point.contents.objects_in("shop") == 0
    assert len(point.contents.volumes) == 2


def test_a_single_volume_is_backed_up_by_itself(stage):
    point = stage.back_up(claim="data")

    assert point.scope.volumes == (("shop", "data"),)
    assert [volume.claim for volume in point.contents.volumes] == ["data"]


def test_a_namespace_without_volumes_is_a_point_of_objects(stage):
    stage.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "plain"}})
    stage.api.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "plain"}}
    )

    point = stage.back_up("plain")

    assert (point.phase, point.contents.objects_in("plain")) == (Phase.SUCCEEDED, 1)


@pytest.mark.parametrize("kind", [WorkloadKind.CONTROL_PLANE, WorkloadKind.CLUSTER_OBJECTS])
def test_what_has_no_volumes_is_not_for_this_tool(stage, kind):
    request = stage.request().model_copy(update={"workload": Workload(cluster="home", kind=kind)})

    with pytest.raises(Unsupported):
        stage.backend().plan_backup(request)


def test_without_a_store_there_are_no_backups(stage, codes):
    plan = stage.backend(store="").plan_backup(stage.request())

    assert (plan.acts, codes(plan.findings)) == ((), ["no-store"])


def test_names_of_253_characters_are_borne(stage):
    long = "d" * 253
    claim(stage.api, "crm", long, "deep")

    point = stage.back_up("crm")
    stage.wreck("crm")
    stage.restore(point)

    assert stage.data("crm", long) == "deep"


def test_a_claim_that_goes_before_the_snapshots_is_told(stage):
    backend = stage.backend()
    plan = backend.plan_backup(stage.request())
    stage.api.delete("persistentvolumeclaims", "media", "shop")

    results = stage.drive(backend, plan)

    assert isinstance(results["manifests"], PermanentBackendError)
    assert "media" in str(results["manifests"])
    assert stage.left() == {"snapshots": 0, "contents": 0, "stored": 0, "files": 0}


def test_a_claim_that_comes_after_the_plan_is_named_as_missing(stage):
    backend = stage.backend()
    plan = backend.plan_backup(stage.request("crm"))
    claim(stage.api, "crm", "late", "x")

    made = stage.drive(backend, plan)

    (skipped,) = [v for v in stage.point(made["keep"]["point"]).contents.volumes if not v.held]
    assert (skipped.claim, "after the backup was planned" in skipped.reason) == ("late", True)


def test_a_snapshot_deleted_by_somebody_fails_the_operation(stage):
    backend = stage.backend()
    acts = {act.id: act for act in backend.plan_backup(stage.request()).acts}
    stage.do(backend, acts["manifests"])
    ref = backend.start(acts["snapshots"], Key(run="r-1", step="snapshots"))
    name = stage.api.list(SNAPSHOTS)[0]["metadata"]["name"]
    stage.api.delete(SNAPSHOTS, name, "shop")

    operation = backend.get_operations([ref])[ref]

    assert (operation.phase, operation.message) == (Phase.FAILED, "1 of 2 snapshots are gone")


def test_a_snapshot_that_goes_before_it_is_kept_makes_no_point(stage):
    backend = stage.backend()
    acts = {act.id: act for act in backend.plan_backup(stage.request()).acts}
    stage.do(backend, acts["manifests"])
    stage.do(backend, acts["snapshots"])
    name = stage.api.list(SNAPSHOTS)[0]["metadata"]["name"]
    stage.api.delete(SNAPSHOTS, name, "shop")

    with pytest.raises(PermanentBackendError, match="not all snapshots of shop"):
        stage.do(backend, acts["keep"])
    stage.do(backend, acts["tidy"])

    assert stage.left() == {"snapshots": 0, "contents": 0, "stored": 0, "files": 0}


def test_a_content_that_belongs_to_another_snapshot_is_never_ready(stage):
    backend = stage.backend()
    acts = {act.id: act for act in backend.plan_backup(stage.request("crm")).acts}
    stage.do(backend, acts["manifests"])
    key = Key(run="r-1", step="snapshots")
    ref = backend.start(acts["snapshots"], key)
    stage.csi.tick(2)
    (content,) = stage.api.list(CONTENTS)
    change = {"spec": {"volumeSnapshotRef": {"uid": "somebody-else"}}}
    stage.api.patch(CONTENTS, content["metadata"]["name"], change)

    operation = backend.get_operations([ref])[ref]

    assert operation.phase is Phase.UNKNOWN
    assert "somebody-else" in operation.message
    with pytest.raises(PermanentBackendError, match="somebody-else"):
        stage.do(backend, acts["keep"])


def test_the_same_key_serves_no_other_claims(stage):
    backend = stage.backend()
    one, two = (
        {act.id: act for act in backend.plan_backup(stage.request(s)).acts}["snapshots"]
        for s in ("shop", "crm")
    )
    key = Key(run="r-1", step="snapshots")
    backend.start(one, key)

    with pytest.raises(KeyReused):
        backend.start(two, key)


def test_a_start_that_broke_off_is_gone_on_with(stage):
    backend = stage.backend()
    act = {act.id: act for act in backend.plan_backup(stage.request()).acts}["snapshots"]
    key = Key(run="r-1", step="snapshots")
    stage.server.faults.add("create", "/volumesnapshots$", 500)
    with pytest.raises(Exception, match="500"):
        backend.start(act, key)

    ref = backend.start(act, key)

    assert stage.ended(backend, ref).phase is Phase.SUCCEEDED
    assert len(stage.api.list(SNAPSHOTS)) == 2


def test_the_spread_is_measured_from_the_snapshots_own_times(stage):
    stage.csi.faults.at_most = 1  # one content in each step, a minute apart

    point = facts(stage, stage.back_up())

    assert point.spread >= 60
    assert point.ended == max(volume.taken for volume in point.held)


def test_tidying_what_was_never_begun_is_fine(stage):
    backend = stage.backend()
    act = {act.id: act for act in backend.plan_backup(stage.request()).acts}["tidy"]

    assert backend.perform(act, Key(run="r-never", step="tidy"), Progresses()) == {"removed": 0}
