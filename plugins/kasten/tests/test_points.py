"""Recovery points as an emulated K10 shows them: copies, adoption, denial, deletion."""

from __future__ import annotations

import pytest

from slackwater.errors import (
    BackendUnavailable,
    PermanentBackendError,
    PermissionDenied,
    RecoveryPointNotFound,
)
from slackwater.model.operation import Phase
from slackwater.model.request import PointQuery
from slackwater.testing.kubernetes_api import Refuse, Rule
from slackwater_kasten.rights import roles

EVERYTHING = PointQuery()


def listed(backend):
    return list(backend.list_recovery_points(EVERYTHING))


def test_a_policys_backup_and_its_export_are_one_point(clusters):
    clusters.run_policy()

    (point,) = listed(clusters.backend())

    assert point.name == "shop@run-nightly"
    assert [place.store_name for place in point.places] == ["", "offsite"]
    assert point.made_by == "K10 policy nightly"
    read = clusters.backend().get_recovery_point(point.id)
    assert read.phase is Phase.SUCCEEDED
    assert [(v.claim, v.off_cluster) for v in read.contents.volumes] == [("data", True)]


def test_a_point_outlives_its_namespace_and_keeps_its_name(clusters):
    before = clusters.back_up()
    clusters.api.delete("namespaces", "shop")

    (after,) = listed(clusters.backend())

    assert after.id == before.id
    assert after.stamp == before.stamp, "an export of it lies in K10's own namespace"
    assert after.tool_phase == "Unbound"


def test_a_point_keeps_its_identity_when_its_local_copy_is_retired(clusters):
    before = clusters.back_up()
    local = clusters.k10.catalog.find("restorepointcontents", "shop-" + before.name[5:])
    clusters.k10.rules.retire(local)
    clusters.kasten.tick(3)

    (after,) = listed(clusters.backend())

    assert after.id == before.id
    assert [place.store_name for place in after.places] == ["offsite"]


def test_reading_details_is_left_to_chosen_points(clusters):
    for namespace in ("shop", "crm", "books"):
        clusters.back_up(namespace)
    clusters.server.calls.clear()

    listed(clusters.backend())

    assert not [call for call in clusters.server.calls if call.subresource == "details"]


def test_a_phase_that_failed_within_a_complete_backup_makes_it_partial(clusters):
    clusters.k10.faults.lose_phase = "the image of the database was not readable"
    point = clusters.back_up()

    read = clusters.backend().get_recovery_point(point.id)

    assert read.phase is Phase.PARTIAL
    (finding,) = read.findings
    assert "the image of the database was not readable" in finding.message


def test_a_copy_that_was_imported_is_of_unknown_origin(clusters):
    point = clusters.back_up()
    name = point.name.partition("@")[2]
    clusters.kasten.hand_over("east", "west", "sw-receive", backup=name)
    west, stores = clusters.backend("west", receive={"east": "sw-receive"}), ()
    stores = tuple(clusters.backend().list_stores())
    clusters.drive(west, west.plan_restore(clusters.restore(point, "west", stores=stores)))

    (shown,) = listed(west)

    assert shown.origin == ""
    assert shown.stamp is None
    assert shown.id.store == "s3://s3.emulated.example/exports"
    assert shown.begin == point.begin


def a_copy_by(clusters, policy="", run=""):
    """An exported copy without its original, as it comes by an import or is left by retention."""
    told = {"k10.kasten.io/appName": "shop", "k10.kasten.io/appNamespace": "shop",
            "k10.kasten.io/exportProfile": "offsite", "k10.kasten.io/policyName": policy,
            "k10.kasten.io/runActionName": run}  # fmt: skip
    status = {"state": "Unbound", "actionTime": "2026-11-21T13:00:00Z"}
    metadata = {"name": "shop-scheduled-x", "labels": {k: v for k, v in told.items() if v}}
    clusters.k10.catalog.add("restorepointcontents", {"metadata": metadata, "status": status})


def test_a_copy_that_nothing_here_has_made_is_of_unknown_origin(clusters):
    """The records of imports go; the copy must not become this cluster's own by that."""
    a_copy_by(clusters)
    (point,) = listed(clusters.backend())
    assert point.id.store.startswith("s3://")
    assert [finding.code for finding in point.findings] == ["imported"]


def test_a_copy_that_a_policy_here_has_exported_is_of_this_cluster(clusters):
    clusters.run_policy()
    for content in clusters.k10.catalog.all("restorepointcontents"):
        if "k10.kasten.io/exportProfile" not in content["metadata"]["labels"]:
            clusters.k10.rules.retire(content)
    (point,) = listed(clusters.backend())
    assert point.id.store.startswith("k10://")


def test_who_may_not_see_imports_takes_no_copy_for_the_clusters_own(clusters):
    clusters.run_policy()
    a_copy_by(clusters, "nightly", "run-nightly-elsewhere")
    clusters.server.rights(
        "blind",
        Rule(("get", "list"), ("restorepointcontents", "namespaces", "policies", "profiles",
             "exportactions", "backupactions"), ("*",)),
        user="blind",
    )  # fmt: skip

    stores = {point.name: point.id.store for point in listed(clusters.backend(token="blind"))}

    assert stores["shop@run-nightly"].startswith("k10://"), "its original is here"
    assert stores["shop@run-nightly-elsewhere"].startswith("s3://")


