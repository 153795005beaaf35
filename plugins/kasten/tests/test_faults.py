"""What an API server and other people do in the middle of things: clear errors, and no orphans."""

from __future__ import annotations

import pytest

from slackwater.errors import (
    BackendUnavailable,
    PermanentBackendError,
    PermissionDenied,
    Throttled,
    TransientBackendError,
)
from slackwater.model.act import Key
from slackwater.model.operation import Phase
from slackwater.model.request import PointQuery
from slackwater.testing.kubernetes_api import Refuse
from slackwater.testing.kubernetes_api.workloads import claim, contents

POLICIES = "policies.config.kio.kasten.io"
ANSWERS = [
    (Refuse(409), TransientBackendError),
    (Refuse(410), TransientBackendError),
    (Refuse(429, retry_after=3), Throttled),
    (Refuse(500), BackendUnavailable),
    (Refuse(403), PermissionDenied),
]
REQUESTS = [
    ("add-import", "get", "/policies/"),
    ("add-import", "create", "/policies$"),
    ("policy", "get", "/policies/"),
    ("import", "create", "/runactions$"),
    ("import", "get", "/runactions/"),
    ("bind", "list", "/restorepointcontents$"),
    ("bind", "create", "/namespaces$"),
    ("bind", "create", "/restorepoints$"),
    ("restore", "create", "/restoreactions$"),
    ("restore", "list", "/persistentvolumeclaims$"),
    ("verify", "get", "/details$"),
    ("verify", "list", "/configmaps$"),
    ("unbind", "delete", "/restorepoints/"),
    ("remove-import", "patch", "/policies/"),
    ("remove-import", "delete", "/policies/"),
]


@pytest.fixture
def way(clusters):
    """West, and the plan to bring the shop there."""
    return clusters.elsewhere(clusters.back_up(store="vault"), store="vault")


def standing(clusters, name="west"):
    """Everything in a cluster and its catalogue, but for records of what K10 did."""
    kept = clusters.kasten.servers[name].catalog.contents()
    records = ("runactions", "importactions", "restoreactions", "backupactions", "exportactions")
    objects = {k: v for k, v in clusters.apis[name].store.contents().items() if v}
    return objects, {k: v for k, v in kept.items() if k not in records}


@pytest.mark.parametrize(("act", "verb", "path"), REQUESTS)
def test_what_the_server_refuses_is_told_and_the_act_can_be_done_again(
    clusters, way, act, verb, path
):
    west, plan = way
    server = clusters.servers["west"]
    for each in plan.acts:
        for answer, kind in ANSWERS if each.id == act else ():
            if answer.code == 409 and verb == "create":
                continue  # the name is taken: that is looked into, and no failure
            server.faults.add(verb, path, answer)
            _refused(clusters, west, each, kind, server)
        clusters.do(west, each, "r-2")

    assert contents(clusters.apis["west"], "shop") == contents(clusters.api, "shop")
    assert clusters.apis["west"].list(POLICIES) == []


def _refused(clusters, west, act, kind, server):
    """An act that verifies says what it could not look at, in place of raising."""
    if act.id == "verify" and "configmaps" in str(server.faults._faults[-1].path):
        result = clusters.do(west, act, "r-2")
        assert [each["code"] for each in result["findings"]] == ["not-verified"]
        assert result["findings"][0]["severity"] == "error"
        return
    with pytest.raises(kind) as raised:
        clusters.do(west, act, "r-2")
    assert (raised.value.backend, raised.value.cluster) == ("kasten", "west")
    if kind is Throttled:
        assert raised.value.retry_after == 3


def test_apiservices_that_are_deleted_in_the_middle_end_in_a_clear_error(clusters):
    backend = clusters.backend()
    act = backend.plan_backup(clusters.request()).acts[0]
    ref = backend.start(act, Key(run="r-1", step="backup"))
    clusters.kasten.withdraw("east")

    with pytest.raises(PermanentBackendError) as raised:
        backend.get_operations([ref])
    assert "cannot get backupactions" in str(raised.value)
    assert "install K10" in raised.value.hint
    assert [finding.code for finding in backend.check()] == ["not-installed"]
    assert not backend.describe().available
    with pytest.raises(PermanentBackendError):
        list(backend.list_recovery_points(PointQuery()))


def test_a_deletion_whose_api_goes_is_not_done(clusters):
    point, backend = clusters.back_up(), clusters.backend()
    acts = backend.plan_deletion(point.id).acts
    ref = backend.start(acts[0], Key(run="r-9", step="delete"))
    clusters.kasten.withdraw("east")

    with pytest.raises(PermanentBackendError):
        backend.get_operations([ref])
    with pytest.raises(PermanentBackendError):
        backend.start(acts[1], Key(run="r-9", step="delete-2"))


