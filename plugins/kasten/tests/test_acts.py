"""Backups, exports and restores on an emulated K10, and what becomes of them when it fails."""

from __future__ import annotations

import pytest

from slackwater.errors import (
    BackendUnavailable,
    PermanentBackendError,
    RecoveryPointNotFound,
    Throttled,
    TransientBackendError,
    Unsupported,
)
from slackwater.model.act import Key
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Requirement
from slackwater.model.request import Existing, PointQuery, RestoreMapping
from slackwater.testing.kubernetes_api import Refuse
from slackwater.testing.kubernetes_api.workloads import claim, contents, put
from slackwater_kasten.emulator.faults import Guesses

KEY = Key(run="r-1", step="backup")
SECRET = "sw-receive-east"


def started(clusters, backend=None):
    backend = backend or clusters.backend()
    act = backend.plan_backup(clusters.request()).acts[0]
    return act, backend.start(act, KEY)


def test_what_we_make_always_expires(clusters):
    clusters.back_up()

    for kind in ("backupactions", "exportactions"):
        (action,) = clusters.k10.catalog.all(kind)
        assert action["spec"]["expiresAt"]
    (point,) = clusters.backend().list_recovery_points(PointQuery())
    assert point.expires is not None


def test_labels_that_k10_wants_are_always_sent(clusters):
    _, ref = started(clusters)
    (action,) = clusters.k10.catalog.all("backupactions")
    assert action["metadata"]["labels"]["k10.kasten.io/appName"] == "shop"
    assert ref.handle == f"backup/shop/{action['metadata']['name']}"


def test_an_export_waits_for_a_backup_that_ended_well(clusters):
    backend = clusters.backend()
    backup, export = backend.plan_backup(clusters.request()).acts

    with pytest.raises(PermanentBackendError, match="no backup of shop in this run"):
        backend.start(export, Key(run="r-1", step="export"))

    ref = backend.start(backup, KEY)
    with pytest.raises(TransientBackendError):
        backend.start(export, Key(run="r-1", step="export"))
    clusters.ended(backend, ref)
    assert backend.start(export, Key(run="r-1", step="export"))


def test_an_export_takes_the_point_of_its_own_run(clusters):
    clusters.back_up()
    backend = clusters.backend()
    _, export = backend.plan_backup(clusters.request()).acts

    with pytest.raises(PermanentBackendError):
        backend.start(export, Key(run="r-other", step="export"))


def test_a_profile_that_is_not_valid_blocks_the_backup(clusters):
    clusters.put("Profile", "nowhere", {"type": "Location", "locationSpec": {
        "type": "ObjectStore", "objectStore": {"name": "missing"}}})  # fmt: skip
    clusters.kasten.tick()

    plan = clusters.backend(export="nowhere").plan_backup(clusters.request())

    (finding,) = plan.findings
    assert (finding.code, finding.blocks) == ("profile-invalid", True)
    assert "Could not find profile bucket" in finding.message


def test_data_that_must_leave_the_cluster_needs_a_profile(clusters):
    request = clusters.request().model_copy(update={"require": (Requirement.OFF_CLUSTER,)})
    plan = clusters.backend(export="").plan_backup(request)
    assert [finding.code for finding in plan.findings] == ["not-off-cluster"]


def test_a_failure_is_told_by_the_deepest_message(clusters):
    backend = clusters.backend()
    _, ref = started(clusters, backend)
    clusters.k10.faults.fail_next = "no VolumeSnapshotClass with the annotation"

    operation = clusters.ended(backend, ref)

    assert operation.phase is Phase.FAILED
    assert operation.retryable
    assert operation.message == "no VolumeSnapshotClass with the annotation"
    explanation = backend.explain_operation(ref)
    assert explanation.errors[0] == operation.message
    assert "/details" in explanation.native_command


def test_a_failure_without_a_word_is_told_too(clusters):
    backend = clusters.backend()
    _, ref = started(clusters, backend)
    clusters.k10.faults.fail_next = "unsaid"
    clusters.k10.faults.silent = True

    assert "gives no reason" in clusters.ended(backend, ref).message