def test_an_export_by_hand_is_of_this_cluster(clusters):
    point = clusters.back_up(export="")
    name = point.name.partition("@")[2]
    spec = {"profile": {"name": "offsite"}, "receiveString": clusters.kasten.vault.new_string(),
            "subject": {"name": name, "namespace": "shop"}}  # fmt: skip
    metadata = {"name": "by-hand", "namespace": "kasten-io"}
    export = {"metadata": metadata, "spec": spec, "status": {"state": "Pending"}}
    clusters.k10.catalog.add("exportactions", export)
    clusters.kasten.tick(3)

    (by_hand,) = [point for point in listed(clusters.backend()) if "by-hand" in point.name]

    assert by_hand.id.store.startswith("k10://")


@pytest.mark.parametrize("verb", ["get", "list"])
def test_an_api_that_is_gone_is_no_object_that_is_gone(clusters, verb):
    """Where gone means done, as in a deletion, this must not be taken for it."""
    point, backend = clusters.back_up(export=""), clusters.backend()
    (act,) = backend.plan_deletion(point.id).acts
    gone = Refuse(404, message="the server could not find the requested resource")
    clusters.server.faults.add(verb, "/(restorepointcontents|retireactions)", gone, times=None)

    with pytest.raises(PermanentBackendError, match="could not find the requested resource"):
        clusters.do(backend, act, "r-delete")


def test_who_may_not_list_contents_sees_what_he_may_and_is_told_so(clusters):
    clusters.back_up("shop")
    clusters.back_up("crm")
    clusters.server.rights(
        "basic",
        Rule(verbs=("get", "list"), resources=("namespaces",)),
        Rule(
            verbs=("get", "list"),
            resources=("restorepoints",),
            groups=("apps.kio.kasten.io",),
            namespace="shop",
        ),
        user="basic",
    )

    points = listed(clusters.backend(token="basic"))

    assert {space for point in points for space in point.scope.namespaces} == {"shop"}
    assert len(points) == 1, "the export's RestorePoint is a copy of it, not a point of its own"
    (note,) = points[0].findings
    assert note.code == "partly-seen"
    assert "crm" in note.message


def test_the_aggregated_api_being_down_is_transient_and_says_where_to_look(clusters):
    clusters.kasten.kill("east")

    with pytest.raises(BackendUnavailable) as raised:
        listed(clusters.backend())

    assert "restorepointcontents.apps.kio.kasten.io" in str(raised.value)
    assert "apiservices" in raised.value.hint
    clusters.kasten.start("east")
    assert listed(clusters.backend()) == []


def test_a_catalogue_that_fails_in_the_middle_is_no_empty_one(clusters):
    clusters.back_up()
    clusters.server.faults.add("list", "/restorepointcontents$", 500)

    with pytest.raises(BackendUnavailable):
        listed(clusters.backend())


def test_deletion_takes_every_copy_and_the_export_with_it(clusters):
    point, backend = clusters.back_up(), clusters.backend()
    plan = backend.plan_deletion(point.id)

    results = clusters.drive(backend, plan, "r-delete")

    assert {result.phase for result in results.values()} == {Phase.SUCCEEDED}
    assert listed(backend) == []
    assert clusters.kasten.vault.contents() == []
    assert clusters.k10.catalog.all("restorepoints") == []


def test_deleting_again_under_the_same_key_is_the_same_deletion(clusters):
    point, backend = clusters.back_up(), clusters.backend()
    plan = backend.plan_deletion(point.id)
    clusters.drive(backend, plan, "r-delete")

    results = clusters.drive(clusters.backend(), plan, "r-delete")

    assert {result.phase for result in results.values()} == {Phase.SUCCEEDED}


def test_a_deletion_that_k10_fails_at_is_told_with_the_reason(clusters):
    point, backend = clusters.back_up(export=""), clusters.backend()
    clusters.k10.faults.fail_next = "the snapshot is still in use"

    results = clusters.drive(backend, backend.plan_deletion(point.id), "r-delete")

    assert results["delete"].phase is Phase.FAILED
    assert results["delete"].message == "the snapshot is still in use"


def test_a_point_of_another_store_is_not_found_by_its_name(clusters):
    point, backend = clusters.back_up(), clusters.backend()

    with pytest.raises(RecoveryPointNotFound):
        backend.get_recovery_point(point.id.model_copy(update={"store": "k10://other"}))


def test_a_missing_right_to_read_details_is_named(clusters):
    point = clusters.back_up()
    clusters.server.rights(
        "lister",
        Rule(verbs=("get", "list"), resources=("restorepointcontents", "namespaces", "policies",
             "backupactions", "exportactions"), groups=("*",)),
        user="lister",
    )  # fmt: skip

    with pytest.raises(PermissionDenied) as raised:
        clusters.backend(token="lister").get_recovery_point(point.id)

    assert "restorepointcontents/details" in str(raised.value)
    assert "restorepointcontents/details" in roles("kasten-io")