def test_definitions_that_are_deleted_in_the_middle_are_told(clusters, way):
    west, plan = way
    acts = {act.id: act for act in plan.acts}
    clusters.do(west, acts["add-import"], "r-2")
    name = "policies.config.kio.kasten.io"
    clusters.apis["west"].delete("customresourcedefinitions.apiextensions.k8s.io", name)

    for act in ("policy", "import", "remove-import"):
        with pytest.raises(PermanentBackendError, match=r"policies\.config"):
            clusters.do(west, acts[act], "r-2")


@pytest.mark.parametrize("lost", ["import", "bind", "restore", "verify"])
def test_a_restore_that_breaks_off_leaves_what_it_brought_and_no_more(clusters, way, lost):
    west, plan = way
    names = [act.id for act in plan.acts]
    for act in plan.acts[: names.index(lost)]:
        clusters.do(west, act, "r-2")
    for act in plan.acts:
        if act.always:
            clusters.do(west, act, "r-2")

    objects, catalogue = standing(clusters)
    assert objects.get(POLICIES, []) == []
    assert "restorepoints" not in catalogue
    spaces = {each["metadata"]["name"] for each in objects["namespaces"]}
    assert ("shop" in spaces) == (names.index(lost) > names.index("bind"))


def test_a_restore_that_fails_leaves_the_cluster_as_it_was(clusters, way):
    west, plan = way
    clusters.apis["west"].create({"apiVersion": "v1", "kind": "Namespace",
                                  "metadata": {"name": "shop"}})  # fmt: skip
    objects, _ = standing(clusters)
    clusters.apis["west"].delete("storageclasses.storage.k8s.io", "fast")
    clusters.apis["west"].seed(next(c for c in objects["storageclasses.storage.k8s.io"]
                                    if c["metadata"]["name"] == "slow") | {
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass"})  # fmt: skip

    results = clusters.drive(west, plan, "r-2")

    assert results["restore"].phase is Phase.FAILED
    assert '"fast" not found' in results["restore"].message
    after, catalogue = standing(clusters)
    assert {k: v for k, v in after.items() if "storageclass" not in k} == {
        k: v for k, v in objects.items() if "storageclass" not in k
    }
    assert set(catalogue) == {"restorepointcontents"}, "what was imported is a record, and stays"


@pytest.mark.parametrize("kind", ["runactions", "restoreactions"])
def test_an_action_that_somebody_deletes_is_left_out(clusters, way, kind):
    west, plan = way
    for act in plan.acts:
        if (act.id, kind) in (("import", "runactions"), ("restore", "restoreactions")):
            ref = west.start(act, Key(run="r-2", step=act.id))
            catalog = clusters.kasten.servers["west"].catalog
            catalog.remove(kind, ref.handle.rpartition("/")[2], ref.handle.split("/")[1])
            assert west.get_operations([ref]) == {}
            return
        clusters.do(west, act, "r-2")


def test_a_restore_point_that_somebody_deletes_fails_the_restore(clusters, way):
    west, plan = way
    acts = {act.id: act for act in plan.acts}
    for name in ("add-import", "policy", "import", "bind"):
        clusters.do(west, acts[name], "r-2")
    ref = west.start(acts["restore"], Key(run="r-2", step="restore"))
    catalog = clusters.kasten.servers["west"].catalog
    (point,) = catalog.all("restorepoints")
    catalog.remove("restorepoints", point["metadata"]["name"], "shop")

    operation = clusters.ended(west, ref)

    assert operation.phase is Phase.FAILED
    assert "not found" in operation.message


def test_names_of_253_characters_are_borne(clusters):
    long = "n" * 253
    clusters.put("Profile", long, clusters.api.get(
        "profiles.config.kio.kasten.io", "offsite", "kasten-io")["spec"])  # fmt: skip
    claim(clusters.api, "shop", long, "much", csi={"driver": "x", "volumeHandle": "9"})
    clusters.kasten.tick()
    point = clusters.back_up(export=long, store="vault")
    read = clusters.backend().get_recovery_point(point.id)
    assert {volume.claim for volume in read.contents.volumes} == {"data", long}

    backend = clusters.backend()
    results = clusters.drive(backend, backend.plan_restore(clusters.restore(read, onto="d" * 63)))

    assert results["verify"]["missing"] == []
    assert contents(clusters.api, "d" * 63)[f"data/{long}"] == "much"