def test_an_attempt_that_failed_goes_on(clusters):
    backend = clusters.backend()
    _, ref = started(clusters, backend)
    clusters.k10.faults.retry_next = True
    clusters.kasten.tick(2)

    operation = backend.get_operations([ref])[ref]

    assert (operation.phase, operation.tool_phase) == (Phase.RUNNING, "AttemptFailed")
    assert clusters.ended(backend, ref).phase is Phase.SUCCEEDED


def test_a_failed_backup_leaves_nothing_but_its_record(clusters):
    before = clusters.api.store.contents()
    backend = clusters.backend()
    _, ref = started(clusters, backend)
    clusters.k10.faults.fail_next = "the disk is full"
    clusters.ended(backend, ref)

    assert set(clusters.k10.catalog.contents()) == {"backupactions"}
    assert clusters.api.store.contents() == before


def test_an_action_that_was_deleted_behind_our_back_is_left_out(clusters):
    backend = clusters.backend()
    _, ref = started(clusters, backend)
    clusters.k10.catalog.remove("backupactions", ref.handle.rpartition("/")[2], "shop")

    assert backend.get_operations([ref]) == {}


def test_cancelling_is_asked_for_once_and_leaves_no_object(clusters):
    backend = clusters.backend()
    _, ref = started(clusters, backend)

    backend.cancel_operation(ref)
    backend.cancel_operation(ref)

    assert clusters.ended(backend, ref).phase is Phase.CANCELLED
    assert clusters.k10.catalog.all("cancelactions") == []


@pytest.mark.parametrize(
    ("code", "error"),
    [(409, TransientBackendError), (410, TransientBackendError), (429, Throttled),
     (500, BackendUnavailable), (503, BackendUnavailable)],
)  # fmt: skip
def test_answers_of_the_api_are_sorted(clusters, code, error):
    backend = clusters.backend()
    act = backend.plan_backup(clusters.request()).acts[0]
    verb = "create" if code != 410 else "list"
    clusters.server.faults.add(verb, "backupactions", code)

    if code == 409:  # the name is taken, and then is not: it came and went
        with pytest.raises(error):
            backend.start(act, KEY)
    else:
        with pytest.raises(error):
            backend.start(act, KEY)
    assert backend.start(act, KEY), "nothing stands in the way of another try"
    assert len(clusters.k10.catalog.all("backupactions")) == 1


def test_a_namespace_that_is_going_is_refused_and_nothing_is_made(clusters):
    act = clusters.backend().plan_backup(clusters.request()).acts[0]
    clusters.api.patch("configmaps", "prices", {"metadata": {"finalizers": ["x.dev/held"]}}, "shop")
    clusters.api.delete("namespaces", "shop")

    with pytest.raises(PermanentBackendError, match="being terminated"):
        clusters.backend().start(act, KEY)

    assert clusters.k10.catalog.all("backupactions") == []


def test_a_restore_beside_the_original_maps_namespace_and_class(clusters):
    point, backend = clusters.back_up(), clusters.backend()
    request = clusters.restore(point, onto="drill", mapping={"storage_classes": {"fast": "slow"}})

    results = clusters.drive(backend, backend.plan_restore(request), "r-2")

    assert results["restore"].phase is Phase.SUCCEEDED
    assert results["verify"]["missing"] == []
    assert contents(clusters.api, "drill") == contents(clusters.api, "shop")
    restored = clusters.api.get("persistentvolumeclaims", "data", "drill")
    assert restored["spec"]["storageClassName"] == "slow"


def test_what_stands_is_kept_with_its_data(clusters):
    point, backend = clusters.back_up(), clusters.backend()
    clusters.api.delete("persistentvolumeclaims", "data", "shop")
    claim(clusters.api, "shop", "data", "newer orders", csi={"driver": "x", "volumeHandle": "9"})
    plan = backend.plan_restore(clusters.restore(point))

    clusters.drive(backend, plan, "r-2")

    assert [finding.code for finding in plan.findings] == ["claims-kept"]
    assert "data" in plan.findings[0].message
    assert contents(clusters.api, "shop")["data/data"] == "newer orders"


def test_of_what_is_deleted_before_nothing_is_said_to_stay(clusters):
    point, backend = clusters.back_up(), clusters.backend()
    plan = backend.plan_restore(clusters.restore(point, cleared=True))
    assert plan.findings == ()


