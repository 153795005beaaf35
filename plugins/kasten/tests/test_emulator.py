"""The emulated K10 has the traps of the real one."""

from __future__ import annotations

import pytest

from slackwater.clusters import Cluster
from slackwater.errors import ClusterDenied, ClusterError, ObjectNotFound
from slackwater.testing.kubernetes_api import Rule
from slackwater_kasten.resources import (
    BACKUP_ACTIONS,
    CONTENTS,
    EXPORT_ACTIONS,
    RESTORE_ACTIONS,
    RESTORE_POINTS,
    RUN_ACTIONS,
    manifest,
)

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture
def east(clusters, tmp_path):
    kubeconfig = clusters.server.kubeconfig(tmp_path / "own", context="east")
    return Cluster("east", kubeconfig=kubeconfig)


def test_actions_are_discovered_and_are_no_custom_resources(east):
    served = east.get("/apis/actions.kio.kasten.io/v1alpha1")["resources"]
    defined = [each["metadata"]["name"] for each in east.list(DEFINITIONS)]

    verbs = {each["name"]: each["verbs"] for each in served}
    assert verbs["backupactions"] == ["create", "delete", "get", "list"]
    assert verbs["backupactions/details"] == ["get"]
    assert verbs["cancelactions"] == ["create"]
    assert not [name for name in defined if "actions.kio" in name or "apps.kio" in name]
    groups = [group["name"] for group in east.get("/apis")["groups"]]
    assert {"actions.kio.kasten.io", "apps.kio.kasten.io", "apps"} <= set(groups)


def test_nothing_can_be_changed_or_watched(clusters, east):
    clusters.back_up()
    (content, *_) = east.list(CONTENTS.path())
    name = content["metadata"]["name"]

    with pytest.raises(ClusterError) as patched:
        east.patch(CONTENTS.path(name=name), {"metadata": {"labels": {"a": "b"}}})
    with pytest.raises(ClusterError) as watched:
        east.get(f"{CONTENTS.path()}?watch=true")

    assert (patched.value.status, watched.value.status) == (405, 405)


def test_contents_cannot_be_created(east):
    body = {"apiVersion": "apps.kio.kasten.io/v1alpha1", "kind": "RestorePointContent",
            "metadata": {"name": "x"}}  # fmt: skip
    with pytest.raises(ClusterError) as refused:
        east.create(CONTENTS.path(), body)
    assert refused.value.status == 405


def test_artefacts_are_in_details_only(clusters, east):
    point = clusters.back_up()
    name = f"shop-{point.name.partition('@')[2]}"

    plain = east.get(CONTENTS.path(name=name))
    details = east.get(CONTENTS.path(name=name, subresource="details"))

    assert "restorePointContentDetails" not in plain["status"]
    assert details["status"]["restorePointContentDetails"]["artifacts"]


def test_a_label_of_64_characters_is_refused(east):
    told = {"k10.kasten.io/appName": "x" * 64, "k10.kasten.io/appNamespace": "shop"}
    with pytest.raises(ClusterError, match="63 characters"):
        east.create(BACKUP_ACTIONS.path("shop"), manifest(BACKUP_ACTIONS, "b", "shop", labels=told))


@pytest.mark.parametrize(
    ("kind", "namespace", "spec", "words"),
    [
        (BACKUP_ACTIONS, "shop", {}, "required"),
        (EXPORT_ACTIONS, "shop", {}, "must be created in namespace kasten-io"),
        (RESTORE_ACTIONS, "shop", {"targetNamespace": "crm"}, "targetNamespace"),
        (RUN_ACTIONS, "shop", {"subject": {"namespace": "kasten-io"}}, "namespace of its policy"),
        (RESTORE_POINTS, "shop", {"restorePointContentRef": {"name": "none"}}, "not found"),
    ],
)
def test_what_k10_refuses_is_refused(east, kind, namespace, spec, words):
    with pytest.raises(ClusterError, match=words):
        east.create(kind.path(namespace), manifest(kind, "x", namespace, spec=spec))