def test_overwriting_is_said_before_it_is_done(clusters):
    point, backend = clusters.back_up(), clusters.backend()
    change = {"data": {"tea": "300"}}
    clusters.api.patch("configmaps", "prices", change, "shop")
    plan = backend.plan_restore(clusters.restore(point, existing=Existing.UPDATE))

    clusters.drive(backend, plan, "r-2")

    assert [finding.code for finding in plan.findings] == ["overwrites"]
    assert any("deletes" in effect for act in plan.acts for effect in act.effects)
    assert clusters.api.get("configmaps", "prices", "shop")["data"] == {"tea": "3"}


def test_what_would_be_overwritten_is_named_before_it_is(clusters):
    point, backend = clusters.back_up(), clusters.backend()
    clusters.api.delete("deployments.apps", "web", "shop")

    (finding,) = backend.plan_restore(clusters.restore(point, existing=Existing.UPDATE)).findings

    assert "deletes 1 claims with their data and makes them anew: data" in finding.message
    assert "overwrites 1 objects (configmaps: prices)" in finding.message


def test_nothing_is_overwritten_where_nothing_stands(clusters):
    point, backend = clusters.back_up(), clusters.backend()
    plan = backend.plan_restore(clusters.restore(point, onto="new", existing=Existing.UPDATE))
    assert plan.findings == ()


def test_a_class_that_is_mapped_to_and_not_there_is_told_before(clusters):
    point, backend = clusters.back_up(), clusters.backend()
    request = clusters.restore(point, onto="d", mapping={"storage_classes": {"fast": "none"}})

    (finding,) = backend.plan_restore(request).findings

    assert (finding.code, finding.blocks) == ("no-storage-class", True)


def transform_set(clusters, name="smaller", status=None):
    change = {"op": "replace", "path": "/data/tea", "value": "5"}
    subject = {"resource": "configmaps", "name": "prices"}
    spec = {"transforms": [{"name": "dearer tea", "subject": subject, "json": [change]}]}
    clusters.put("TransformSet", name, spec, **({"status": status} if status else {}))


def test_transforms_are_those_that_the_plan_has_shown(clusters):
    transform_set(clusters)
    point, backend = clusters.back_up(), clusters.backend(transform_sets=["smaller"])
    plan = backend.plan_restore(clusters.restore(point, onto="drill"))
    assert any("dearer tea" in effect for act in plan.acts for effect in act.effects)
    clusters.api.delete("transformsets.config.kio.kasten.io", "smaller", "kasten-io")

    clusters.drive(backend, plan, "r-2")

    assert clusters.api.get("configmaps", "prices", "drill")["data"] == {"tea": "5"}


@pytest.mark.parametrize("status", [None, {"validation": "Failed", "error": ["no subject"]}])
def test_a_transform_set_that_is_not_there_or_not_valid_blocks(clusters, status):
    if status:
        transform_set(clusters, status=status)
    point, backend = clusters.back_up(), clusters.backend(transform_sets=["smaller"])

    (finding,) = backend.plan_restore(clusters.restore(point, onto="drill")).findings

    assert (finding.code, finding.blocks) == ("no-transform-set", True)


def test_a_restore_that_has_lost_its_filter_is_stopped_before_it_does_anything(clusters):
    point, backend = clusters.back_up(), clusters.backend()
    object.__setattr__(clusters.k10.rules, "guesses", Guesses(knows_filters=False))
    before = contents(clusters.api, "shop")
    plan = backend.plan_restore(clusters.restore(point))

    for _ in range(2):  # also where the first try was killed before it had looked
        with pytest.raises(PermanentBackendError, match="without the filter"):
            clusters.do(backend, next(act for act in plan.acts if act.id == "restore"), "r-2")

    clusters.kasten.tick(3)
    (action,) = clusters.k10.catalog.all("restoreactions")
    assert action["status"]["state"] == "Cancelled"
    assert contents(clusters.api, "shop") == before


def test_a_claim_that_was_to_be_kept_and_was_not_is_an_error_at_the_end(clusters):
    point, backend = clusters.back_up(), clusters.backend()
    plan = backend.plan_restore(clusters.restore(point))
    acts = {act.id: act for act in plan.acts}
    for name in ("bind", "restore"):
        clusters.do(backend, acts[name], "r-2")
    clusters.api.delete("persistentvolumeclaims", "data", "shop")
    late = {"creationTimestamp": "2999-01-01T00:00:00Z", "name": "data", "namespace": "shop"}
    clusters.api.seed({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": late,
                       "spec": {}})  # fmt: skip

    found = clusters.do(backend, acts["verify"], "r-2")["findings"]

    assert [finding["code"] for finding in found] == ["claim-replaced"]


def test_a_class_that_is_not_there_fails_the_restore_and_leaves_no_restore_point(clusters):
    point, backend = clusters.back_up(), clusters.backend()
    clusters.api.delete("namespaces", "shop")
    clusters.api.delete("storageclasses.storage.k8s.io", "fast")
    plan = backend.plan_restore(clusters.restore(point))

    results = clusters.drive(backend, plan, "r-2")

    assert results["restore"].phase is Phase.FAILED
    assert '"fast" not found' in results["restore"].message
    assert results["unbind"] == {"removed": True}
    assert clusters.k10.catalog.all("restorepoints") == []
    assert set(contents(clusters.api, "shop")) <= {"configmaps/kube-root-ca.crt"}


def test_a_restore_point_that_another_restore_reads_is_not_removed(clusters):
    point, backend = clusters.back_up(), clusters.backend()
    clusters.api.delete("namespaces", "shop")
    plan = backend.plan_restore(clusters.restore(point))
    acts = {act.id: act for act in plan.acts}
    clusters.do(backend, acts["bind"], "r-2")
    clusters.k10.faults.stalled = True
    backend.start(acts["restore"], Key(run="r-3", step="restore"))

    assert clusters.do(backend, acts["unbind"], "r-2") == {"removed": False}


def test_a_point_that_was_deleted_after_the_plan_is_not_found(clusters):
    point, backend = clusters.back_up(export=""), clusters.backend()
    plan = backend.plan_restore(clusters.restore(point, onto="drill"))
    clusters.drive(backend, backend.plan_deletion(point.id), "r-delete")

    results = clusters.drive(backend, plan, "r-2")

    assert isinstance(results["bind"], RecoveryPointNotFound)
    assert results["unbind"] == {"removed": False}


def test_a_target_that_is_being_deleted_is_worth_waiting_for(clusters):
    point, backend = clusters.back_up(), clusters.backend()
    plan = backend.plan_restore(clusters.restore(point))
    clusters.api.patch("configmaps", "prices", {"metadata": {"finalizers": ["x.dev/held"]}}, "shop")
    clusters.api.delete("namespaces", "shop")

    with pytest.raises(TransientBackendError, match="being deleted"):
        clusters.do(backend, plan.acts[0])


def test_images_are_not_promised(clusters):
    point = clusters.back_up()
    request = clusters.restore(point).model_copy(
        update={"mapping": RestoreMapping(images={"a": "b"})}
    )
    with pytest.raises(Unsupported):
        clusters.backend().plan_restore(request)


def test_without_a_receive_string_the_plan_says_how_to_carry_it_over(clusters):
    point = clusters.back_up()

    _, plan = clusters.elsewhere(point)

    (finding,) = plan.findings
    assert (finding.code, finding.blocks) == ("receive-missing", True)
    assert f"slackwater.dev/backup={point.name.partition('@')[2]}" in finding.way_out
    assert plan.acts == ()


def test_a_point_that_was_never_exported_cannot_leave(clusters):
    point = clusters.back_up(export="")
    _, plan = clusters.elsewhere(point)
    assert [finding.code for finding in plan.findings] == ["never-exported"]


def test_a_cluster_without_a_profile_is_told_which_one_it_needs(clusters):
    point = clusters.back_up()
    clusters.apis["west"].delete("profiles.config.kio.kasten.io", "offsite", "kasten-io")
    _, plan = clusters.elsewhere(point)
    assert [finding.code for finding in plan.findings] == ["store-not-visible"]