def test_an_export_has_its_receive_string_at_once(clusters, east):
    point = clusters.back_up(export="")
    subject = {"kind": "RestorePoint", "name": point.name.partition("@")[2], "namespace": "shop"}
    spec = {"subject": subject, "profile": {"name": "offsite"}}

    made = east.create(
        EXPORT_ACTIONS.path("kasten-io"), manifest(EXPORT_ACTIONS, "e", "kasten-io", spec=spec)
    )

    assert made["spec"]["receiveString"]
    assert clusters.api.get("secrets", "e-migration-token", "kasten-io")


def test_an_empty_point_cannot_be_exported(clusters):
    clusters.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bare"}})
    backend = clusters.backend()
    results = clusters.drive(backend, backend.plan_backup(clusters.request("bare")))
    assert results["export"].message == "No artifacts provided."
    assert not results["export"].retryable


def test_a_content_that_is_released_can_be_bound_again(clusters, east):
    point = clusters.back_up(export="")
    name = point.name.partition("@")[2]
    east.delete(RESTORE_POINTS.path("shop", name))
    assert east.get(CONTENTS.path(name=f"shop-{name}"))["status"]["state"] == "Unbound"

    spec = {"restorePointContentRef": {"name": f"shop-{name}"}}
    east.create(RESTORE_POINTS.path("crm"), manifest(RESTORE_POINTS, "mine", "crm", spec=spec))

    bound = east.get(CONTENTS.path(name=f"shop-{name}"))["status"]
    assert (bound["state"], bound["restorePointRef"]["namespace"]) == ("Bound", "crm")


def test_a_run_of_a_policy_that_is_not_valid_does_nothing(clusters):
    clusters.put("Profile", "offsite", {"type": "Location", "locationSpec": {}})
    clusters.run_policy()

    (run,) = clusters.k10.catalog.all("runactions")
    assert run["status"]["state"] == "Failed"
    assert clusters.k10.catalog.all("backupactions") == []


def test_a_run_is_skipped_while_another_is_active(clusters):
    clusters.run_policy()
    subject = {"kind": "Policy", "name": "nightly", "namespace": "kasten-io"}
    for name, state in (("second", "Pending"), ("first", "Running")):
        made = {"metadata": {"name": name, "namespace": "kasten-io"},
                "spec": {"subject": subject}, "status": {"state": state}}  # fmt: skip
        clusters.k10.catalog.add("runactions", made)
    clusters.kasten.tick()

    assert clusters.k10.catalog.find("runactions", "second", "kasten-io")["status"]["state"] == (
        "Skipped"
    )


def test_what_has_expired_is_retired(clusters, east):
    clusters.back_up(export="", keep_days=1)
    (content,) = clusters.k10.catalog.all("restorepointcontents")
    content["metadata"]["labels"]["k10.kasten.io/expiresAt"] = "2020-01-01T00-00-00Z"
    clusters.k10.catalog.add("restorepointcontents", content)
    clusters.kasten.tick(3)

    assert list(east.list(CONTENTS.path())) == []
    (action,) = clusters.k10.catalog.all("retireactions")
    assert action["status"]["state"] == "Complete"
    assert clusters.k10.catalog.all("backupactions") == []


def test_lists_are_in_no_order_and_complete_in_pages(clusters, east):
    for name in ("shop", "crm", "books"):
        clusters.back_up(name)

    paged = [each["metadata"]["name"] for each in east.list(CONTENTS.path(), page=2)]

    assert len(paged) == len(set(paged)) == 6


def test_rights_are_asked_before_the_request_goes_on(clusters, tmp_path):
    clusters.server.rights("t", Rule(("list",), ("policies",), ("*",)), user="basic")
    kubeconfig = clusters.server.kubeconfig(tmp_path / "basic", context="east", token="t")
    with pytest.raises(ClusterDenied, match="cannot list resource"):
        list(Cluster("east", kubeconfig=kubeconfig).list(CONTENTS.path()))


def test_a_cancel_action_is_not_kept(clusters, east):
    with pytest.raises((ObjectNotFound, ClusterError)):
        east.get("/apis/actions.kio.kasten.io/v1alpha1/namespaces/shop/cancelactions/x")