def test_another_cluster_gets_its_workload_and_keeps_no_policy(clusters):
    point = clusters.back_up()
    clusters.kasten.hand_over("east", "west", SECRET, backup=point.name.partition("@")[2])
    west, plan = clusters.elsewhere(point, receive={"east": SECRET})

    results = clusters.drive(west, plan, "r-2")

    assert results["verify"]["missing"] == []
    assert contents(clusters.apis["west"], "shop") == contents(clusters.api, "shop")
    assert clusters.apis["west"].list("policies.config.kio.kasten.io") == []
    assert clusters.kasten.servers["west"].catalog.all("restorepoints") == []


def test_each_step_to_another_cluster_can_be_done_again(clusters):
    point = clusters.back_up()
    clusters.kasten.hand_over("east", "west", SECRET, backup=point.name.partition("@")[2])
    west, plan = clusters.elsewhere(point, receive={"east": SECRET})
    for act in plan.acts:
        first = clusters.do(west, act, "r-2")
        again = clusters.do(clusters.backend("west", receive={"east": SECRET}), act, "r-2")
        if not act.always:
            assert again == first


def test_a_string_that_was_cut_off_fails_the_import_and_the_policy_goes(clusters):
    point = clusters.back_up()
    clusters.kasten.hand_over("east", "west", SECRET, backup=point.name.partition("@")[2])
    west_api = clusters.apis["west"]
    west_api.patch("secrets", SECRET, {"data": {"receiveString": "UkVDRUlWRS0="}}, "kasten-io")
    before = west_api.store.contents()
    west, plan = clusters.elsewhere(point, receive={"east": SECRET})

    results = clusters.drive(west, plan, "r-2")

    assert results["import"].phase is Phase.FAILED
    assert "receive string" in results["import"].message
    assert "bind" not in results
    after = west_api.store.contents()
    assert {k: v for k, v in after.items() if v} == {k: v for k, v in before.items() if v}


def test_a_run_that_calls_itself_complete_is_judged_by_its_parts(clusters):
    point = clusters.back_up()
    clusters.kasten.hand_over("east", "west", SECRET, backup=point.name.partition("@")[2])
    server = clusters.kasten.servers["west"]
    object.__setattr__(server.rules, "guesses", Guesses(run_fails_with_part=False))
    server.faults.fail_next = "the bucket does not answer"
    west, plan = clusters.elsewhere(point, receive={"east": SECRET})

    results = clusters.drive(west, plan, "r-2")

    assert results["import"].tool_phase == "Complete"
    assert results["import"].phase is Phase.FAILED
    assert "the bucket does not answer" in results["import"].message


def test_two_runs_share_the_import_policy_and_the_last_one_removes_it(clusters):
    point = clusters.back_up()
    clusters.kasten.hand_over("east", "west", SECRET, backup=point.name.partition("@")[2])
    west, plan = clusters.elsewhere(point, receive={"east": SECRET})
    add, remove = plan.acts[0], plan.acts[-1]
    clusters.do(west, add, "r-2")
    clusters.do(west, add, "r-3")

    assert clusters.do(west, remove, "r-2") == {"removed": False}
    assert clusters.do(west, remove, "r-3") == {"removed": True}


def test_the_receive_string_is_in_no_error_when_the_policy_is_refused(clusters):
    point = clusters.back_up()
    clusters.kasten.hand_over("east", "west", SECRET, backup=point.name.partition("@")[2])
    west, plan = clusters.elsewhere(point, receive={"east": SECRET})
    (export,) = clusters.k10.catalog.all("exportactions")
    receive = export["spec"]["receiveString"]
    said = f"spec.actions[0].importParameters.receiveString: Invalid value: {receive}"
    clusters.servers["west"].faults.add("create", "/policies$", Refuse(422, message=said))

    with pytest.raises(PermanentBackendError) as raised:
        clusters.do(west, plan.acts[0])

    assert receive not in str(raised.value)
    assert raised.value.__cause__ is None
    assert "(receive string)" in str(raised.value)


def test_names_of_great_length_are_no_trouble(clusters):
    name = "n" * 63
    clusters.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    put(clusters.api, "v1", "ConfigMap", name, "c" * 253, data={})

    point = clusters.back_up(name)

    assert clusters.backend().get_recovery_point(point.id).contents.objects == {name: 1}
    for kind in ("backupactions", "exportactions"):
        (action,) = clusters.k10.catalog.all(kind)
        assert len(action["metadata"]["name"]) <= 63
